//! `PATCH /users/{id}`: changes a user by a JSON merge patch (RFC 7396).

use actix_web::{HttpResponse, web::Data};
use serde::Deserialize;

use super::{
    super::{
        Users,
        model::{Change, Email, Name, User},
    },
    answer,
};
use crate::http::{Body, Caller, Faults, Field, IfMatch, PathId, Problem, Unknown};

/// In a merge patch `null` removes a field. A user can be without neither, so it is a fault here.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    email: Field<Email>,
    name: Field<Name>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl Request {
    fn parse(self) -> Result<Change, Problem> {
        let mut faults = Faults::in_body();
        let email = faults.optional("/email", self.email);
        let name = faults.optional("/name", self.name);
        faults.unknown("/", &self.unknown);
        if faults.is_empty() {
            Ok(Change { email, name })
        } else {
            Err(faults.into_problem())
        }
    }
}

pub(super) async fn change(
    caller: Caller,
    users: Data<Users>,
    PathId(id): PathId<User>,
    IfMatch(versions): IfMatch,
    Body(request): Body<Request>,
) -> Result<HttpResponse, Problem> {
    let user = users
        .change(&caller, id, request.parse()?, versions)
        .await?;

    Ok(answer(HttpResponse::Ok(), user))
}
