//! `Idempotency-Key`: what a client calls a request, so that it can send it again (draft-ietf-httpapi-idempotency-key-header).

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::Payload,
    http::header::{HeaderName, HeaderValue},
};
use serde_json::json;

use super::{
    Problem,
    problem::{Fault, INVALID_PARAMETER, Place},
    sketch::{Gives, Header, Sketch, Takes},
};

const NAME: &str = "Idempotency-Key";
const LONGEST: usize = 255;
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A client's name for its request: 1 to 255 visible ASCII characters, compared byte by byte.
pub(crate) struct IdempotencyKey(pub(crate) String);

/// The key of a request that need not have one.
pub(crate) struct OptionalKey(pub(crate) Option<IdempotencyKey>);

/// An answer that says whether it was given before, to a request of the same key.
pub(crate) struct Once<T> {
    pub(crate) answer: T,
    pub(crate) is_replay: bool,
}

impl Takes for OptionalKey {
    fn sketch(sketch: &mut Sketch<'_>) {
        let description = "What the client calls its request. Sent again with the same key, it is not done again.";
        let schema = json!({ "type": "string", "pattern": format!("^[!-~]{{1,{LONGEST}}}$") });
        sketch.header(NAME, description, &schema);
        sketch.may_fail(&[INVALID_PARAMETER]);
    }
}

impl<T: Responder<Body = BoxBody>> Responder for Once<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = self.answer.respond_to(request);
        if self.is_replay {
            response
                .headers_mut()
                .insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

impl<T: Gives> Gives for Once<T> {
    fn sketch(sketch: &mut Sketch<'_>) {
        T::sketch(sketch);
        sketch.also(&Header {
            name: "Idempotency-Replayed",
            description: "`true` when an earlier request of the same key was answered so.",
            required: false,
        });
    }
}

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
