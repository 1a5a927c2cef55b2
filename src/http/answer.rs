//! Answers: each kind of success is a type, so that the document knows its status, its headers and its body.

use std::marker::PhantomData;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, Responder,
    body::BoxBody,
    http::{StatusCode, header},
    web::Bytes,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, json};

use super::{
    etag::{IfNoneMatch, etag},
    sketch::{Gives, Header, Sketch},
};

/// 200, with something that has no version.
pub(crate) struct Shown<T>(pub(crate) T);

/// 200, with one thing as it stands and its version.
pub(crate) struct Versioned<T> {
    version: i64,
    body: T,
}

/// 200, or 304 when the client has that version already.
pub(crate) enum Fresh<T> {
    Changed(Versioned<T>),
    Same(i64),
}

/// 201, with the thing that was made and where it is.
pub(crate) struct Created<T> {
    location: String,
    made: Versioned<T>,
}

/// 202: what was asked for is under way, and the thing tells how far it has come.
pub(crate) struct Accepted<T>(pub(crate) Versioned<T>);

/// 200, with a body that is no JSON of a type of ours.
pub(crate) struct Raw<M> {
    body: Bytes,
    media: PhantomData<fn() -> M>,
}

/// What a [`Raw`] body is.
pub(crate) trait Media {
    /// The value of `Content-Type`.
    const TYPE: &'static str;
}

const ETAG: Header = Header {
    name: "ETag",
    description: "The version of what is answered, for If-Match and If-None-Match.",
    required: true,
};
const LOCATION: Header = Header {
    name: "Location",
    description: "Where it is.",
    required: true,
};

impl<T> Versioned<T> {
    pub(crate) fn new(version: i64, body: impl Into<T>) -> Self {
        Self {
            version,
            body: body.into(),
        }
    }

    /// Leaves the body out when the client has it.
    pub(crate) fn unless(self, known: &IfNoneMatch) -> Fresh<T> {
        if known.has(self.version) {
            Fresh::Same(self.version)
        } else {
            Fresh::Changed(self)
        }
    }

    /// As something new, which is at `location` from now on.
    pub(crate) const fn at(self, location: String) -> Created<T> {
        Created {
            location,
            made: self,
        }
    }
}

impl<T: Serialize> Versioned<T> {
    fn answer(&self, mut response: HttpResponseBuilder) -> HttpResponse {
        response.insert_header(etag(self.version)).json(&self.body)
    }
}

impl<M> Raw<M> {
    pub(crate) fn new(body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            media: PhantomData,
        }
    }
}

impl<M: Media> Responder for Raw<M> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().content_type(M::TYPE).body(self.body)
    }
}

impl<M: Media> Gives for Raw<M> {
    fn sketch(sketch: &mut Sketch<'_>) {
        let content = Map::from_iter([(M::TYPE.to_owned(), json!({}))]);
        sketch.gives_content(StatusCode::OK, "As it stands.", &[], content);
    }
}

impl<T: Serialize> Responder for Shown<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self.0)
    }
}

impl<T: JsonSchema> Gives for Shown<T> {
    fn sketch(sketch: &mut Sketch<'_>) {
        sketch.gives::<T>(StatusCode::OK, "As it stands.", &[]);
    }
}

impl<T: Serialize> Responder for Versioned<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        self.answer(HttpResponse::Ok())
    }
}

impl<T: JsonSchema> Gives for Versioned<T> {
    fn sketch(sketch: &mut Sketch<'_>) {
        sketch.gives::<T>(StatusCode::OK, "As it stands.", &[ETAG]);
    }
}

impl<T: Serialize> Responder for Fresh<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        match self {
            Self::Changed(thing) => thing.answer(HttpResponse::Ok()),
            Self::Same(version) => HttpResponse::NotModified()
                .insert_header(etag(version))
                .finish(),
        }
    }
}

impl<T: JsonSchema> Gives for Fresh<T> {
    fn sketch(sketch: &mut Sketch<'_>) {
        Versioned::<T>::sketch(sketch);
        let description = "The client has this version already.";
        sketch.gives_content(StatusCode::NOT_MODIFIED, description, &[ETAG], Map::new());
    }
}

impl<T: Serialize> Responder for Created<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Created();
        response.insert_header((header::LOCATION, self.location));
        self.made.answer(response)
    }
}

impl<T: JsonSchema> Gives for Created<T> {
    fn sketch(sketch: &mut Sketch<'_>) {
        sketch.gives::<T>(StatusCode::CREATED, "It was made.", &[LOCATION, ETAG]);
    }
}

impl<T: Serialize> Responder for Accepted<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        self.0.answer(HttpResponse::Accepted())
    }
}

impl<T: JsonSchema> Gives for Accepted<T> {
    fn sketch(sketch: &mut Sketch<'_>) {
        sketch.gives::<T>(StatusCode::ACCEPTED, "It is under way.", &[ETAG]);
    }
}
