//! `GET /users`: a page of users, the newest last.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use super::{
    super::{
        Users,
        model::{Email, UserId},
    },
    Response,
};
use crate::http::{Caller, Faults, Field, Limit, Page, Params, Problem, Unknown};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    email: Field<Email>,
    after: Field<UserId>,
    limit: Field<Limit>,
    #[serde(flatten)]
    unknown: Unknown,
}

pub(super) async fn list(
    caller: Caller,
    users: Data<Users>,
    request: HttpRequest,
    Params(params): Params<Request>,
) -> Result<HttpResponse, Problem> {
    let mut faults = Faults::in_query();
    let email = faults.optional("email", params.email);
    let after = faults.optional("after", params.after);
    let limit = faults.optional("limit", params.limit).unwrap_or_default();
    faults.unknown("", &params.unknown);
    if !faults.is_empty() {
        return Err(faults.into_problem());
    }

    let page = users.list(&caller, email, after, limit).await?;

    Ok(Page::<Response>::answer(&request, limit, page, |user| {
        user.id
    }))
}
