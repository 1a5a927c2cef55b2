//! The resources of users. One operation, one file.

mod change;
mod close;
mod feed;
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
    model::{Email, Name, Standing, User, UserId},
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
        // Before `{id}`, which it would match.
        .service(resource("/users/feed").get(feed::feed).done())
        .service(
            resource("/users/{id}")
                .get(read::read)
                .patch(change::change)
                .delete(close::close)
                .done(),
        );
}

/// A user on the wire. Address and name are null once the account is closed.
#[derive(Serialize)]
pub(super) struct Response {
    id: UserId,
    email: Option<Email>,
    name: Option<Name>,
    standing: Standing,
    /// Why the last request to close the account was refused.
    refusal: Option<String>,
    registered_at: Timestamp,
    changed_at: Timestamp,
}

impl From<User> for Response {
    fn from(user: User) -> Self {
        let (email, name) = user
            .person
            .map(|person| (person.email, person.name))
            .unzip();
        Self {
            id: user.id,
            email,
            name,
            standing: user.standing,
            refusal: user.refusal,
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
