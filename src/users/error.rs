//! What can go wrong with users, in their own words.

use actix_web::http::StatusCode;

use super::model::Standing;
use crate::{db, http::Problem};

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

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchUser => Self::new(
                StatusCode::NOT_FOUND,
                "user-not-found",
                "There is no such user",
            ),
            Error::EmailTaken => Self::new(
                StatusCode::CONFLICT,
                "email-taken",
                "This e-mail address belongs to another account",
            ),
            Error::NotActive(standing) => {
                let title = "The account is not active";
                Self::new(StatusCode::CONFLICT, "account-not-active", title)
                    .detail(format!("it is {}", standing.word()))
            }
            Error::Changed => Self::precondition_failed(),
            Error::Database(error) => Self::from(error),
        }
    }
}
