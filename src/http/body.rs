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
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{
    Problem,
    problem::{Fault, Place},
};

/// The largest body, in bytes.
const LIMIT: usize = 16 * 1024;
/// The time that a client has to send its body in; actix-web itself waits for ever (actix/actix-web#928).
const DEADLINE: Duration = Duration::from_secs(5);

/// A JSON body that has the shape of a `T`; what its fields are worth is `T`'s affair.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let declared = declared(request);
        let mut payload = payload.take();
        Box::pin(async move {
            declared?;
            let bytes = timeout(DEADLINE, read(&mut payload))
                .await
                .unwrap_or_else(|_elapsed| Err(too_slow()))?;
            parse(&bytes).map(Self)
        })
    }
}

/// Refuses by its headers what need not be read.
fn declared(request: &HttpRequest) -> Result<(), Problem> {
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
    if kind != "application/json" && kind != "application/merge-patch+json" {
        let title = "The body must be JSON and say so in Content-Type";
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            title,
        ));
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
            Problem::new(
                StatusCode::BAD_REQUEST,
                "incomplete-body",
                "The body did not arrive whole",
            )
            .detail(error.to_string())
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
            Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed-json",
                "The body cannot be read as JSON",
            )
            .detail(error.to_string())
        }
    })
}

fn too_large() -> Problem {
    let title = "The body is too large";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", title)
        .detail(format!("at most {LIMIT} bytes"))
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "slow-body",
        "The body did not arrive in time",
    )
}
