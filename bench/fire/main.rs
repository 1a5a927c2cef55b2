//! Sets fire to servers and their database while clients use them, then checks from outside that every promise was kept.
//!
//! It starts a PostgreSQL of its own and some servers on it. Clients register, order, ship, rename and leave, hang up in the
//! middle, ask twice, and ask again until they have an answer; meanwhile servers and PostgreSQL are killed. Then the load
//! stops, the feed drains, and what the clients were told is compared with what stands in the tables.
//!
//! `cargo run --release --example fire -- --server target/release/schema-per-service`
//!
//! A server that is built with debug assertions also aborts at named points, between a commit and what follows it.
//!
//! The exit code is 0 when everything is as promised, 1 when something is not, and 2 when the run could not be done.

mod book;
mod check;
mod client;
mod house;
mod lag;
mod load;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use clap::{Parser, value_parser};
use fastrand::Rng;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};

use self::{book::Book, client::Client, house::House};

/// How long requests that are under way may take once the load has stopped.
const LAST_ORDERS: Duration = Duration::from_secs(15);

/// Kills servers and their database under load, and checks that nothing is lost, doubled or left half done
#[derive(Parser)]
struct Options {
    /// The program to run as a server
    #[arg(long, default_value = "target/release/schema-per-service")]
    server: PathBuf,
    /// Seconds of load
    #[arg(long, default_value_t = 60, value_parser = value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Servers to kill, at least
    #[arg(long, default_value_t = 20)]
    server_kills: u32,
    /// Times to kill PostgreSQL
    #[arg(long, default_value_t = 5)]
    database_kills: u32,
    /// Clients that ask at the same time
    #[arg(long, default_value_t = 16, value_parser = value_parser!(u32).range(1..=256))]
    clients: u32,
    /// Servers at the same time
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(1..=4))]
    servers: u32,
    /// Decides what is done and when; the machine decides how far it gets
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A file for what the servers log
    #[arg(long)]
    log: Option<PathBuf>,
}

/// What all threads of a run share.
struct Run {
    options: Options,
    begun: Instant,
    phase: AtomicU8,
    book: Book,
    house: House,
}

/// What a run is doing. It only ever goes on to a later one.
#[derive(Clone, Copy)]
enum Phase {
    Load,
    /// No new requests and no kills; what is under way may finish.
    Settle,
    /// Every thread ends.
    Over,
}

/// Ends a run when dropped, so that its threads end however the one that waits for them does.
struct End<'run>(&'run Run);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.enter(Phase::Over);
    }
}

fn main() -> ExitCode {
    match fire(Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("fire: {why}");
            ExitCode::from(2)
        }
    }
}

/// Does the run and prints what came of it; tells whether every promise was kept.
fn fire(options: Options) -> Result<bool, String> {
    let run = Run {
        house: House::build(&options)?,
        begun: Instant::now(),
        phase: AtomicU8::new(Phase::Load as u8),
        book: Book::default(),
        options,
    };
    let lag = thread::scope(|scope| {
        let end = End(&run);
        scope.spawn(|| heed_signals(&run));
        let watching = scope.spawn(|| lag::watch(&run));
        for (number, place) in (0..).zip(run.house.places()) {
            let rng = run.rng("server", number);
            scope.spawn(|| house::keep_a_server(&run, place, rng));
        }
        scope.spawn(|| house::kill_databases(&run, run.rng("database", 0)));
        let clients: Vec<_> = (0..run.options.clients)
            .map(|number| Client::new(&run, run.rng("client", number)))
            .map(|client| scope.spawn(|| load::work(client)))
            .collect();
        show_progress(&run);
        run.enter(Phase::Settle);
        if !clients.into_iter().all(|client| client.join().is_ok()) {
            return Err("a client panicked".to_owned());
        }
        check::settle(&run);
        if run.is_over() {
            return Err("interrupted".to_owned());
        }
        drop(end);
        watching.join().map_err(|_| "the watch panicked".to_owned())
    })?;
    if run.book.is_empty() {
        return Err("no server ever answered".to_owned());
    }
    check::check(&run)?;
    print!("{}{}{lag}\n{}", run.book, run.house, run.book.findings);
    Ok(run.book.findings.are_none())
}

impl Run {
    fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::Relaxed);
    }

    fn is_loading(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == Phase::Load as u8
    }

    fn is_over(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == Phase::Over as u8
    }

    /// How long there is load.
    fn length(&self) -> Duration {
        Duration::from_secs(self.options.seconds.into())
    }

    /// Whether requests that have no answer yet get none any more.
    fn has_given_up(&self) -> bool {
        self.is_over() || self.begun.elapsed() > self.length() + LAST_ORDERS
    }

    /// A stream of random numbers for one thread.
    fn rng(&self, thread: &str, number: u32) -> Rng {
        let name = thread.bytes().chain(number.to_le_bytes());
        Rng::with_seed(name.fold(self.options.seed, |seed, byte| {
            Rng::with_seed(seed ^ u64::from(byte)).u64(..)
        }))
    }
}

/// Ctrl-C and SIGTERM end the run in order: everything that it started ends, and its folder goes.
fn heed_signals(run: &Run) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for signals");
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).expect("a handler for SIGINT");
        let mut terminate = signal(SignalKind::terminate()).expect("a handler for SIGTERM");
        while !run.is_over() {
            tokio::select! {
                _ = interrupt.recv() => run.enter(Phase::Over),
                _ = terminate.recv() => run.enter(Phase::Over),
                () = tokio::time::sleep(Duration::from_millis(50)) => (),
            }
        }
    });
}

/// Returns when the time for load is over.
fn show_progress(run: &Run) {
    let template = "{elapsed:>4} {wide_bar} {len}s  {msg}";
    let style = ProgressStyle::with_template(template).expect("a well-formed template");
    let bar = ProgressBar::new(run.options.seconds.into()).with_style(style);
    while run.is_loading() && run.begun.elapsed() < run.length() {
        thread::sleep(Duration::from_millis(100));
        bar.set_position(run.begun.elapsed().as_secs());
        bar.set_message(format!("{} kills, {}", run.house.kills(), run.book.short()));
    }
    bar.finish_and_clear();
}

/// What a panicked thread left is still good enough to report.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
