//! `POST /users`: registers a user.

use actix_web::{HttpResponse, http::header, web::Data};
use serde::Deserialize;

use super::{
    super::{
        Users,
        model::{Email, Name, NewUser, Person, UserId},
    },
    answer,
};
use crate::http::{Body, Caller, Faults, Field, Origin, Problem, Unknown};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    email: Field<Email>,
    name: Field<Name>,
    #[serde(flatten)]
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
) -> Result<HttpResponse, Problem> {
    let user = users.register(request.parse(caller.origin())?).await?;

    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/users/{}", user.id)));
    Ok(answer(response, user))
}
