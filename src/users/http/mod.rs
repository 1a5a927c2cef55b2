//! The resources of users. One operation, one file.

mod change;
mod list;
mod read;
mod register;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    web::{Data, ServiceConfig},
};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Users,
    model::{Email, Name, User, UserId},
};
use crate::http::{etag, resource};

pub(super) fn routes(users: &Users, config: &mut ServiceConfig) {
    config
        .app_data(Data::new(users.clone()))
        .service(
            resource("/users")
                .get(list::list)
                .post(register::register)
                .done(),
        )
        .service(
            resource("/users/{id}")
                .get(read::read)
                .patch(change::change)
                .done(),
        );
}

/// A user on the wire.
#[derive(Serialize)]
struct Response {
    id: UserId,
    email: Email,
    name: Name,
    registered_at: Timestamp,
    changed_at: Timestamp,
}

impl From<User> for Response {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            name: user.name,
            registered_at: user.registered_at,
            changed_at: user.changed_at,
        }
    }
}

/// Answers with one user and its version.
fn answer(mut response: HttpResponseBuilder, user: User) -> HttpResponse {
    response
        .insert_header(etag(user.version))
        .json(Response::from(user))
}
