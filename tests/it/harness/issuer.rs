//! Somebody who makes tokens: the tests' own, with keys of every kind.

use std::{
    fs,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{self, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, crypto::sign, encode, jwk::Jwk};
use pem::Pem;
use schema_per_service::config::Config;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Database, Server};

/// An issuer with one key, and a file that says so.
pub(crate) struct Issuer {
    algorithm: Algorithm,
    id: Option<String>,
    private: EncodingKey,
    /// The public key.
    pem: String,
    folder: TempDir,
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

impl Issuer {
    pub(crate) fn new() -> Self {
        Self::with(Algorithm::EdDSA, Some("first"))
    }

    pub(crate) fn with(algorithm: Algorithm, id: Option<&str>) -> Self {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "no issuer of the tests uses another"
        )]
        let (private, public): (_, PublicKeyX509Der<'_>) = match algorithm {
            Algorithm::EdDSA => {
                let key = Ed25519KeyPair::generate().unwrap();
                let private = EncodingKey::from_ed_der(key.to_pkcs8v1().unwrap().as_ref());
                (private, key.public_key().as_der().unwrap())
            }
            Algorithm::ES256 => {
                let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
                let private = EncodingKey::from_ec_der(key.to_pkcs8v1().unwrap().as_ref());
                (private, key.public_key().as_der().unwrap())
            }
            Algorithm::RS256 => {
                let key = rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
                let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
                let pem = pem::encode(&Pem::new("PRIVATE KEY", der.as_ref()));
                let private = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
                (private, key.public_key().as_der().unwrap())
            }
            other => panic!("{other:?}"),
        };
        let issuer = Self {
            algorithm,
            id: id.map(str::to_owned),
            private,
            pem: pem::encode(&Pem::new("PUBLIC KEY", public.as_ref())),
            folder: tempfile::tempdir().unwrap(),
        };
        issuer.publish(&[&issuer]);
        issuer
    }

    /// The file of public keys.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    /// Replaces the file by one with the keys of these issuers, whole, as a careful administrator does.
    pub(crate) fn publish(&self, issuers: &[&Self]) {
        let keys: Vec<Value> = issuers.iter().map(|issuer| issuer.public()).collect();
        self.write(&json!({ "keys": keys }).to_string());
    }

    pub(crate) fn write(&self, text: &str) {
        let unfinished = self.folder.path().join("new");
        fs::write(&unfinished, text).unwrap();
        fs::rename(unfinished, self.file()).unwrap();
    }

    /// The public key as a JWK.
    pub(crate) fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.private, self.algorithm).unwrap();
        jwk.common.key_id.clone_from(&self.id);
        serde_json::to_value(jwk).unwrap()
    }

    /// The public key as PEM.
    pub(crate) fn pem(&self) -> String {
        self.pem.clone()
    }

    /// The header that goes with its key.
    pub(crate) fn header(&self) -> Header {
        let mut header = Header::new(self.algorithm);
        header.kid.clone_from(&self.id);
        header
    }

    pub(crate) fn sign(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.private).unwrap()
    }

    /// Signs with a header that no decent issuer would write.
    pub(crate) fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let message = parts.join(".");
        let signature = sign(message.as_bytes(), &self.private, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }

    /// Claims that a server with the usual settings takes.
    pub(crate) fn claims(subject: &str, scope: &str) -> Value {
        json!({
            "iss": "schema-per-service",
            "aud": "schema-per-service",
            "sub": subject,
            "scope": scope,
            "exp": now() + 3_600,
        })
    }

    pub(crate) fn token(&self, subject: &str, scope: &str) -> String {
        self.sign(&self.header(), &Self::claims(subject, scope))
    }

    /// The token of one whose time is over, by more than the leeway.
    pub(crate) fn expired(&self, subject: &str, scope: &str) -> String {
        let mut claims = Self::claims(subject, scope);
        claims["exp"] = (now() - 60).into();
        self.sign(&self.header(), &claims)
    }

    /// A server that knows this issuer, with settings of the test's own.
    pub(crate) fn server_with(&self, set: impl FnOnce(&mut Config)) -> Server {
        Server::start_with(Database::new(), |config| {
            config.callers.token_keys = Some(self.file());
            set(config);
        })
    }

    pub(crate) fn server(&self) -> Server {
        self.server_with(|_| {})
    }
}
