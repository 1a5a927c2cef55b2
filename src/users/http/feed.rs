//! `GET /users/feed`: the facts about users, in the order of their commits.

use actix_web::{HttpRequest, web::Data};
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::{
    Users,
    model::{Event, Position},
};
use crate::http::{About, Faults, Field, Limit, Page, Params, Problem, Unknown};

pub(super) const ABOUT: About = About {
    id: "read_feed",
    summary: "The facts about users, in the order of their commits",
    problems: &[],
    links: &[],
};

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Request {
    /// Only facts after this position.
    after: Field<Position>,
    /// How many at most.
    limit: Field<Limit>,
    #[serde(flatten)]
    #[schemars(skip)]
    unknown: Unknown,
}

pub(super) async fn feed(
    users: Data<Users>,
    request: HttpRequest,
    Params(params): Params<Request>,
) -> Result<Page<Event>, Problem> {
    let mut faults = Faults::in_query();
    let after = faults.optional("after", params.after).unwrap_or_default();
    let limit = faults.optional("limit", params.limit).unwrap_or_default();
    faults.unknown("", &params.unknown);
    if !faults.is_empty() {
        return Err(faults.into_problem());
    }

    let page = users.feed(after.0, limit).await?;

    Ok(Page::of(&request, limit, page, |event| event.position))
}
