//! W3C Trace Context (www.w3.org/TR/trace-context): the trace that a request belongs to, and its own place in it.

use std::fmt;

use actix_web::{
    http::header::{HeaderMap, HeaderName, HeaderValue},
    web::Bytes,
};
use uuid::Uuid;

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const SAMPLED: u8 = 1;

/// A request as a span of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trace {
    pub(super) id: u128,
    /// Whoever sent the request, if it said so.
    pub(super) parent: Option<u64>,
    /// The request itself.
    pub(super) span: u64,
    flags: u8,
}

impl Trace {
    /// The trace that the headers name, if they do so well; else a new one, of which the request is the first span. Whether it is
    /// kept, the first decides; `keep` says it for ours.
    pub(super) fn of(headers: &HeaderMap, keep: bool) -> Self {
        let mut given = headers.get_all(TRACEPARENT);
        let parsed = match (given.next(), given.next()) {
            (Some(value), None) => parse(value.as_bytes()),
            _ => None,
        };
        // Its lower half has its randomness and is never zero.
        let (_, span) = Uuid::new_v4().as_u64_pair();
        match parsed {
            Some((id, parent, flags)) => Self {
                id,
                parent: Some(parent),
                span,
                flags: flags & SAMPLED,
            },
            None => Self {
                id: Uuid::now_v7().as_u128(),
                parent: None,
                span,
                flags: u8::from(keep),
            },
        }
    }

    /// Whether somebody wants to keep it.
    pub(super) const fn is_sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// For whoever asked, and for whomever it asks next.
    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::from_maybe_shared(Bytes::from(self.to_string()))
            .unwrap_or_else(|_| HeaderValue::from_static("00"))
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id, span, flags, ..
        } = self;
        write!(f, "00-{id:032x}-{span:016x}-{flags:02x}")
    }
}

/// Trace, span and flags. A later version may say more behind these, and only there.
fn parse(text: &[u8]) -> Option<(u128, u64, u8)> {
    let (fixed, rest) = text.split_at_checked(55)?;
    let lower_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let number = |part: &[u8]| {
        let text = str::from_utf8(part)
            .ok()
            .filter(|_| part.iter().all(lower_hex));
        u128::from_str_radix(text?, 16).ok()
    };
    let [version, id, parent, flags] =
        [&fixed[..2], &fixed[3..35], &fixed[36..52], &fixed[53..]].map(number);
    let (version, id, parent, flags) = (
        version?,
        id?,
        u64::try_from(parent?).ok()?,
        u8::try_from(flags?).ok()?,
    );
    let is_whole = match version {
        0 => rest.is_empty(),
        0xff => false,
        _ => rest.is_empty() || rest[0] == b'-',
    };
    let has_dashes = [2, 35, 52].iter().all(|at| fixed[*at] == b'-');
    (is_whole && has_dashes && id != 0 && parent != 0).then_some((id, parent, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(lines: &[&str]) -> Trace {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(TRACEPARENT, HeaderValue::from_str(line).unwrap());
        }
        Trace::of(&headers, false)
    }

    #[test]
    fn a_good_traceparent_is_taken_and_the_request_is_a_span_of_its_own() {
        let trace = of(&[GOOD]);

        assert_eq!(trace.id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(trace.parent, Some(0x00f0_67aa_0ba9_02b7));
        assert!(trace.is_sampled());
        let told = trace.to_string();
        assert_eq!((&told[..36], &told[52..]), (&GOOD[..36], "-01"));
        assert_ne!(told, GOOD);
        let later =
            of(&["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-what-the-future-brings"]);
        assert_eq!((later.id, later.flags), (trace.id, SAMPLED));
    }

    #[test]
    fn a_bad_traceparent_is_no_traceparent() {
        let ours = |lines: &[&str]| {
            let trace = of(lines);
            assert_eq!((trace.parent, trace.flags), (None, 0), "{lines:?}");
            assert_ne!(trace.id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        };
        ours(&[]);
        ours(&[GOOD, GOOD]);
        ours(&[&GOOD.to_uppercase()]);
        ours(&[&GOOD[1..]]);
        ours(&[&format!("{GOOD}-more")]);
        ours(&[&GOOD.replacen("00", "ff", 1)]);
        ours(&[&GOOD.replacen('-', "_", 1)]);
        ours(&[&GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32))]);
        ours(&[&GOOD.replace("00f067aa0ba902b7", &"0".repeat(16))]);
        ours(&[&GOOD.replace("4bf9", "+bf9")]);
        ours(&["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03.more"]);
    }
}
