//! What happens to every request before its handler: it gets an id, a caller, and its place within the caller's limit.
//!
//! The entrance finds out who calls, and nobody is turned away here for what they want: each service checks that for itself,
//! by the rule of the operation and by whose the object is.

use std::{
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
    path::Path,
    sync::Arc,
};

use actix_web::{
    HttpMessage as _, HttpResponse,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::{Bytes, Data},
};
use futures_util::future::{join, pending};
use ipnet::IpNet;
use uuid::Uuid;

use super::{
    keys::Error,
    limits::{Counted, Left, Limits},
    proxies::Proxies,
    tokens::{Seen, Tokens},
};
use crate::http::{Caller, Distrust, Identity, Kind, Problem, Subject};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_REQUEST_ID: usize = 64;
/// The largest head, in bytes. Actix itself would read eight times as much.
const LARGEST_HEAD: usize = 16 * 1024;

pub(super) const HEAD_TOO_LARGE: Kind = Kind::new(
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "head-too-large",
    "The request's head is too large",
);

/// For browsers: take an answer for what it says it is, show it in no frame, and keep it from others.
const FOR_BROWSERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    ),
];

/// What the entrance goes by.
pub(crate) struct Admission<'a> {
    /// The file of the keys that tokens are signed with; without one, calls are open.
    pub(crate) keys: Option<&'a Path>,
    /// Who makes the tokens.
    pub(crate) issuer: &'a str,
    /// Whom the tokens are for.
    pub(crate) audience: &'a str,
    /// Seconds that the issuer's clock may differ from ours.
    pub(crate) leeway: u64,
    /// Requests a minute from each caller; `None` for any number.
    pub(crate) most_requests: Option<NonZeroU32>,
    /// The proxies that are believed about whom they speak for.
    pub(crate) proxies: &'a [IpNet],
}

/// What the entrance knows.
pub(crate) struct Entrance {
    /// `None` when calls are open.
    tokens: Option<Tokens>,
    limits: Option<Limits>,
    proxies: Proxies,
}

impl Entrance {
    pub(crate) fn open(admission: &Admission<'_>) -> Result<Self, Error> {
        Ok(Self {
            tokens: Tokens::open(admission)?,
            limits: admission.most_requests.map(Limits::new),
            proxies: Proxies::new(admission.proxies),
        })
    }

    /// Follows the file of keys and forgets old callers, until dropped.
    pub(crate) async fn watch(&self) {
        let keys = async {
            match &self.tokens {
                Some(tokens) => tokens.watch().await,
                None => pending().await,
            }
        };
        let limits = async {
            match &self.limits {
                Some(limits) => limits.sweep().await,
                None => pending().await,
            }
        };
        join(keys, limits).await;
    }

    /// Who calls, and what is left of their limit.
    fn identify(&self, request: &ServiceRequest) -> Result<(Identity, Option<Left>), Left> {
        let count = |caller| match &self.limits {
            Some(limits) => limits.count(&caller).map(Some),
            None => Ok(None),
        };
        let count_subject = |subject: &Subject| count(Counted::Subject(Arc::clone(subject.name())));
        let count_address = || {
            if self.limits.is_none() {
                return Ok(None);
            }
            // A peer without an address is a Unix socket, and so one peer.
            let peer = request.peer_addr().map(|peer| peer.ip());
            let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            count(Counted::address(
                self.proxies.client(peer, request.headers()),
            ))
        };
        let Some(tokens) = &self.tokens else {
            return Ok((Identity::Unasked, count_address()?));
        };
        let token = match bearer(request.headers()) {
            Ok(token) => token,
            Err(distrust) => return Ok((Identity::Unknown(distrust), count_address()?)),
        };
        match tokens.recall(token) {
            Seen::Known(subject) => {
                let left = count_subject(&subject)?;
                Ok((Identity::Known(subject), left))
            }
            Seen::Expired => Ok((Identity::Unknown(Distrust::Expired), count_address()?)),
            Seen::New => {
                // Counted before the signature is checked, so that forgeries cannot keep us busy with it.
                let left = count_address()?;
                match tokens.check(token) {
                    Ok(subject) => {
                        let left = count_subject(&subject)?;
                        Ok((Identity::Known(subject), left))
                    }
                    Err(distrust) => Ok((Identity::Unknown(distrust), left)),
                }
            }
        }
    }
}

/// Lets a request in, as far as its handler's rule.
pub(crate) async fn enter(
    entrance: Data<Entrance>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let id = request_id(request.headers());
    let (mut response, left) = if head_size(&request) > LARGEST_HEAD {
        (refuse(request, head_too_large()), None)
    } else {
        match entrance.identify(&request) {
            Ok((identity, left)) => {
                let caller = Caller::new(identity, id.clone());
                request.extensions_mut().insert(caller);
                (next.call(request).await?, left)
            }
            Err(left) => (refuse(request, left.problem()), Some(left)),
        }
    };
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    for (name, value) in FOR_BROWSERS {
        // A page for people has a policy of its own.
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
    if let Some(left) = left {
        left.tell(headers);
    }
    Ok(response)
}

fn refuse(request: ServiceRequest, problem: Problem) -> ServiceResponse<BoxBody> {
    request.into_response(HttpResponse::from_error(problem))
}

/// The token of a request (RFC 6750); it is read from this header and from nowhere else, so that it stands in no log of URLs.
fn bearer(headers: &HeaderMap) -> Result<&str, Distrust> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(Distrust::Absent),
        (Some(value), None) => value.to_str().map_err(|_| Distrust::Wrong)?,
        (Some(_), Some(_)) => return Err(Distrust::Wrong),
    };
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        Some(_) | None => Err(Distrust::Wrong),
    }
}

/// What the client calls its request, if it is short and plain, so that it may stand in a log and beside a row; else a name
/// of ours.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let mut given = headers.get_all(REQUEST_ID);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    match (given.next(), given.next()) {
        (Some(id), None)
            if (1..=LONGEST_REQUEST_ID).contains(&id.len()) && id.as_bytes().iter().all(plain) =>
        {
            id.clone()
        }
        _ => HeaderValue::from_maybe_shared(Bytes::from(Uuid::now_v7().to_string()))
            .unwrap_or_else(|_| HeaderValue::from_static("unnamed")),
    }
}

fn head_size(request: &ServiceRequest) -> usize {
    let lines = request.headers().iter();
    let headers: usize = lines
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let uri = request.uri();
    uri.path().len() + uri.query().unwrap_or_default().len() + headers
}

fn head_too_large() -> Problem {
    Problem::new(HEAD_TOO_LARGE).detail(format!("at most {LARGEST_HEAD} bytes"))
}
