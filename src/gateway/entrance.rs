//! What happens to every request before its handler: it gets a caller, and its place within the caller's limit.
//!
//! The entrance finds out who calls, and nobody is turned away here for what they want: each service checks that for itself,
//! by the rule of the operation and by whose the object is.

use std::{
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
    panic::AssertUnwindSafe,
    path::Path,
    rc::Rc,
    sync::Arc,
};

use actix_web::{
    HttpMessage as _,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use futures_util::{
    FutureExt as _,
    future::{join, pending},
};
use ipnet::IpNet;

use super::{
    keys::Error,
    limits::{Counted, Left, Limits},
    proxies::Proxies,
    tokens::{Seen, Tokens},
};
use crate::{
    db,
    http::{Caller, Distrust, Identity, Kind, Problem, Subject, Visit},
};

/// The largest head, in bytes. Actix itself would read eight times as much.
const LARGEST_HEAD: usize = 16 * 1024;

pub(super) const HEAD_TOO_LARGE: Kind = Kind::new(
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "head-too-large",
    "The request's head is too large",
);

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

/// Lets a request in, as far as its handler's rule. A panic on the way is a failure as any other.
pub(crate) async fn enter(
    entrance: Data<Entrance>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let answer = AssertUnwindSafe(let_in(&entrance, request, next));
    let answer = answer.catch_unwind().await;
    answer.unwrap_or_else(|_panic| Err(Problem::from(db::Error::Panicked).into()))
}

async fn let_in(
    entrance: &Entrance,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if head_size(&request) > LARGEST_HEAD {
        return Ok(request.error_response(head_too_large()));
    }
    let (identity, left) = match entrance.identify(&request) {
        Ok(known) => known,
        Err(left) => {
            let mut response = request.error_response(left.problem());
            left.tell(response.headers_mut());
            return Ok(response);
        }
    };
    let id = match request.extensions().get::<Rc<Visit>>() {
        Some(visit) => visit.id.clone(),
        None => HeaderValue::from_static("unnamed"),
    };
    request.extensions_mut().insert(Caller::new(identity, id));
    let mut response = next.call(request).await?;
    if let Some(left) = left {
        left.tell(response.headers_mut());
    }
    Ok(response)
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
