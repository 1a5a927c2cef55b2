//! `GET /users/feed`: the facts about users, in the order of their commits.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use super::super::{
    Users,
    model::{Event, Position},
};
use crate::http::{Faults, Field, Limit, Page, Params, Problem, Unknown};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    after: Field<Position>,
    limit: Field<Limit>,
    #[serde(flatten)]
    unknown: Unknown,
}

pub(super) async fn feed(
    users: Data<Users>,
    request: HttpRequest,
    Params(params): Params<Request>,
) -> Result<HttpResponse, Problem> {
    let mut faults = Faults::in_query();
    let after = faults.optional("after", params.after).unwrap_or_default();
    let limit = faults.optional("limit", params.limit).unwrap_or_default();
    faults.unknown("", &params.unknown);
    if !faults.is_empty() {
        return Err(faults.into_problem());
    }

    let page = users.feed(after.0, limit).await?;

    Ok(Page::<Event>::answer(&request, limit, page, |event| {
        event.position
    }))
}
