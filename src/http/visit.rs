//! A request under its name, from the entrance to its record.

use std::{cell::Cell, rc::Rc};

use actix_web::{
    guard::{Guard, GuardContext},
    http::header::HeaderValue,
};

/// What is known of a request whatever becomes of it: a panic and a client that leaves take the request itself with them.
pub(crate) struct Visit {
    /// The request's id, which may stand in a log and beside a row.
    pub(crate) id: HeaderValue,
    endpoint: Cell<Endpoint>,
}

/// What a request is for.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    /// The pattern of the path; the path itself may hold an id, and the query anything.
    pub(crate) route: &'static str,
    /// Whose route it is.
    pub(crate) service: &'static str,
}

impl Visit {
    pub(crate) fn new(id: HeaderValue) -> Rc<Self> {
        let endpoint = Cell::new(Endpoint::NOWHERE);
        Rc::new(Self { id, endpoint })
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        self.endpoint.get()
    }
}

impl Endpoint {
    /// That of a path that is nobody's, and of a request that is answered before its path is looked at.
    const NOWHERE: Self = Self {
        route: "none",
        service: "gateway",
    };
}

/// Lets everything pass, and notes the endpoint. What stands around all routes hears of the one that was taken from the answer, which
/// not every request gets; a guard hears of it first.
pub(super) struct NoteEndpoint(pub(super) Endpoint);

impl Guard for NoteEndpoint {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        if let Some(visit) = context.req_data().get::<Rc<Visit>>() {
            visit.endpoint.set(self.0);
        }
        true
    }
}
