//! What an operation takes and gives, read off its handler's own type.
//!
//! An argument of a handler says what it reads of a request ([`Takes`]), its output what it answers ([`Gives`]); a handler whose
//! types say neither cannot be routed. So the OpenAPI document cannot speak of another request than the one that is read.
//! Schemas follow JSON Schema 2020-12, the dialect of OpenAPI 3.1.

use std::{borrow::Cow, collections::BTreeMap};

use actix_web::{HttpRequest, http::StatusCode, web::Data};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    Kind, Link, Problem,
    problem::{Document, INVALID_PARAMETER},
};

/// An argument of a handler.
pub(crate) trait Takes {
    /// Adds what it reads of a request, and what a caller hears when that cannot be read.
    fn sketch(_sketch: &mut Sketch<'_>) {}
}

/// What a handler answers.
pub(crate) trait Gives {
    /// Adds its status, headers and body.
    fn sketch(sketch: &mut Sketch<'_>);
}

/// One operation of the document under construction.
pub(crate) struct Sketch<'s> {
    schemas: &'s mut Schemas,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: BTreeMap<u16, Value>,
    kinds: Vec<Kind>,
}

/// The schemas that operations have in common. A type has two: a field that may be missing from a request is always there in an answer.
pub(crate) struct Schemas {
    taken: SchemaGenerator,
    given: SchemaGenerator,
}

/// A header of an answer.
pub(crate) struct Header {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    /// Whether every answer of this status has it.
    pub(crate) required: bool,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = Cow::Borrowed("/components/schemas");
            settings.meta_schema = None;
        });
        Self {
            taken: settings.clone().into_generator(),
            given: settings.for_serialize().into_generator(),
        }
    }

    /// All that were named, by their names.
    pub(crate) fn into_components(mut self) -> Map<String, Value> {
        let mut components = self.taken.take_definitions(true);
        for (name, schema) in self.given.take_definitions(true) {
            let other = components.insert(name, schema.clone());
            debug_assert!(
                other.is_none_or(|other| other == schema),
                "two schemas of one name"
            );
        }
        components
    }
}

impl Header {
    fn describe(&self) -> Value {
        json!({
            "description": self.description,
            "required": self.required,
            "schema": { "type": "string" },
        })
    }
}

impl<'s> Sketch<'s> {
    pub(super) const fn new(schemas: &'s mut Schemas) -> Self {
        Self {
            schemas,
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
            kinds: Vec::new(),
        }
    }

    /// A part of the path, which has the schema of a `T`.
    pub(crate) fn path<T: JsonSchema>(&mut self, name: &str) {
        let schema = self.schemas.taken.subschema_for::<T>();
        self.parameters
            .push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
        self.may_fail(&[INVALID_PARAMETER]);
    }

    /// A header of the request that need not be there.
    pub(super) fn header(&mut self, name: &str, description: &str, schema: &Value) {
        self.parameters.push(json!({
            "name": name, "in": "header", "description": description, "schema": schema,
        }));
    }

    /// The fields of a `T` as parameters of the query.
    pub(super) fn query<T: JsonSchema>(&mut self) {
        let mut schema = T::json_schema(&mut self.schemas.taken);
        let required = schema.remove("required").unwrap_or_default();
        let is_required = |name: &String| {
            let mut names = required.as_array().into_iter().flatten();
            names.any(|other| other.as_str() == Some(name))
        };
        let Some(Value::Object(fields)) = schema.remove("properties") else {
            return;
        };
        let parameters = fields.into_iter().map(|(name, mut schema)| {
            let description = schema
                .as_object_mut()
                .and_then(|schema| schema.remove("description"));
            json!({
                "required": is_required(&name),
                "name": name,
                "in": "query",
                "description": description.unwrap_or_else(|| "".into()),
                "schema": schema,
            })
        });
        self.parameters.extend(parameters);
        self.may_fail(&[INVALID_PARAMETER]);
    }

    /// A body of one of these media types that has the schema of a `T`.
    pub(super) fn body<T: JsonSchema>(&mut self, types: &[&str]) {
        let schema = self.schemas.taken.subschema_for::<T>();
        let content = types
            .iter()
            .map(|&kind| (kind.to_owned(), json!({ "schema": schema })));
        let content: Map<String, Value> = content.collect();
        self.body = Some(json!({ "required": true, "content": content }));
    }

