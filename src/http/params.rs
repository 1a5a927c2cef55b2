//! Parameters of the path and the query.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Query};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{
    Faults, Id, Problem,
    problem::{Fault, Place},
    sketch::{Sketch, Takes},
};

/// A query that has the shape of a `T`; what its fields are worth is `T`'s affair.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let query = Query::from_query(request.query_string()).map(|Query(params)| Self(params));
        ready(query.map_err(|_repeated| {
            let mut faults = Faults::in_query();
            faults.add("", "each parameter may be given once");
            faults.into_problem()
        }))
    }
}

impl<T: JsonSchema> Takes for Params<T> {
    fn sketch(sketch: &mut Sketch<'_>) {
        sketch.query::<T>();
    }
}

/// The `{id}` of a path.
pub(crate) struct PathId<T>(pub(crate) Id<T>);

impl<T: 'static> Takes for PathId<T> {
    fn sketch(sketch: &mut Sketch<'_>) {
        sketch.path::<Id<T>>("id");
    }
}

impl<T> FromRequest for PathId<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let text = request
            .match_info()
            .get("id")
            .unwrap_or_default()
            .to_owned();
        ready(Id::try_from(text).map(Self).map_err(|detail| {
            let at = Place::Parameter("id".to_owned());
            Problem::invalid_parameter(vec![Fault {
                at,
                detail: detail.to_owned(),
            }])
        }))
    }
}
