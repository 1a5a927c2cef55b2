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
    place: Cell<Place>,
}

/// What a request is for.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The pattern of the path; the path itself may hold an id, and the query anything.
    pub(crate) route: &'static str,
    /// Whose route it is.
    pub(crate) service: &'static str,
}

impl Visit {
    pub(crate) fn new(id: HeaderValue) -> Rc<Self> {
        let place = Cell::new(Place::NOWHERE);
        Rc::new(Self { id, place })
    }

    pub(crate) fn place(&self) -> Place {
        self.place.get()
    }
}

impl Place {
    /// That of a path that is nobody's, and of a request that is answered before its path is looked at.
    const NOWHERE: Self = Self {
        route: "none",
        service: "gateway",
    };
}

/// Lets everything pass, and notes the place. What stands around all routes hears of the one that was taken from the answer, which
/// not every request gets; a guard hears of it first.
pub(super) struct NotePlace(pub(super) Place);

impl Guard for NotePlace {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        if let Some(visit) = context.req_data().get::<Rc<Visit>>() {
            visit.place.set(self.0);
        }
        true
    }
}
