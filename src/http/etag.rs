//! Versions as entity tags, and the conditions that clients put on them (RFC 9110, section 13).

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::Payload,
    http::header::{self, EntityTag, Header},
};

use super::{
    Problem,
    problem::{Fault, Place},
};

/// The tag of a resource's version.
pub(crate) fn etag(version: i64) -> header::ETag {
    header::ETag(EntityTag::new_strong(version.to_string()))
}

/// `If-Match`: the versions that a change may start from; `None` when any will do.
pub(crate) struct IfMatch(pub(crate) Option<Vec<i64>>);

/// `If-None-Match`: the versions that the client has already.
pub(crate) struct IfNoneMatch(header::IfNoneMatch);

impl IfNoneMatch {
    /// Whether the client has this version.
    pub(crate) fn has(&self, version: i64) -> bool {
        let tag = etag(version).0;
        match &self.0 {
            header::IfNoneMatch::Any => true,
            header::IfNoneMatch::Items(tags) => tags.iter().any(|other| tag.weak_eq(other)),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(
            read(request, header::IfMatch::Any, "If-Match").map(|condition| {
                match condition {
                    header::IfMatch::Any => Self(None),
                    // A weak tag never matches here, and a tag that is no number was never ours.
                    header::IfMatch::Items(tags) => Self(Some(
                        tags.iter()
                            .filter(|tag| !tag.weak)
                            .filter_map(|tag| tag.tag().parse().ok())
                            .collect(),
                    )),
                }
            }),
        )
    }
}

impl FromRequest for IfNoneMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(
            read(
                request,
                header::IfNoneMatch::Items(Vec::new()),
                "If-None-Match",
            )
            .map(Self),
        )
    }
}

/// Reads a header that may be missing. A broken one is refused: taken for missing, it would undo the client's condition.
fn read<H: Header>(request: &HttpRequest, missing: H, name: &'static str) -> Result<H, Problem> {
    if !request.headers().contains_key(H::name()) {
        return Ok(missing);
    }
    request.get_header::<H>().ok_or_else(|| {
        let detail = "must be * or a list of entity tags, each in double quotes".to_owned();
        Problem::invalid_parameter(vec![Fault {
            at: Place::Header(name),
            detail,
        }])
    })
}
