//! Versions as entity tags, and the conditions that clients put on them (RFC 9110, section 13).

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, EntityTag, Header as _},
};
use serde_json::json;

use super::{
    PRECONDITION_FAILED,
    sketch::{Sketch, Takes},
};

/// The tag of a resource's version.
pub(super) fn etag(version: i64) -> header::ETag {
    header::ETag(EntityTag::new_strong(version.to_string()))
}

/// `If-Match`: the versions that a change may start from; `None` when any will do.
pub(crate) struct IfMatch(pub(crate) Option<Vec<i64>>);

/// `If-None-Match`: the versions that the client has already.
pub(crate) struct IfNoneMatch(header::IfNoneMatch);

impl IfNoneMatch {
    /// Whether the client has this version.
    pub(super) fn has(&self, version: i64) -> bool {
        let tag = etag(version).0;
        match &self.0 {
            header::IfNoneMatch::Any => true,
            header::IfNoneMatch::Items(tags) => tags.iter().any(|other| tag.weak_eq(other)),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let condition = if request.headers().contains_key(header::IF_MATCH) {
            // What cannot be read matches nothing: taken for missing, it would undo the client's condition.
            header::IfMatch::parse(request).unwrap_or(header::IfMatch::Items(Vec::new()))
        } else {
            header::IfMatch::Any
        };
        ready(Ok(Self(match condition {
            header::IfMatch::Any => None,
            header::IfMatch::Items(tags) => Some(tags.iter().filter_map(version).collect()),
        })))
    }
}

impl FromRequest for IfNoneMatch {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let known =
            header::IfNoneMatch::parse(request).unwrap_or(header::IfNoneMatch::Items(Vec::new()));
        ready(Ok(Self(known)))
    }
}

impl Takes for IfMatch {
    fn sketch(sketch: &mut Sketch<'_>) {
        let description = "The versions that the change may start from; any will do without it.";
        sketch.header(
            "If-Match",
            description,
            &json!({ "type": "string", "examples": ["\"1\""] }),
        );
        sketch.may_fail(&[PRECONDITION_FAILED]);
    }
}

impl Takes for IfNoneMatch {
    fn sketch(sketch: &mut Sketch<'_>) {
        let description = "The versions that the client has already.";
        sketch.header(
            "If-None-Match",
            description,
            &json!({ "type": "string", "examples": ["\"1\""] }),
        );
    }
}

/// The version that a tag stands for. A weak tag never counts for a change, and one that is no number was never ours.
fn version(tag: &EntityTag) -> Option<i64> {
    let version = tag.tag().parse().ok()?;
    // Tags are compared byte by byte: "01" is not "1".
    tag.strong_eq(&etag(version).0).then_some(version)
}
