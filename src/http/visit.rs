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
    route: Cell<&'static str>,
}

impl Visit {
    /// The route of a path that is nobody's, and of a request that is answered before its path is looked at.
    const NOWHERE: &'static str = "none";

    pub(crate) fn new(id: HeaderValue) -> Rc<Self> {
        let route = Cell::new(Self::NOWHERE);
        Rc::new(Self { id, route })
    }

    /// The pattern of the path; the path itself may hold an id, and the query anything.
    pub(crate) fn route(&self) -> &'static str {
        self.route.get()
    }
}

/// Lets everything pass, and notes the route. What stands around all routes hears of the one that was taken from the answer, which
/// not every request gets; a guard hears of it first.
pub(super) struct NoteRoute(pub(super) &'static str);

impl Guard for NoteRoute {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        if let Some(visit) = context.req_data().get::<Rc<Visit>>() {
            visit.route.set(self.0);
        }
        true
    }
}
