//! What the product's entrance does when nobody is asked who they are: a caller, a request id, and headers for browsers.

use actix_web::{
    HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
    web::Bytes,
};
use uuid::Uuid;

use crate::http::{Caller, Identity, as_problem};

pub(crate) async fn enter(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let id = HeaderValue::from_maybe_shared(Bytes::from(Uuid::now_v7().to_string()))
        .unwrap_or_else(|_| HeaderValue::from_static("unnamed"));
    let caller = Caller::new(Identity::Unasked, id.clone());
    request.extensions_mut().insert(caller);
    let mut response = as_problem(next.call(request).await?.map_into_boxed_body());
    for (name, value) in [
        (HeaderName::from_static("x-request-id"), id),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        ),
    ] {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
