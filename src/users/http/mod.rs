//! The resources of users. One operation, one file.

mod change;
mod close;
mod feed;
mod list;
mod read;
mod register;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::model::{Email, Name, Standing, User, UserId};
use crate::http::{Routes, Versioned, resource, rule};

pub(super) fn resources() -> [Routes; 3] {
    [
        resource("/users")
            .get(rule::Owner, list::ABOUT, list::list)
            .post(rule::Register, register::ABOUT, register::register),
        // Before `{id}`, which it would match.
        resource("/users/feed").get(rule::Operator, feed::ABOUT, feed::feed),
        resource("/users/{id}")
            .get(rule::Owner, read::ABOUT, read::read)
            .patch(rule::Owner, change::ABOUT, change::change)
            .delete(rule::Owner, close::ABOUT, close::close),
    ]
}

/// A user on the wire. Address and name are null once the account is closed.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "User", example = json!({
    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "standing": "active",
    "refusal": null,
    "registered_at": "2026-11-21T09:00:00Z",
    "changed_at": "2026-11-21T09:00:00Z",
}))]
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

impl From<User> for Versioned<Response> {
    fn from(user: User) -> Self {
        Self::new(user.version, user)
    }
}
