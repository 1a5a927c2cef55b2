//! Reading a request's fields so that one answer names every fault.
//!
//! A plain `derive(Deserialize)` stops at the first fault. A [`Field`] never fails: it keeps what is wrong until
//! [`Faults`] has seen all fields. The types behind the fields are still plain serde types.

use std::{borrow::Cow, fmt::Display};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::problem::{Fault, Place, Problem};

/// What a client sent in one field. Give its struct `#[serde(default)]`, so that a missing field is [`Field::Absent`].
#[derive(Debug, Default)]
pub(crate) enum Field<T> {
    #[default]
    Absent,
    Null,
    Bad(String),
    Good(T),
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_null() {
            return Ok(Self::Null);
        }
        Ok(T::deserialize(value)
            .map_or_else(|error| Self::Bad(explain(&error.to_string())), Self::Good))
    }
}

// In a schema it is the type behind it.
impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// serde's words for a wrong type repeat the value, which may be personal; what was expected is enough.
fn explain(error: &str) -> String {
    match error.split_once(", expected ") {
        Some((found, expected)) if found.starts_with("invalid ") => format!("must be {expected}"),
        Some(_) | None => error.to_owned(),
    }
}

/// The fields that nobody asked for. Every request has `#[serde(flatten)] unknown: Unknown`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Unknown(Map<String, Value>);

/// Faults that one answer names at most.
const MOST_FAULTS: usize = 100;

/// Everything that is wrong with a request.
#[derive(Debug)]
pub(crate) struct Faults {
    place: fn(String) -> Place,
    problem: fn(Vec<Fault>) -> Problem,
    found: Vec<Fault>,
}

impl Faults {
    /// For a JSON body, whose fields are named by JSON Pointers.
    pub(crate) const fn in_body() -> Self {
        Self {
            place: Place::Pointer,
            problem: Problem::invalid,
            found: Vec::new(),
        }
    }

    /// For a query, whose parameters are named as they are.
    pub(crate) const fn in_query() -> Self {
        Self {
            place: Place::Parameter,
            problem: Problem::invalid_parameter,
            found: Vec::new(),
        }
    }

    /// Takes a field that has to be there.
    pub(crate) fn required<T>(&mut self, at: impl Display, field: Field<T>) -> Option<T> {
        match field {
            Field::Good(value) => return Some(value),
            Field::Absent => self.add(at, "is required"),
            Field::Null => self.add(at, "must not be null"),
            Field::Bad(detail) => self.add(at, detail),
        }
        None
    }

    /// Takes a field that may be missing.
    pub(crate) fn optional<T>(&mut self, at: impl Display, field: Field<T>) -> Option<T> {
        if matches!(field, Field::Absent) {
            None
        } else {
            self.required(at, field)
        }
    }

    /// Refuses fields that nobody asked for: a misspelt optional field must not be lost in silence. `parent` is what
    /// stands before the field's name.
    pub(crate) fn unknown(&mut self, parent: &str, Unknown(fields): &Unknown) {
        for name in fields.keys() {
            // RFC 6901: in a pointer, `~` and `/` are written `~0` and `~1`.
            let name = name.replace('~', "~0").replace('/', "~1");
            self.add(format_args!("{parent}{name}"), "is not known here");
        }
    }

    /// Adds a fault.
    pub(crate) fn add(&mut self, at: impl Display, detail: impl Into<String>) {
        // Or a small body of faults makes a large answer.
        if self.found.len() == MOST_FAULTS {
            return;
        }
        self.found.push(Fault {
            at: (self.place)(at.to_string()),
            detail: detail.into(),
        });
    }

    /// Whether nothing is wrong so far.
    pub(crate) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The answer that names all faults.
    pub(crate) fn into_problem(self) -> Problem {
        (self.problem)(self.found)
    }
}
