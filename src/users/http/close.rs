//! `DELETE /users/{id}`: asks for an account to be closed. It may be repeated.

use actix_web::{HttpResponse, web::Data};

use super::{
    super::{Users, model::User},
    answer,
};
use crate::http::{Caller, IfMatch, PathId, Problem};

/// Accepted, not done: others may object. The answer's `standing` tells how far it has come.
pub(super) async fn close(
    caller: Caller,
    users: Data<Users>,
    PathId(id): PathId<User>,
    IfMatch(versions): IfMatch,
) -> Result<HttpResponse, Problem> {
    let user = users.close(&caller, id, versions).await?;

    Ok(answer(HttpResponse::Accepted(), user))
}
