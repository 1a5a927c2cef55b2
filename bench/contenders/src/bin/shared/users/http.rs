//! The product's own handlers for users.

#[path = "../../../../../../src/users/http/read.rs"]
mod read;
#[path = "../../../../../../src/users/http/register.rs"]
mod register;

use actix_web::web::{Data, ServiceConfig};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Users,
    model::{Email, Name, Standing, User, UserId},
};
use crate::http::{Versioned, resource, rule};

pub(crate) fn routes(users: &Users, config: &mut ServiceConfig) {
    config.app_data(Data::new(users.clone()));
    for resource in [
        resource("/users").post(rule::Register, register::ABOUT, register::register),
        resource("/users/{id}").get(rule::Owner, read::ABOUT, read::read),
    ] {
        config.service(resource.done("users"));
    }
}

/// A user on the wire.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    id: UserId,
    email: Option<Email>,
    name: Option<Name>,
    standing: Standing,
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

impl From<User> for Versioned<Response> {
    fn from(user: User) -> Self {
        Self::new(user.version, user)
    }
}
