//! Pages: a bounded list and the way to the next one, by key and never by offset.

use std::fmt::Display;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{StatusCode, header},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sketch::{Gives, Header, Sketch};

/// The number of rows in a page, 1 to 200.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(
    inline,
    extend("type" = "integer", "minimum" = 1, "maximum" = Self::MOST, "default" = Self::default().0)
)]
pub(crate) struct Limit(u8);

impl Limit {
    const MOST: u8 = 200;

    /// The number itself.
    pub(crate) fn rows(self) -> i64 {
        self.0.into()
    }

    /// As many rows as SQL has to return: one more than the page holds shows whether another follows.
    pub(crate) fn and_one(self) -> i64 {
        i64::from(self.0) + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<String> for Limit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.parse() {
            Ok(limit @ 1..=Self::MOST) => Ok(Self(limit)),
            Ok(_) | Err(_) => Err(format!("must be a whole number from 1 to {}", Self::MOST)),
        }
    }
}

/// One page of a list that grows at its end.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "{T}Page")]
pub(crate) struct Page<T> {
    items: Vec<T>,
    /// What to give as `after` for the next page; null at the end.
    next: Option<String>,
    #[serde(skip)]
    link: Option<String>,
}

impl<T> Page<T> {
    /// Cuts `rows`, read with [`Limit::and_one`], to the page.
    pub(crate) fn of<Row, Key: Display>(
        request: &HttpRequest,
        limit: Limit,
        mut rows: Vec<Row>,
        key: impl Fn(&Row) -> Key,
    ) -> Self
    where
        T: From<Row>,
    {
        let size = usize::from(limit.0);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| more).map(|row| key(row).to_string());
        let link = next
            .as_ref()
            .map(|after| format!("<{}>; rel=\"next\"", same_query_after(request, after)));
        Self {
            items: rows.into_iter().map(T::from).collect(),
            next,
            link,
        }
    }
}

impl<T: Serialize> Responder for Page<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(link) = &self.link {
            response.insert_header((header::LINK, link.as_str()));
        }
        response.json(self)
    }
}

impl<T: JsonSchema> Gives for Page<T> {
    fn sketch(sketch: &mut Sketch<'_>) {
        let link = Header {
            name: "Link",
            description: "The next page, as rel=\"next\"; missing at the end.",
            required: false,
        };
        sketch.gives::<Self>(StatusCode::OK, "A page of the list.", &[link]);
    }
}

/// This request's path and query, with another `after`.
fn same_query_after(request: &HttpRequest, after: &str) -> String {
    let others = request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
    let query: Vec<String> = others
        .map(str::to_owned)
        .chain([format!("after={after}")])
        .collect();
    format!("{}?{}", request.path(), query.join("&"))
}
