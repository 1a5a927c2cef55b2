//! Bearer tokens: JSON Web Tokens (RFC 7519) checked as RFC 8725 asks, and remembered until they expire.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{Validation, decode, decode_header, errors::ErrorKind};
use quick_cache::sync::Cache;
use serde::Deserialize;

use super::{
    entrance::Admission,
    keys::{Error, Key, KeyFile, Keys},
};
use crate::http::{Distrust, Subject};

/// Tokens that are remembered at most.
const MOST: usize = 10_000;
/// The longest token that is looked at; 10,000 of them are 40 MB.
const LONGEST: usize = 4 * 1024;
/// The longest subject.
const LONGEST_SUBJECT: usize = 255;

/// Checks tokens.
pub(super) struct Tokens {
    file: KeyFile,
    issuer: String,
    audience: String,
    leeway: u64,
    /// By all of the token: to compare it costs a twentieth of a hash that nobody can find a twin for.
    good: Cache<Box<str>, Good>,
}

/// A token whose signature was checked.
#[derive(Clone)]
struct Good {
    subject: Arc<Subject>,
    /// Seconds since 1970, leeway included.
    until: u64,
    /// The keys that it was checked with; others may not know it.
    keys: Arc<Keys>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    #[serde(default)]
    scope: String,
}

/// A token that may be checked, or was.
pub(super) enum Seen {
    /// It was checked before.
    Known(Arc<Subject>),
    /// It has expired since.
    Expired,
    /// It is not known, and costs a signature to check.
    New,
}

impl Tokens {
    /// `None` when no keys are configured.
    pub(super) fn open(admission: &Admission<'_>) -> Result<Option<Self>, Error> {
        let open = |path| {
            Ok(Self {
                file: KeyFile::open(path)?,
                issuer: admission.issuer.to_owned(),
                audience: admission.audience.to_owned(),
                leeway: admission.leeway,
                good: Cache::new(MOST),
            })
        };
        admission.keys.map(open).transpose()
    }

    /// Follows the file of keys until dropped.
    pub(super) async fn watch(&self) {
        self.file.watch().await;
    }

    /// Looks whether a token was checked before.
    pub(super) fn recall(&self, token: &str) -> Seen {
        match self.good.get(token) {
            Some(good) if !self.file.has(&good.keys) => Seen::New,
            Some(good) if good.until < now() => Seen::Expired,
            Some(good) => Seen::Known(good.subject),
            None => Seen::New,
        }
    }

    /// Checks a token's signature and its claims, and remembers it.
    pub(super) fn check(&self, token: &str) -> Result<Arc<Subject>, Distrust> {
        if token.len() > LONGEST {
            return Err(Distrust::Wrong);
        }
        let header = decode_header(token).map_err(|_| Distrust::Wrong)?;
        // RFC 7515: who does not understand what is critical has to refuse. RFC 8725: a token of another kind is no token for us.
        let is_of_our_kind = header.typ.as_deref().is_none_or(|kind| {
            ["jwt", "at+jwt"]
                .iter()
                .any(|known| kind.eq_ignore_ascii_case(known))
        });
        if header.crit.is_some() || !is_of_our_kind {
            return Err(Distrust::Wrong);
        }
        let keys = self.file.keys();
        let mut distrust = Distrust::Wrong;
        for key in keys.candidates(header.kid.as_deref(), header.alg) {
            match decode::<Claims>(token, &key.public, &self.validation(key)) {
                Ok(decoded) => {
                    let Claims { sub, exp, scope } = decoded.claims;
                    if sub.is_empty()
                        || sub.len() > LONGEST_SUBJECT
                        || sub.contains(char::is_control)
                    {
                        return Err(Distrust::Wrong);
                    }
                    let subject = Arc::new(Subject::new(sub, &scope));
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a cast saturates, and what never expires is kept for ever"
                    )]
                    let until = (exp as u64).saturating_add(self.leeway);
                    let good = Good {
                        subject: Arc::clone(&subject),
                        until,
                        keys: Arc::clone(&keys),
                    };
                    self.good.insert(token.into(), good);
                    return Ok(subject);
                }
                // Said only of a token whose signature was good.
                Err(error) if *error.kind() == ErrorKind::ExpiredSignature => {
                    distrust = Distrust::Expired;
                }
                Err(_) => {}
            }
        }
        Err(distrust)
    }

    fn validation(&self, key: &Key) -> Validation {
        let mut validation = Validation::new(key.algorithm);
        validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.validate_nbf = true;
        validation.leeway = self.leeway;
        validation
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
