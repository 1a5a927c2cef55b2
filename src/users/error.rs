//! What can go wrong with users, in their own words.

use actix_web::http::StatusCode;

use super::model::Standing;
use crate::{
    db,
    http::{Kind, PRECONDITION_FAILED, Problem},
};

/// A request to users that cannot be fulfilled.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("there is no such user")]
    NoSuchUser,
    #[error("the e-mail address belongs to another account")]
    EmailTaken,
    #[error("the account is {}", .0.word())]
    NotActive(Standing),
    #[error("the user has changed since")]
    Changed,
    #[error("{0}")]
    Database(db::Error),
}

pub(crate) const USER_NOT_FOUND: Kind = Kind::new(
    StatusCode::NOT_FOUND,
    "user-not-found",
    "There is no such user",
);
pub(super) const EMAIL_TAKEN: Kind = Kind::new(
    StatusCode::CONFLICT,
    "email-taken",
    "This e-mail address belongs to another account",
);
pub(super) const ACCOUNT_NOT_ACTIVE: Kind = Kind::new(
    StatusCode::CONFLICT,
    "account-not-active",
    "The account is not active",
);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchUser => Self::new(USER_NOT_FOUND),
            Error::EmailTaken => Self::new(EMAIL_TAKEN),
            Error::NotActive(standing) => {
                Self::new(ACCOUNT_NOT_ACTIVE).detail(format!("it is {}", standing.word()))
            }
            Error::Changed => Self::new(PRECONDITION_FAILED),
            Error::Database(error) => Self::from(error),
        }
    }
}
