//! `DELETE /users/{id}`: asks for an account to be closed. It may be repeated.

use actix_web::web::Data;

use super::{
    super::{Users, error::USER_NOT_FOUND, model::User},
    Response,
};
use crate::http::{About, Accepted, Caller, IfMatch, Link, PathId, Problem};

pub(super) const ABOUT: About = About {
    id: "close_user",
    summary: "Asks for an account to be closed; may be repeated",
    problems: &[USER_NOT_FOUND],
    links: &[Link::At("read_user")],
};

/// Accepted, not done: others may object. The answer's `standing` tells how far it has come.
pub(super) async fn close(
    caller: Caller,
    users: Data<Users>,
    PathId(id): PathId<User>,
    IfMatch(versions): IfMatch,
) -> Result<Accepted<Response>, Problem> {
    let user = users.close(&caller, id, versions).await?;

    Ok(Accepted(user.into()))
}
