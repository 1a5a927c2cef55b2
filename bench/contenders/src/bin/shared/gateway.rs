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
mod spans {
    use super::record::Told;

    pub(crate) struct Spans;

    impl Spans {
        pub(super) fn tell(&self, _told: &Told<'_>) {}

        pub(super) fn end(&self) {}
    }
}
