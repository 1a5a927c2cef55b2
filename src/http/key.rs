//! `Idempotency-Key`: what a client calls a request, so that it can send it again (draft-ietf-httpapi-idempotency-key-header).

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use super::{
    Problem,
    problem::{Fault, Place},
};

const NAME: &str = "Idempotency-Key";
const LONGEST: usize = 255;

/// A client's name for its request: 1 to 255 visible ASCII characters, compared byte by byte.
pub(crate) struct IdempotencyKey(pub(crate) String);

/// The key of a request that need not have one.
pub(crate) struct OptionalKey(pub(crate) Option<IdempotencyKey>);

impl FromRequest for OptionalKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let mut values = request.headers().get_all(NAME);
        let key = match (values.next(), values.next()) {
            (None, _) => return ready(Ok(Self(None))),
            (Some(value), None) => value.to_str().unwrap_or_default().trim(),
            (Some(_), Some(_)) => "",
        };
        let is_good =
            (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        ready(if is_good {
            Ok(Self(Some(IdempotencyKey(key.to_owned()))))
        } else {
            let at = Place::Parameter(NAME.to_owned());
            let detail = format!("must be one key of 1 to {LONGEST} visible ASCII characters");
            Err(Problem::invalid_parameter(vec![Fault { at, detail }]))
        })
    }
}
