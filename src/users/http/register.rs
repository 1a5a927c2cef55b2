//! `POST /users`: registers a user.

use actix_web::web::Data;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{
    super::{
        Users,
        error::EMAIL_TAKEN,
        model::{Email, Name, NewUser, Person, UserId},
    },
    Response,
};
use crate::http::{
    About, Body, Caller, Created, Faults, Field, Link, Origin, Problem, Unknown, Versioned,
};

pub(super) const ABOUT: About = About {
    id: "register_user",
    summary: "Registers a user",
    problems: &[EMAIL_TAKEN],
    links: &[
        Link::At("read_user"),
        Link::At("change_user"),
        Link::At("close_user"),
        Link::At("read_customer"),
        Link::With("place_order", "customer_id"),
    ],
};

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(
    rename = "NewUser",
    deny_unknown_fields,
    extend("required" = ["email", "name"]),
    example = json!({ "email": "ada@example.com", "name": "Ada Lovelace" })
)]
pub(super) struct Request {
    email: Field<Email>,
    name: Field<Name>,
    #[serde(flatten)]
    #[schemars(skip)]
    unknown: Unknown,
}

impl Request {
    fn parse(self, origin: Origin) -> Result<NewUser, Problem> {
        let mut faults = Faults::in_body();
        let email = faults.required("/email", self.email);
        let name = faults.required("/name", self.name);
        faults.unknown("/", &self.unknown);
        match (email, name) {
            (Some(email), Some(name)) if faults.is_empty() => Ok(NewUser {
                id: UserId::new(),
                person: Person { email, name },
                origin,
            }),
            _ => Err(faults.into_problem()),
        }
    }
}

pub(super) async fn register(
    caller: Caller,
    users: Data<Users>,
    Body(request): Body<Request>,
) -> Result<Created<Response>, Problem> {
    let user = users.register(request.parse(caller.origin())?).await?;

    let location = format!("/users/{}", user.id);
    Ok(Versioned::from(user).at(location))
}
