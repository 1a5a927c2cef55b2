//! What can go wrong with orders, in their own words.

use actix_web::http::StatusCode;

use super::model::{Standing, Status, Step};
use crate::{
    db,
    http::{Kind, PRECONDITION_FAILED, Problem, Scope},
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

pub(super) const ORDER_NOT_FOUND: Kind = Kind::new(
    StatusCode::NOT_FOUND,
    "order-not-found",
    "There is no such order",
);
pub(super) const UNKNOWN_CUSTOMER: Kind = Kind::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "unknown-customer",
    "There is no such customer",
);
pub(super) const CUSTOMER_NOT_ACTIVE: Kind = Kind::new(
    StatusCode::CONFLICT,
    "customer-not-active",
    "The customer's account is not active",
);
pub(super) const KEY_REUSED: Kind = Kind::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "key-reused",
    "This Idempotency-Key was used for another order",
);
pub(super) const WRONG_STATUS: Kind = Kind::new(
    StatusCode::CONFLICT,
    "wrong-status",
    "The order's status does not allow this",
);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchOrder => Self::new(ORDER_NOT_FOUND),
            Error::NoSuchCustomer => {
                Self::new(UNKNOWN_CUSTOMER).fault("/customer_id", "is nobody's id")
            }
            Error::NotActive(standing) => {
                Self::new(CUSTOMER_NOT_ACTIVE).detail(format!("it is {}", standing.word()))
            }
            Error::KeyReused => Self::new(KEY_REUSED),
            Error::WrongStatus { is, step } => Self::new(WRONG_STATUS).detail(format!(
                "the order is {}; only one that is {} can become {}",
                is.word(),
                step.from().word(),
                step.to().word(),
            )),
            Error::NotTheirs => Scope::Operator.lacking(),
            Error::Changed => Self::new(PRECONDITION_FAILED),
            Error::Database(error) => Self::from(error),
        }
    }
}
