//! JSON bodies: bounded in size and in time.

use std::time::Duration;

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::{StatusCode, header},
    web::BytesMut,
};
use futures_util::{StreamExt as _, future::LocalBoxFuture};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{
    Kind, Problem,
    problem::{Fault, INVALID, Place},
    sketch::{Sketch, Takes},
};

/// The largest body, in bytes.
const LIMIT: usize = 16 * 1024;
/// The time that a client has to send its body in; actix-web itself waits for ever (actix/actix-web#928).
const DEADLINE: Duration = Duration::from_secs(5);

const UNSUPPORTED_MEDIA_TYPE: Kind = Kind::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "unsupported-media-type",
    "The body must be JSON and say so in Content-Type",
);
const BODY_TOO_LARGE: Kind = Kind::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "body-too-large",
    "The body is too large",
);
const SLOW_BODY: Kind = Kind::new(
    StatusCode::REQUEST_TIMEOUT,
    "slow-body",
    "The body did not arrive in time",
);
const INCOMPLETE_BODY: Kind = Kind::new(
    StatusCode::BAD_REQUEST,
    "incomplete-body",
    "The body did not arrive whole",
);
const MALFORMED_JSON: Kind = Kind::new(
    StatusCode::BAD_REQUEST,
    "malformed-json",
    "The body cannot be read as JSON",
);

const PROBLEMS: [Kind; 6] = [
    INVALID,
    MALFORMED_JSON,
    INCOMPLETE_BODY,
    UNSUPPORTED_MEDIA_TYPE,
    BODY_TOO_LARGE,
    SLOW_BODY,
];

/// A JSON body that has the shape of a `T`; what its fields are worth is `T`'s affair.
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON merge patch (RFC 7396) that has the shape of a `T`. It may call itself plain JSON.
pub(crate) struct Patch<T>(pub(crate) T);

const JSON: &[&str] = &["application/json"];
const PATCHES: &[&str] = &["application/merge-patch+json", "application/json"];

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = receive(JSON, request, payload);
        Box::pin(async { body.await.map(Self) })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Patch<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = receive(PATCHES, request, payload);
        Box::pin(async { body.await.map(Self) })
    }
}

impl<T: JsonSchema> Takes for Body<T> {
    fn sketch(sketch: &mut Sketch<'_>) {
        sketch.body::<T>(JSON);
        sketch.may_fail(&PROBLEMS);
    }
}

impl<T: JsonSchema> Takes for Patch<T> {
    fn sketch(sketch: &mut Sketch<'_>) {
        sketch.body::<T>(PATCHES);
        sketch.may_fail(&PROBLEMS);
    }
}

/// Reads a body of one of these media types.
fn receive<T: DeserializeOwned>(
    types: &[&str],
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<T, Problem>> + use<T> {
    let declared = check_declared(types, request);
    let mut payload = payload.take();
    async move {
        declared?;
        let bytes = timeout(DEADLINE, read(&mut payload))
            .await
            .unwrap_or_else(|_elapsed| Err(Problem::new(SLOW_BODY)))?;
        parse(&bytes)
    }
}

/// Refuses by its headers what need not be read.
fn check_declared(types: &[&str], request: &HttpRequest) -> Result<(), Problem> {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if !types.contains(&kind.as_str()) {
        return Err(Problem::new(UNSUPPORTED_MEDIA_TYPE));
    }
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > LIMIT as u64) {
        Err(too_large())
    } else {
        Ok(())
    }
}

async fn read(payload: &mut Payload) -> Result<BytesMut, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error: PayloadError| {
            Problem::new(INCOMPLETE_BODY).detail(error.to_string())
        })?;
        if bytes.len() + chunk.len() > LIMIT {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        if error.is_data() {
            let text = error.to_string();
            let detail = if text.starts_with("duplicate field") {
                &text
            } else {
                "must be a JSON object"
            };
            let at = Place::Pointer(String::new());
            Problem::invalid(vec![Fault {
                at,
                detail: detail.to_owned(),
            }])
        } else {
            Problem::new(MALFORMED_JSON).detail(error.to_string())
        }
    })
}

fn too_large() -> Problem {
    Problem::new(BODY_TOO_LARGE).detail(format!("at most {LIMIT} bytes"))
}
