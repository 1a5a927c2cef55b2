//! The public keys that tokens are signed with, from a file that may change while we serve.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde_json::Value;
use tokio::time::sleep;

/// The time between two looks at the file.
const LOOK: Duration = Duration::from_secs(1);
/// The largest file, and the most keys in it: a token without a key id is tried with each.
const LARGEST: u64 = 256 * 1024;
const MOST: usize = 64;
/// NIST SP 800-131A: RSA keys below 2,048 bits are not to be trusted.
const SHORTEST_RSA: usize = 2048 / 8;
const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";

/// One public key and what it is for. The algorithm is bound to the key, so that no token chooses it.
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) public: DecodingKey,
}

/// The keys of one state of the file.
pub(super) struct Keys(Vec<Key>);

/// A file of keys that is followed.
pub(super) struct KeyFile {
    path: PathBuf,
    keys: RwLock<Arc<Keys>>,
}

/// What tells one state of a file from the next.
#[derive(PartialEq, Eq)]
struct Stamp(u64, u64, i64, i64);

/// Keys that cannot be used. It never repeats what is in the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the token keys in {path} cannot be read: {source}", path = .0.display(), source = .1)]
    Unreadable(PathBuf, io::Error),
    #[error("the token keys in {path} are refused: {reason}", path = .0.display(), reason = .1)]
    Refused(PathBuf, &'static str),
}

impl Keys {
    /// The keys that a token may have been signed with, by its own account. A key without an id may be any.
    pub(super) fn candidates<'k>(
        &'k self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'k Key> {
        self.0.iter().filter(move |key| {
            let is_meant = match (id, key.id.as_deref()) {
                (Some(wanted), Some(id)) => wanted == id,
                (None, _) | (_, None) => true,
            };
            is_meant && key.algorithm == algorithm
        })
    }

    /// Reads a JWK Set (RFC 7517), or public keys as PEM.
    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains("PRIVATE KEY-----") {
            return Err("a private key does not belong here");
        }
        let keys = if text.contains(PEM_BEGIN) {
            let blocks = text.split(PEM_BEGIN).skip(1);
            let keys = blocks.map(|block| from_pem(&format!("{PEM_BEGIN}{block}")));
            // A PEM key is named by somebody; one that is no use is a mistake.
            keys.collect::<Option<Vec<Key>>>()
                .ok_or("a PEM key is no Ed25519, P-256 or RSA key of 2,048 bits or more")?
        } else {
            let set: Value = serde_json::from_str(text).map_err(|_| "neither PEM nor JSON")?;
            let jwks = set["keys"].as_array().ok_or("no JWK Set: it has no keys")?;
            let is_secret = |jwk: &Value| jwk.get("d").is_some() || jwk.get("k").is_some();
            if jwks.iter().any(is_secret) {
                return Err("a private key or a shared secret does not belong here");
            }
            // An issuer's set may hold keys for other purposes.
            jwks.iter().filter_map(from_json).collect()
        };
        match keys.len() {
            0 => Err("it has no key for EdDSA, ES256 or RS256"),
            1..=MOST => Ok(Self(keys)),
            _ => Err("it has too many keys"),
        }
    }
}

impl KeyFile {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            path: path.to_owned(),
            keys: RwLock::new(Arc::new(read(path)?)),
        })
    }

    /// The keys as they are now.
    pub(super) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether these are the keys as they are now.
    pub(super) fn has(&self, keys: &Arc<Keys>) -> bool {
        Arc::ptr_eq(
            keys,
            &self.keys.read().unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Follows the file until dropped. A file that cannot be used leaves the keys as they are.
    pub(super) async fn watch(&self) {
        let mut seen = stamp(&self.path);
        loop {
            sleep(LOOK).await;
            let now = stamp(&self.path);
            if now == seen {
                continue;
            }
            seen = now;
            match read(&self.path) {
                Ok(keys) => {
                    *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                    tracing::info!("the token keys have changed");
                }
                Err(error) => tracing::warn!("{error}; the former keys stay"),
            }
        }
    }
}

fn read(path: &Path) -> Result<Keys, Error> {
    let unreadable = |source| Error::Unreadable(path.to_owned(), source);
    let refused = |reason| Error::Refused(path.to_owned(), reason);
    if fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
        return Err(refused("it is too large"));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    Keys::parse(&text).map_err(refused)
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok()?;
    Some(Stamp(
        about.ino(),
        about.len(),
        about.mtime(),
        about.mtime_nsec(),
    ))
}

fn from_pem(pem: &str) -> Option<Key> {
    let pem = pem.as_bytes();
    let key = DecodingKey::from_ed_pem(pem)
        .or_else(|_| DecodingKey::from_ec_pem(pem))
        .or_else(|_| DecodingKey::from_rsa_pem(pem));
    from_jwk(&Jwk::from_decoding_key(&key.ok()?, None).ok()?)
}

fn from_json(value: &Value) -> Option<Key> {
    from_jwk(&serde_json::from_value(value.clone()).ok()?)
}

/// `None` for a key that is not for signatures, or not of a kind that we trust.
fn from_jwk(jwk: &Jwk) -> Option<Key> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "whatever kinds there will be, they are not trusted until they stand here"
    )]
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        _ => return None,
    };
    let common = &jwk.common;
    let is_for_signatures = common
        .public_key_use
        .as_ref()
        .is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let is_of_this_algorithm = common.key_algorithm.is_none_or(|other| other == named);
    let public = DecodingKey::from_jwk(jwk).ok()?;
    let is_long_enough = match public.kind() {
        jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, .. } => n.len() >= SHORTEST_RSA,
        jsonwebtoken::DecodingKeyKind::SecretOrDer(_) => true,
    };
    (is_for_signatures && is_of_this_algorithm && is_long_enough).then(|| Key {
        id: common.key_id.clone(),
        algorithm,
        public,
    })
}
