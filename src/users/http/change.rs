//! `PATCH /users/{id}`: changes a user by a JSON merge patch (RFC 7396).

use actix_web::web::Data;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{
    super::{
        Users,
        error::{ACCOUNT_NOT_ACTIVE, EMAIL_TAKEN, USER_NOT_FOUND},
        model::{Change, Email, Name, User},
    },
    Response,
};
use crate::http::{
    About, Caller, Faults, Field, IfMatch, Patch, PathId, Problem, Unknown, Versioned,
};

pub(super) const ABOUT: About = About {
    id: "change_user",
    summary: "Changes a user by a JSON merge patch",
    problems: &[USER_NOT_FOUND, EMAIL_TAKEN, ACCOUNT_NOT_ACTIVE],
    links: &[],
};

/// In a merge patch `null` removes a field. A user can be without neither, so it is a fault here.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "UserChange", deny_unknown_fields, example = json!({ "name": "Ada King" }))]
pub(super) struct Request {
    email: Field<Email>,
    name: Field<Name>,
    #[serde(flatten)]
    #[schemars(skip)]
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
    Patch(request): Patch<Request>,
) -> Result<Versioned<Response>, Problem> {
    let user = users
        .change(&caller, id, request.parse()?, versions)
        .await?;

    Ok(user.into())
}
