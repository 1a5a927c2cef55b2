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
use crate::http::{Right, etag, mount, resource, rule};

pub(super) fn routes(users: &Users, config: &mut ServiceConfig) -> Vec<Right> {
    config.app_data(Data::new(users.clone()));
    let resources = [
        resource("/users")
            .get(rule::Owner, list::list)
            .post(rule::Register, register::register),
        // Before `{id}`, which it would match.
        resource("/users/feed").get(rule::Operator, feed::feed),
        resource("/users/{id}")
            .get(rule::Owner, read::read)
            .patch(rule::Owner, change::change)
            .delete(rule::Owner, close::close),
    ];
    mount(config, resources)
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
