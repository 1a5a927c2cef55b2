//! What can go wrong with orders, in their own words.

use actix_web::http::StatusCode;

use super::model::{Standing, Status, Step};
use crate::{
    db,
    http::{Problem, Scope},
};

/// A request to orders that cannot be fulfilled.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("there is no such order")]
    NoSuchOrder,
    #[error("there is no such customer")]
    NoSuchCustomer,
    #[error("the customer's account is {}", .0.word())]
    NotActive(Standing),
    #[error("the key names another order")]
    KeyReused,
    #[error("an order that is {} cannot {step:?}", is.word())]
    WrongStatus { is: Status, step: Step },
    #[error("this step is not the customer's to take")]
    NotTheirs,
    #[error("the order has changed since")]
    Changed,
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchOrder => Self::new(
                StatusCode::NOT_FOUND,
                "order-not-found",
                "There is no such order",
            ),
            Error::NoSuchCustomer => {
                let title = "There is no such customer";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-customer", title)
                    .fault("/customer_id", "is nobody's id")
            }
            Error::NotActive(standing) => {
                let title = "The customer's account is not active";
                Self::new(StatusCode::CONFLICT, "customer-not-active", title)
                    .detail(format!("it is {}", standing.word()))
            }
            Error::KeyReused => {
                let title = "This Idempotency-Key was used for another order";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "key-reused", title)
            }
            Error::WrongStatus { is, step } => {
                let title = "The order's status does not allow this";
                Self::new(StatusCode::CONFLICT, "wrong-status", title).detail(format!(
                    "the order is {}; only one that is {} can become {}",
                    is.word(),
                    step.from().word(),
                    step.to().word(),
                ))
            }
            Error::NotTheirs => Scope::Operator.lacking(),
            Error::Changed => Self::precondition_failed(),
            Error::Database(error) => Self::from(error),
        }
    }
}
