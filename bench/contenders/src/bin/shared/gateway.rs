//! What the product does around every request when nobody is asked who they are: its own record, and a caller.

#[path = "../../../../../src/gateway/record.rs"]
#[expect(dead_code, reason = "nobody asks for figures here")]
mod record;
#[path = "../../../../../src/gateway/trace.rs"]
#[expect(dead_code, reason = "spans go nowhere here")]
mod trace;

use std::rc::Rc;

use actix_web::{
    HttpMessage as _,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};

pub(crate) use self::record::{Recorder, record};
use crate::http::{Caller, Identity, Visit};

pub(crate) async fn enter(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let visit = request.extensions().get::<Rc<Visit>>().map(Rc::clone);
    if let Some(visit) = visit {
        let caller = Caller::new(Identity::Unasked, visit.id.clone());
        request.extensions_mut().insert(caller);
    }
    next.call(request).await
}

/// Nobody exports any.
#[expect(dead_code, reason = "nobody reads them")]
mod spans {
    use std::time::Duration;

    use actix_web::http::StatusCode;

    use super::trace::Trace;

    pub(crate) struct Spans;

    pub(super) struct Told<'a> {
        pub(super) trace: &'a Trace,
        pub(super) took: Duration,
        pub(super) method: &'static str,
        pub(super) route: &'static str,
        pub(super) status: StatusCode,
        pub(super) service: &'static str,
        pub(super) problem: Option<&'static str>,
        pub(super) request_id: &'a str,
    }

    impl Spans {
        pub(super) fn tell(&self, _told: &Told<'_>) {}

        pub(super) fn end(&self) {}
    }
}
