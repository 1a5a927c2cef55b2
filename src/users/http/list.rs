//! `GET /users`: a page of users, the newest last.

use actix_web::{HttpRequest, web::Data};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    super::{
        Users,
        model::{Email, UserId},
    },
    Response,
};
use crate::http::{About, Caller, Faults, Field, Limit, Page, Params, Problem, Unknown};

pub(super) const ABOUT: About = About {
    id: "list_users",
    summary: "A page of users, the newest last",
    problems: &[],
    links: &[],
};

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Request {
    /// Only the user of this address.
    email: Field<Email>,
    /// Only users who registered after this one.
    after: Field<UserId>,
    /// How many at most.
    limit: Field<Limit>,
    #[serde(flatten)]
    #[schemars(skip)]
    unknown: Unknown,
}

pub(super) async fn list(
    caller: Caller,
    users: Data<Users>,
    request: HttpRequest,
    Params(params): Params<Request>,
) -> Result<Page<Response>, Problem> {
    let mut faults = Faults::in_query();
    let email = faults.optional("email", params.email);
    let after = faults.optional("after", params.after);
    let limit = faults.optional("limit", params.limit).unwrap_or_default();
    faults.unknown("", &params.unknown);
    if !faults.is_empty() {
        return Err(faults.into_problem());
    }

    let page = users.list(&caller, email, after, limit).await?;

    Ok(Page::of(&request, limit, page, |user| user.id))
}