    /// An answer with a JSON body that has the schema of a `T`.
    pub(crate) fn gives<T: JsonSchema>(
        &mut self,
        status: StatusCode,
        description: &str,
        headers: &[Header],
    ) {
        let schema = self.schemas.given.subschema_for::<T>();
        let content =
            Map::from_iter([("application/json".to_owned(), json!({ "schema": schema }))]);
        self.gives_content(status, description, headers, content);
    }

    /// An answer with another body, or with none.
    pub(crate) fn gives_content(
        &mut self,
        status: StatusCode,
        description: &str,
        headers: &[Header],
        content: Map<String, Value>,
    ) {
        let headers = headers
            .iter()
            .map(|header| (header.name.to_owned(), header.describe()));
        let headers: Map<String, Value> = headers.collect();
        let mut answer = json!({ "description": description });
        for (name, part) in [("headers", headers), ("content", content)] {
            if !part.is_empty() {
                answer[name] = part.into();
            }
        }
        self.answers.insert(status.as_u16(), answer);
    }

    /// Adds headers to the answers that were given so far.
    pub(super) fn also(&mut self, header: &Header) {
        for answer in self.answers.values_mut() {
            answer["headers"][header.name] = header.describe();
        }
    }

    /// Adds what can be done next to each answer that has a body.
    pub(super) fn link(&mut self, links: &[Link]) {
        const ID: &str = "$response.body#/id";
        let links = links.iter().map(|link| {
            let (operation, part, field) = match *link {
                Link::At(operation) => (operation, "parameters", "id"),
                Link::With(operation, field) => (operation, "requestBody", field),
            };
            let link = json!({ "operationId": operation, part: { field: ID } });
            (operation.to_owned(), link)
        });
        let links: Map<String, Value> = links.collect();
        if links.is_empty() {
            return;
        }
        for answer in self.answers.values_mut() {
            if answer.get("content").is_some() {
                answer["links"] = links.clone().into();
            }
        }
    }

    /// Problems that it may answer.
    pub(crate) fn may_fail(&mut self, kinds: &[Kind]) {
        self.kinds.extend(kinds);
    }

    /// Parameters, body and answers, as an Operation Object has them.
    pub(super) fn into_parts(mut self) -> Map<String, Value> {
        self.kinds
            .sort_by_key(|kind| (kind.status.as_u16(), kind.name));
        self.kinds.dedup_by_key(|kind| kind.name);
        let schema = self.schemas.given.subschema_for::<Document<'_>>();
        for kinds in self.kinds.chunk_by(|one, other| one.status == other.status) {
            let status = kinds[0].status.as_u16();
            self.answers
                .insert(status, problems(kinds, schema.as_value()));
        }
        let answers = self
            .answers
            .into_iter()
            .map(|(status, answer)| (status.to_string(), answer));
        let mut parts = Map::new();
        if !self.parameters.is_empty() {
            parts.insert("parameters".to_owned(), self.parameters.into());
        }
        parts.extend(self.body.map(|body| ("requestBody".to_owned(), body)));
        parts.insert(
            "responses".to_owned(),
            answers.collect::<Map<_, _>>().into(),
        );
        parts
    }
}

/// The answer of one status, with an example of each problem that has it.
fn problems(kinds: &[Kind], schema: &Value) -> Value {
    let titles: Vec<String> = kinds
        .iter()
        .map(|kind| format!("`{}`: {}", kind.name, kind.title))
        .collect();
    let types: Vec<String> = kinds.iter().map(Kind::uri).collect();
    let examples = kinds
        .iter()
        .map(|kind| (kind.name.to_owned(), json!({ "value": kind.example() })));
    let mut schema = schema.clone();
    schema["properties"] = json!({ "type": { "enum": types } });
    json!({
        "description": titles.join("; "),
        "content": {
            "application/problem+json": { "schema": schema, "examples": examples.collect::<Map<_, _>>() },
        },
    })
}

impl<T: ?Sized> Takes for Data<T> {}
impl Takes for HttpRequest {}

impl<T: Gives> Gives for Result<T, Problem> {
    fn sketch(sketch: &mut Sketch<'_>) {
        T::sketch(sketch);
    }
}

/// The arguments of a handler, one after the other.
macro_rules! takes {
    ($($argument:ident)*) => {
        impl<$($argument: Takes),*> Takes for ($($argument,)*) {
            fn sketch(_sketch: &mut Sketch<'_>) {
                $($argument::sketch(_sketch);)*
            }
        }
    };
}

takes!();
takes!(A);
takes!(A B);
takes!(A B C);
takes!(A B C D);
takes!(A B C D E);
