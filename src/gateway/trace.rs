//! W3C Trace Context (www.w3.org/TR/trace-context): the trace that a request belongs to, and its own place in it.

use std::ops::Range;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const LENGTH: usize = 55;
const TRACE: Range<usize> = 3..35;
const SPAN: Range<usize> = 36..52;

/// A request as a span of a trace.
#[derive(Debug)]
pub(super) struct Trace {
    /// Version, trace, span and flags in hexadecimal digits, as they go on to whoever is asked next.
    text: [u8; LENGTH],
    /// The span of whoever sent the request, if it said so.
    parent: Option<[u8; 16]>,
    /// What vendors passed along with the trace, as it came; it belongs to the span.
    pub(super) state: Option<HeaderValue>,
}

impl Trace {
    /// The trace that the headers name, if they do so well; else a new one under the id `ours`, of version 7, of which the request
    /// is the first span. Whether it is kept, the first decides; `keep` says it for ours.
    pub(super) fn of(headers: &HeaderMap, ours: Uuid, keep: bool) -> Self {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let mut digits = [0; 32];
        ours.simple().encode_lower(&mut digits);
        // The second half of an id counts and is random, and is never zero.
        text[SPAN].copy_from_slice(&digits[16..]);
        let mut given = headers.get_all(TRACEPARENT);
        let taken = match (given.next(), given.next()) {
            (Some(value), None) => well_formed(value.as_bytes()),
            _ => None,
        };
        let is_kept = match taken {
            Some(given) => {
                text[TRACE].copy_from_slice(&given[TRACE]);
                is_odd(given[LENGTH - 1])
            }
            None => {
                text[TRACE].copy_from_slice(&digits);
                keep
            }
        };
        if is_kept {
            text[LENGTH - 1] = b'1';
        }
        Self {
            text,
            parent: taken.and_then(|given| given[SPAN].try_into().ok()),
            state: taken.and_then(|_| headers.get(TRACESTATE).cloned()),
        }
    }

    /// Whether somebody wants to keep it.
    pub(super) const fn is_kept(&self) -> bool {
        self.text[LENGTH - 1] == b'1'
    }

    pub(super) fn id(&self) -> &str {
        str::from_utf8(&self.text[TRACE]).unwrap_or_default()
    }

    pub(super) fn span(&self) -> &str {
        str::from_utf8(&self.text[SPAN]).unwrap_or_default()
    }

    pub(super) fn parent(&self) -> Option<&str> {
        str::from_utf8(self.parent.as_ref()?).ok()
    }

    /// For whoever asked, and for whomever it asks next.
    pub(super) fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.text).unwrap_or_else(|_| HeaderValue::from_static("00"))
    }
}

/// The part that every version has, if it is as it should be. A later version may say more behind it, and only there.
fn well_formed(text: &[u8]) -> Option<&[u8; LENGTH]> {
    let (fixed, rest) = text.split_first_chunk::<LENGTH>()?;
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let is_formed = fixed.iter().enumerate().all(|(at, byte)| match at {
        2 | 35 | 52 => *byte == b'-',
        _ => is_hex(byte),
    });
    let is_whole = match &fixed[..2] {
        b"00" => rest.is_empty(),
        b"ff" => false,
        _ => rest.is_empty() || rest[0] == b'-',
    };
    let is_named = |part: &[u8]| part.iter().any(|byte| *byte != b'0');
    (is_formed && is_whole && is_named(&fixed[TRACE]) && is_named(&fixed[SPAN])).then_some(fixed)
}

/// Whether the lowest bit of a number is set, by its last digit.
fn is_odd(digit: u8) -> bool {
    char::from(digit)
        .to_digit(16)
        .is_some_and(|digit| digit % 2 == 1)
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
        Trace::of(&headers, Uuid::now_v7(), false)
    }

    #[test]
    fn a_good_traceparent_is_taken_and_the_request_is_a_span_of_its_own() {
        let trace = of(&[GOOD]);

        assert_eq!(trace.id(), &GOOD[3..35]);
        assert_eq!(trace.parent(), Some(&GOOD[36..52]));
        assert!(trace.is_kept());
        let told = trace.header();
        let told = told.to_str().unwrap();
        assert_eq!((&told[..36], &told[52..]), (&GOOD[..36], "-01"));
        assert_ne!(told, GOOD);
        let later =
            of(&["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-what-the-future-brings"]);
        assert_eq!((later.id(), later.is_kept()), (trace.id(), true));
    }

    #[test]
    fn a_bad_traceparent_is_no_traceparent() {
        let ours = |lines: &[&str]| {
            let trace = of(lines);
            assert_eq!(
                (trace.parent(), trace.is_kept()),
                (None, false),
                "{lines:?}"
            );
            assert_ne!(trace.id(), &GOOD[3..35]);
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
