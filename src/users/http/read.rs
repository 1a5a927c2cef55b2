//! `GET /users/{id}`: one user.

use actix_web::{HttpResponse, web::Data};

use super::{
    super::{Users, model::User},
    answer,
};
use crate::http::{Caller, IfNoneMatch, PathId, Problem, etag};

pub(super) async fn read(
    caller: Caller,
    users: Data<Users>,
    PathId(id): PathId<User>,
    known: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let user = users.find(&caller, id).await?;

    if known.has(user.version) {
        return Ok(HttpResponse::NotModified()
            .insert_header(etag(user.version))
            .finish());
    }
    Ok(answer(HttpResponse::Ok(), user))
}
