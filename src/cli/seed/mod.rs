//! `seed`: people and orders to look at, through the front door.
//!
//! It is a client like any other, of a server that runs or of one of its own, so that rules, limits and walls hold for it, and
//! what it made looks like what customers make. Everything follows from the seed: what a run finds there already it leaves, so
//! that a run that was stopped can be run again.

mod client;
mod data;

use std::{
    convert::Infallible,
    env,
    error::Error,
    fmt,
    fs::{self, DirBuilder},
    io, iter,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use clap::{Args, value_parser};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

use self::{
    client::{Client, Failure, Made},
    data::{Person, Sale},
};
use super::{
    print,
    serve::{block_on, with_databases},
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

/// What to fill a server with.
#[derive(Args, Clone, Debug)]
struct Filling {
    /// Users to register
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..))]
    users: u32,

    /// Orders to place
    #[arg(long, default_value_t = 3_000)]
    orders: u32,

    /// Decides on everything: the same seed and numbers make the same data, another seed adds to it
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Requests under way at the same time
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u32).range(1..=1_024))]
    clients: u32,
}

/// Whether somebody wants us to stop.
#[derive(Default)]
struct Stop(AtomicBool);

/// What stands there after a run, or a part of it.
struct Tally {
    wanted: Filling,
    users: u32,
    /// By where they stand, in the order of [`data::Status`].
    orders: [u32; 4],
    new: u32,
}

pub(super) fn run(options: &Options, unverified: bool) -> Result<ExitCode, Box<dyn Error>> {
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

/// Fills a server, or stops at the first signal; tells what stands there.
async fn fill(
    filling: &Filling,
    server: &str,
    token: Option<&SecretString>,
) -> Result<ExitCode, Box<dyn Error>> {
    let stop = Arc::new(Stop::default());
    let run = Run {
        filling: filling.clone(),
        server: server.trim_end_matches('/').to_owned(),
        token: token.cloned(),
        stop: Arc::clone(&stop),
    };
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    let listener = actix_web::rt::spawn(async move {
        if let [Ok(interrupt), Ok(terminate)] = &mut signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            stop.ask();
        }
    });
    let begun = Instant::now();
    let (tally, ended) = actix_web::rt::task::spawn_blocking(move || run.to_its_end()).await?;
    listener.abort();

    let seconds = begun.elapsed().as_secs_f64();
    match ended {
        Ok(()) => {
            let speed = f64::from(tally.users + tally.orders()) / seconds;
            print(&format!("{tally}: {seconds:.1} s, {speed:.0} a second\n"));
            Ok(ExitCode::SUCCESS)
        }
        Err(Failure::Stopped) => {
            print(&format!(
                "Stopped. {tally}. The same command goes on from there.\n"
            ));
            Ok(ExitCode::FAILURE)
        }
        Err(Failure::Refused(reason)) => Err(format!("{reason}. {tally}").into()),
    }
}

struct Run {
    filling: Filling,
    server: String,
    token: Option<SecretString>,
    stop: Arc<Stop>,
}

impl Run {
    /// Users first, then their orders. Returns how far it came, and why no further.
    fn to_its_end(&self) -> (Tally, Result<(), Failure>) {
        let Filling {
            users,
            orders,
            seed,
            ..
        } = self.filling;
        let mut tally = Tally {
            wanted: self.filling.clone(),
            users: 0,
            orders: [0; 4],
            new: 0,
        };
        let mut ids = vec![Uuid::nil(); users as usize];
        let registered = self.share_out(
            "users",
            users,
            |client, number| client.register(&Person::new(seed, number)),
            |number, Made { what, is_new }| {
                tally.users += 1;
                tally.new += u32::from(is_new);
                ids[number as usize] = what;
            },
        );
        let sold = registered.and_then(|()| {
            self.share_out(
                "orders",
                orders,
                |client, number| {
                    let sale = Sale::new(seed, number, users);
                    let customer = ids[sale.customer as usize];
                    client.sell(&sale, format!("seed-{seed}-{number}"), customer)
                },
                |_number, Made { what, is_new }| {
                    tally.orders[what as usize] += 1;
                    tally.new += u32::from(is_new);
                },
            )
        });
        (tally, sold)
    }

    /// Lets the clients work on the numbers below `count`, all at once, and hears of what they make of each. The first who
    /// fails stops all.
    fn share_out<T: Send>(
        &self,
        what: &'static str,
        count: u32,
        work: impl Fn(&Client<'_>, u32) -> Result<T, Failure> + Sync,
        mut hear: impl FnMut(u32, T),
    ) -> Result<(), Failure> {
        let bar = progress(what, count);
        let next = AtomicU32::new(0);
        let (sender, outcomes) = mpsc::channel();
        let be_client = |outcomes: mpsc::Sender<_>| {
            let client = Client::new(&self.server, self.token.as_ref(), &self.stop);
            let next = || Some(next.fetch_add(1, Relaxed)).filter(|number| *number < count);
            for number in iter::from_fn(next) {
                let outcome = work(&client, number).map(|made| (number, made));
                let is_over = outcome.is_err();
                if outcomes.send(outcome).is_err() || is_over {
                    return;
                }
            }
        };
        thread::scope(|scope| {
            for sender in iter::repeat_n(sender, self.filling.clients as usize) {
                scope.spawn(|| be_client(sender));
            }
            let mut ended = Ok(());
            // To the last one, so that what was under way when another failed is counted too.
            for outcome in outcomes {
                match outcome {
                    Ok((number, made)) => {
                        hear(number, made);
                        bar.inc(1);
                    }
                    Err(failure) => {
                        self.stop.ask();
                        if !matches!(ended, Err(Failure::Refused(_))) {
                            ended = Err(failure);
                        }
                    }
                }
            }
            bar.finish_and_clear();
            ended
        })
    }
}

impl Stop {
    fn ask(&self) {
        self.0.store(true, Relaxed);
    }

    fn is_asked(&self) -> bool {
        self.0.load(Relaxed)
    }
}

impl Tally {
    fn orders(&self) -> u32 {
        self.orders.iter().sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number: u32| HumanCount(number.into());
        let of = |made: u32, wanted: u32| match made {
            made if made == wanted => count(made).to_string(),
            made => format!("{} of {}", count(made), count(wanted)),
        };
        let users = of(self.users, self.wanted.users);
        let orders = of(self.orders(), self.wanted.orders);
        let [placed, cancelled, shipped, delivered] = self.orders.map(count);
        let new = count(self.new);
        write!(
            f,
            "{users} users and {orders} orders stand there ({placed} placed, {cancelled} cancelled, {shipped} shipped, \
             {delivered} delivered), {new} of them new"
        )
    }
}

fn progress(what: &'static str, count: u32) -> ProgressBar {
    let template = "{prefix:6} {wide_bar} {human_pos}/{human_len}, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template).expect("a well-formed template");
    ProgressBar::new(count.into())
        .with_style(style)
        .with_prefix(what)
}

/// Where a server may be.
fn base(text: &str) -> Result<String, &'static str> {
    if text.starts_with("http://") || text.starts_with("https://") {
        Ok(text.to_owned())
    } else {
        Err("must begin with http:// or https://")
    }
}
