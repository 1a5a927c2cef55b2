//! `GET /openapi.json`, the document of the whole API, and `GET /docs`, Swagger UI to read and try it by. Both are in the program:
//! no network is needed.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::Payload,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::{Bytes, Data},
};
use serde_json::{Map, json};
use utoipa_swagger_ui::{Config, SwaggerFile, serve};

use super::document::document as describe;
use crate::http::{About, Gives, Media, Operation, Problem, Raw, Sketch, Takes, UNKNOWN_PATH};

pub(super) const DOCUMENT: About = About {
    id: "read_document",
    summary: "This document",
    problems: &[],
    links: &[],
};
pub(super) const DOCS: About = About {
    id: "read_docs",
    summary: "Where this document can be read and tried",
    problems: &[],
    links: &[],
};
pub(super) const DOCS_FILE: About = About {
    id: "read_docs_file",
    summary: "A file of Swagger UI",
    problems: &[UNKNOWN_PATH],
    links: &[],
};

/// What Swagger UI needs and no more: its own files, the styles that it makes itself, and calls of this server.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     frame-ancestors 'none'",
);

/// The OpenAPI document as it is sent, made once.
pub(crate) struct Document(Bytes);

impl Document {
    pub(crate) fn new(operations: &[Operation]) -> Self {
        Self(describe(operations).to_string().into())
    }
}

/// An OpenAPI document in JSON.
pub(super) struct OpenApi;

impl Media for OpenApi {
    const TYPE: &'static str = "application/json";
}

pub(super) async fn document(document: Data<Document>) -> Raw<OpenApi> {
    Raw::new(document.0.clone())
}

/// 302: it is there.
pub(super) struct Found(&'static str);

/// A file of Swagger UI.
pub(super) struct File(SwaggerFile<'static>);

/// The last part of a path below `/docs`.
pub(super) struct Name(String);

pub(super) async fn docs() -> Found {
    Found("/docs/index.html")
}

pub(super) async fn file(Name(name): Name) -> Result<File, Problem> {
    let config = Config::from("/openapi.json")
        // Else it would send the document to a validator on the internet.
        .validator_url("none")
        .display_request_duration(true);
    match serve(&name, Arc::new(config)) {
        Ok(Some(file)) => Ok(File(file)),
        Ok(None) | Err(_) => Err(Problem::new(UNKNOWN_PATH)),
    }
}

impl FromRequest for Name {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let name = request.match_info().get("file").unwrap_or_default();
        ready(Ok(Self(name.to_owned())))
    }
}

impl Takes for Name {
    fn sketch(sketch: &mut Sketch<'_>) {
        sketch.path::<String>("file");
    }
}

impl Responder for Found {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        HttpResponse::Found()
            .insert_header((header::LOCATION, self.0))
            .finish()
    }
}

impl Gives for Found {
    fn sketch(sketch: &mut Sketch<'_>) {
        sketch.gives_content(StatusCode::FOUND, "It is at `Location`.", &[], Map::new());
    }
}

impl Responder for File {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response
            .content_type(self.0.content_type)
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
        if self.0.gzpipped {
            response.insert_header((header::CONTENT_ENCODING, "gzip"));
        }
        response.body(self.0.bytes.into_owned())
    }
}

impl Gives for File {
    fn sketch(sketch: &mut Sketch<'_>) {
        let content = Map::from_iter([("*/*".to_owned(), json!({}))]);
        sketch.gives_content(StatusCode::OK, "The file.", &[], content);
    }
}
