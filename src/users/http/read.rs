//! `GET /users/{id}`: one user.

use actix_web::web::Data;

use super::{
    super::{Users, error::USER_NOT_FOUND, model::User},
    Response,
};
use crate::http::{About, Caller, Fresh, IfNoneMatch, PathId, Problem, Versioned};

pub(super) const ABOUT: About = About {
    id: "read_user",
    summary: "One user",
    problems: &[USER_NOT_FOUND],
    links: &[],
};

pub(super) async fn read(
    caller: Caller,
    users: Data<Users>,
    PathId(id): PathId<User>,
    known: IfNoneMatch,
) -> Result<Fresh<Response>, Problem> {
    let user = users.find(&caller, id).await?;

    Ok(Versioned::from(user).unless(&known))
}
