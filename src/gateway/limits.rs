//! How much one caller may ask for: a limit for each, so that one at its limit takes nothing from the others.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use actix_web::http::{
    StatusCode,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, QuantaClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use tokio::time::sleep;

use crate::http::{Kind, Problem};

/// The time that a limit speaks of.
const WINDOW: Duration = Duration::from_secs(60);
/// The time between two looks for callers who are not heard of any more.
const SWEEP: Duration = Duration::from_secs(10);

/// Whom a request counts for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Counted {
    /// The bearer of a token.
    Subject(Arc<str>),
    /// Whoever calls from there.
    Address(IpAddr),
}

/// The limits of all callers.
pub(super) struct Limits {
    most: NonZeroU32,
    clock: QuantaClock,
    callers:
        RateLimiter<Counted, DashMapStateStore<Counted>, QuantaClock, StateInformationMiddleware>,
}

/// What is left of a caller's limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    most: u32,
    requests: u32,
    /// Seconds until there is more.
    after: u64,
}

impl Counted {
    /// Whoever has one IPv6 address has all of its /64.
    pub(super) fn address(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => {
                let network = u128::from(v6) & !u128::from(u64::MAX);
                IpAddr::V6(network.into())
            }
        })
    }
}

pub(super) const TOO_MANY_REQUESTS: Kind = Kind::new(
    StatusCode::TOO_MANY_REQUESTS,
    "too-many-requests",
    "This caller has asked too often",
);

impl Limits {
    /// At most so many requests a minute from each caller, all at once or spread.
    pub(super) fn new(most: NonZeroU32) -> Self {
        let clock = QuantaClock::default();
        let callers = RateLimiter::dashmap_with_clock(Quota::per_minute(most), clock.clone());
        Self {
            most,
            clock,
            callers: callers.with_middleware(),
        }
    }

    /// Counts a request, and refuses it when its caller is at the limit.
    pub(super) fn count(&self, caller: &Counted) -> Result<Left, Left> {
        let most = self.most.get();
        let at_once = |requests| Left {
            most,
            requests,
            after: u64::from(most - requests) * WINDOW.as_secs() / u64::from(most),
        };
        match self.callers.check_key(caller) {
            Ok(state) => Ok(at_once(state.remaining_burst_capacity().min(most))),
            Err(full) => Err(Left {
                most,
                requests: 0,
                after: full.wait_time_from(self.clock.now()).as_secs() + 1,
            }),
        }
    }

    /// Forgets callers who have their whole limit again, until dropped.
    pub(super) async fn sweep(&self) {
        loop {
            sleep(SWEEP).await;
            self.callers.retain_recent();
            self.callers.shrink_to_fit();
        }
    }
}

impl Left {
    /// Tells the caller (draft-ietf-httpapi-ratelimit-headers).
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let Self {
            most,
            requests,
            after,
        } = self;
        let policy = format!("\"caller\";q={most};w={}", WINDOW.as_secs());
        let left = format!("\"caller\";r={requests};t={after}");
        for (name, text) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }

    pub(super) fn problem(self) -> Problem {
        Problem::new(TOO_MANY_REQUESTS)
            .detail(format!("at most {} requests a minute", self.most))
            .header(header::RETRY_AFTER, &self.after.to_string())
    }
}
