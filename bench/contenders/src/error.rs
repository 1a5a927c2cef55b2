//! Requests that cannot be fulfilled, and how each framework and driver says so.

use std::fmt;

use actix_web::HttpResponse;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;

#[derive(Debug)]
pub enum Error {
    NotFound,
    EmailTaken,
    UnknownCustomer,
    NotActive,
    Invalid(&'static str),
    /// The database, or the way to it.
    Internal(String),
}

impl Error {
    fn status(&self) -> axum::http::StatusCode {
        use axum::http::StatusCode;
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::EmailTaken | Self::NotActive => StatusCode::CONFLICT,
            Self::UnknownCustomer | Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn body(&self) -> impl Serialize + use<> {
        #[derive(Serialize)]
        struct Body {
            error: String,
        }
        // What the database said is nobody's business.
        let error = match self {
            Self::Internal(_) => "internal".to_owned(),
            error => error.to_string(),
        };
        Body { error }
    }

    fn internal(error: impl fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "there is nothing of this id",
            Self::EmailTaken => "the address belongs to another account",
            Self::UnknownCustomer => "there is no such customer",
            Self::NotActive => "the customer's account is not active",
            Self::Invalid(reason) => reason,
            Self::Internal(cause) => cause,
        })
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        (self.status(), Json(self.body())).into_response()
    }
}

impl actix_web::ResponseError for Error {
    fn status_code(&self) -> actix_web::http::StatusCode {
        actix_web::http::StatusCode::from_u16(self.status().as_u16()).unwrap_or_default()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(self.body())
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind, Error as Diesel};
        match error {
            Diesel::NotFound => Self::NotFound,
            Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::EmailTaken,
            other => Self::internal(other),
        }
    }
}

impl From<diesel::r2d2::PoolError> for Error {
    fn from(error: diesel::r2d2::PoolError) -> Self {
        Self::internal(error)
    }
}

impl From<actix_web::error::BlockingError> for Error {
    fn from(error: actix_web::error::BlockingError) -> Self {
        Self::internal(error)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => Self::EmailTaken,
            other => Self::internal(other),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(&tokio_postgres::error::SqlState::UNIQUE_VIOLATION) => Self::EmailTaken,
            _ => Self::internal(error),
        }
    }
}
