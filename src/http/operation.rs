//! Operations: what the router knows of each, and what the OpenAPI document says of it.

use serde_json::{Map, Value, json};

use super::{
    Kind, Scope,
    rule::Rule,
    sketch::{Gives, Schemas, Sketch, Takes},
};

/// What is said of an operation beyond what its handler's type says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    /// Its name for programs, which generated clients call it by.
    pub(crate) id: &'static str,
    /// Its name for people.
    pub(crate) summary: &'static str,
    /// What it may answer beside what its arguments and its rule answer.
    pub(crate) problems: &'static [Kind],
    /// What can be done next with the thing that it answers.
    pub(crate) links: &'static [Link],
}

/// Another operation, by its `id`, on the thing of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    /// The thing's id is the `{id}` of its path.
    At(&'static str),
    /// The thing's id is a field of its body.
    With(&'static str, &'static str),
}

/// An operation of the router.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path's pattern.
    pub path: &'static str,
    /// `anyone`, `owner`, `register`, `operator` or `operator-on-object`.
    pub rule: &'static str,
    /// The service that it belongs to, or `gateway`.
    pub service: &'static str,
    /// The scopes that a token needs; `None` when nobody is asked for one.
    scopes: Option<&'static [Scope]>,
    about: About,
    sketch: fn(&mut Sketch<'_>),
}

impl Operation {
    pub(super) fn new<R: Rule, Args: Takes, Output: Gives>(
        method: &'static str,
        path: &'static str,
        about: About,
    ) -> Self {
        let sketch = |sketch: &mut Sketch<'_>| {
            Args::sketch(sketch);
            Output::sketch(sketch);
            sketch.may_fail(R::REFUSALS);
        };
        Self {
            method,
            path,
            rule: R::NAME,
            service: "gateway",
            scopes: R::SCOPES,
            about,
            sketch,
        }
    }

    /// The same as an operation of a service.
    pub(crate) const fn of(self, service: &'static str) -> Self {
        Self { service, ..self }
    }

    /// Its Operation Object. `others` are the problems that every operation may answer.
    pub(crate) fn describe(&self, schemas: &mut Schemas, others: &[Kind]) -> Value {
        let mut sketch = Sketch::new(schemas);
        (self.sketch)(&mut sketch);
        sketch.link(self.about.links);
        sketch.may_fail(self.about.problems);
        sketch.may_fail(others);
        let mut operation = Map::new();
        operation.insert("operationId".to_owned(), self.about.id.into());
        operation.insert("summary".to_owned(), self.about.summary.into());
        operation.insert("tags".to_owned(), json!([self.service]));
        operation.append(&mut sketch.into_parts());
        let token = self.scopes.map(|scopes| {
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
            json!({ "token": scopes })
        });
        operation.insert("security".to_owned(), token.into_iter().collect());
        Value::Object(operation)
    }
}
