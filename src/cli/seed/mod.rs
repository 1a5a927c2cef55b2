//! `seed`: people and orders to look at, through the front door.
//!
//! It is a client like any other, of a server that runs or of one of its own, so that rules, limits and walls hold for it, and
//! what it made looks like what customers make. Everything follows from the seed: what a run finds there already it leaves, so
//! that a run that was stopped can be run again.

mod client;
mod data;
mod fill;

use std::{
    convert::Infallible,
    env,
    error::Error,
    fs::{self, DirBuilder},
    io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use secrecy::SecretString;
use uuid::Uuid;

use self::fill::{Filling, fill};
use super::{
    serve::{allow_many_connections, block_on, with_databases},
    token::{self, Claims},
};
use crate::{
    app::App,
    config::{Config, DatabaseConfig},
    db::embedded,
    http::Scope,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  # The embedded PostgreSQL of ./data, while no server runs on it
  schema-per-service seed

  # A server that runs, with rights
  export TOKEN=$(schema-per-service token olga --scope operator)
  schema-per-service seed --server http://127.0.0.1:8080

  # Much, and other data than the first time
  schema-per-service seed --users 100000 --orders 300000 --seed 2";

#[derive(Args, Debug)]
pub(super) struct Options {
    #[command(flatten)]
    filling: Filling,

    /// The server to fill [default: one of its own while it runs, on a free port of this machine, on the databases below]
    #[arg(long, value_name = "URL", value_parser = base)]
    server: Option<String>,

    /// A token for that server, with operator in its scope
    #[arg(long, env = "TOKEN", hide_env_values = true, value_parser = |text: &str| Ok::<_, Infallible>(SecretString::from(text)))]
    token: Option<SecretString>,

    #[command(flatten)]
    config: DatabaseConfig,
}

pub(super) fn run(options: &Options, unverified: bool) -> Result<ExitCode, Box<dyn Error>> {
    allow_many_connections();
    if let Some(server) = &options.server {
        return block_on(fill(&options.filling, server, options.token.as_ref()));
    }
    let config = Config {
        unverified_database: unverified,
        ..options.config.0.clone()
    };
    // Nobody else may call this server: its one key is ours alone, and lives as long as we do.
    let key = token::new_key();
    let keys = PublicKey::publish(&token::public_key(&key)?)?;
    let config = own_server(config, keys.file());
    let token = token::sign(
        &key,
        &Claims {
            issuer: &config.callers.token_issuer,
            audience: &config.callers.token_audience,
            subject: "seed",
            scopes: &[Scope::Operator],
            lasts: Duration::from_hours(8_760),
        },
    )?;
    let filled = with_databases(&config, |urls, _place| {
        block_on(async {
            let app = App::bind(&config, urls).await?;
            let (server, handle) = (format!("http://{}", app.address()), app.handle());
            let serving = actix_web::rt::spawn(app.run());
            let filled = fill(&options.filling, &server, Some(&token)).await;
            handle.stop(true).await;
            serving.await??;
            filled
        })
    });
    filled.map_err(|error| match error.downcast_ref() {
        Some(embedded::Error::Locked(_)) => format!("{error}; or fill it with --server URL").into(),
        _ => error,
    })
}

/// The settings of a server for us alone.
fn own_server(mut config: Config, keys: PathBuf) -> Config {
    config.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    config.callers.token_keys = Some(keys);
    config.callers.rate_limit = Some(0);
    config.callers.trusted_proxies.clear();
    config.callers.cors_origins.clear();
    config.grace = 0;
    config
}

/// A public key in a folder that only we can write to.
struct PublicKey(PathBuf);

impl PublicKey {
    fn publish(key: &str) -> io::Result<Self> {
        let folder = env::temp_dir().join(format!("seed-{}", Uuid::new_v4()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let key_file = Self(folder);
        fs::write(key_file.file(), key)?;
        Ok(key_file)
    }

    fn file(&self) -> PathBuf {
        self.0.join("keys.pem")
    }
}

impl Drop for PublicKey {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where a server may be.
fn base(text: &str) -> Result<String, &'static str> {
    if text.starts_with("http://") || text.starts_with("https://") {
        Ok(text.to_owned())
    } else {
        Err("must begin with http:// or https://")
    }
}
