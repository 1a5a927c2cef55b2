//! Fills a server: many clients at once, users first, then their orders.

use std::{
    error::Error,
    fmt, iter,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::Instant,
};

use clap::{Args, value_parser};
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

use super::{
    super::print,
    client::{Client, Failure, Made},
    data::{Person, Sale},
};

/// The most users or orders of one run: each of its users is remembered until their orders are placed.
const MOST: i64 = 10_000_000;

/// What to fill a server with.
#[derive(Args, Clone, Debug)]
pub(super) struct Filling {
    /// Users to register
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=MOST))]
    users: u32,

    /// Orders to place
    #[arg(long, default_value_t = 3_000, value_parser = value_parser!(u32).range(..=MOST))]
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
pub(super) struct Stop(AtomicBool);

/// What stands there after a run, or a part of it.
struct Tally {
    wanted: Filling,
    users: u32,
    /// By where they stand, in the order of [`super::data::Status`].
    orders: [u32; 4],
    new: u32,
}

/// Fills a server, or stops at the first signal; tells what stands there.
pub(super) async fn fill(
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

    pub(super) fn is_asked(&self) -> bool {
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
    let template = "{prefix:6} {wide_bar} {human_pos}/{human_len}, {speed} a second, {eta} left";
    let style = ProgressStyle::with_template(template).expect("a well-formed template");
    let style = style.with_key("speed", |state: &ProgressState, f: &mut dyn fmt::Write| {
        let _ = write!(f, "{:.0}", state.per_sec());
    });
    ProgressBar::new(count.into())
        .with_style(style)
        .with_prefix(what)
}
