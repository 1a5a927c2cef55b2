//! `token`: a token signed with a key of our own, for development. In production somebody else makes the tokens.

use std::{
    error::Error,
    fs,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use clap::{Args, value_parser};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use pem::Pem;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::print;
use crate::{config, db::embedded, http::Scope};

/// The private key, and the file for `--token-keys`.
const PRIVATE: &str = "token-key.pem";
const PUBLIC: &str = "token-keys.pem";

pub(super) const EXAMPLES: &str = "\
Examples:
  # An operator, who sees and changes everything
  schema-per-service token olga --scope operator

  # A user, by the id that registering returned
  schema-per-service token 01900000-0000-7000-8000-000000000000

  # A sign-up page, for a year
  schema-per-service token signup --scope register --hours 8760";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Whom the token speaks for: a user's id, or a name
    subject: String,

    /// What it allows beyond what is the user's own
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<Scope>,

    /// How long it is good
    #[arg(long, default_value_t = 12, value_parser = value_parser!(u32).range(1..=8_760))]
    hours: u32,

    /// The folder of the key: that of the embedded server [default: as with serve]
    #[arg(long, env = "DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// Its `iss`
    #[arg(long, env = "TOKEN_ISSUER", default_value = env!("CARGO_PKG_NAME"), value_name = "NAME")]
    token_issuer: String,

    /// Its `aud`
    #[arg(long, env = "TOKEN_AUDIENCE", default_value = env!("CARGO_PKG_NAME"), value_name = "NAME")]
    token_audience: String,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let data_dir = options
        .data_dir
        .clone()
        .unwrap_or_else(config::usual_data_dir);
    let key = embedded::kept_secret(&data_dir, PRIVATE, new_key)?;
    let public = public_key(&key)?;
    let kept = embedded::kept_secret(&data_dir, PUBLIC, || public.clone().into())?;
    if kept.expose_secret() != public {
        return Err(format!(
            "{PUBLIC} does not belong to {PRIVATE}: remove it, and I make it again"
        )
        .into());
    }

    let token = sign(
        &key,
        &Claims {
            issuer: &options.token_issuer,
            audience: &options.token_audience,
            subject: &options.subject,
            scopes: &options.scopes,
            lasts: Duration::from_hours(options.hours.into()),
        },
    )?;
    print(&format!("{}\n", token.expose_secret()));
    let keys = fs::canonicalize(data_dir.join(PUBLIC))?;
    eprintln!(
        "A token for development. The server that is to know it: --token-keys {}",
        keys.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// What a token says, beyond that it is good from now on.
pub(super) struct Claims<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) subject: &'a str,
    pub(super) scopes: &'a [Scope],
    pub(super) lasts: Duration,
}

/// A token, signed with a private key of [`new_key`].
pub(super) fn sign(
    key: &SecretString,
    claims: &Claims<'_>,
) -> Result<SecretString, Box<dyn Error>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let scopes: Vec<&str> = claims.scopes.iter().map(|scope| scope.word()).collect();
    let claims = json!({
        "iss": claims.issuer,
        "aud": claims.audience,
        "sub": claims.subject,
        "scope": scopes.join(" "),
        "iat": now.as_secs(),
        "exp": (now + claims.lasts).as_secs(),
    });
    let signer = EncodingKey::from_ed_pem(key.expose_secret().as_bytes())?;
    Ok(encode(&Header::new(Algorithm::EdDSA), &claims, &signer)?.into())
}

/// A private key, as PEM.
pub(super) fn new_key() -> SecretString {
    let key = Ed25519KeyPair::generate().expect("the system has randomness");
    let der = key.to_pkcs8v1().expect("a new key can be written");
    pem::encode(&Pem::new("PRIVATE KEY", der.as_ref())).into()
}

/// The public key to a private one, as PEM.
pub(super) fn public_key(private: &SecretString) -> Result<String, Box<dyn Error>> {
    let private = pem::parse(private.expose_secret())?;
    let key = Ed25519KeyPair::from_pkcs8(private.contents())
        .map_err(|_| format!("{PRIVATE} is no Ed25519 key"))?;
    let der: PublicKeyX509Der<'_> = key
        .public_key()
        .as_der()
        .map_err(|_| format!("{PRIVATE} has no public key"))?;
    Ok(pem::encode(&Pem::new("PUBLIC KEY", der.as_ref())))
}
