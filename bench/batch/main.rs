//! What `Batch` itself costs, without a database: `cargo run --release --example batch`.
//!
//! The work here is nothing, or a pause as long as a round trip to PostgreSQL; what is left is the queue, the threads' waking each
//! other and the way back. `alone` is the same work called without a `Batch`. The sources are the program's own.

#![allow(missing_docs, reason = "a benchmark has no users")]

mod db;

use std::{thread, time::Duration};

use divan::{Bencher, counter::ItemsCount};
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};

use self::db::{Batch, Limits};

const CALLERS: [usize; 4] = [1, 16, 64, 256];
/// About what a small query takes, from question to answer.
const ROUND_TRIP: Duration = Duration::from_micros(100);

fn main() {
    divan::main();
}

fn batch(work: impl Fn() + Send + 'static) -> Batch<u64, u64> {
    let limits = Limits {
        deadline: Duration::from_secs(4),
        queue: 1024,
        run: 256,
    };
    Batch::new("benchmark", limits, move |inputs: &[u64]| {
        work();
        Ok(inputs.to_vec())
    })
}

fn runtime() -> Runtime {
    // As an actix-web worker has it.
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a thread has room for a runtime")
}

fn ask_all(bencher: Bencher<'_, '_>, batch: &Batch<u64, u64>, callers: usize) {
    let runtime = runtime();
    bencher.counter(ItemsCount::new(callers)).bench_local(|| {
        let questions = (0..callers as u64).map(|question| batch.ask(question));
        runtime.block_on(join_all(questions))
    });
}

/// Questions whose answer costs nothing.
#[divan::bench(args = CALLERS)]
fn overhead(bencher: Bencher<'_, '_>, callers: usize) {
    ask_all(bencher, &batch(|| {}), callers);
}

/// Questions that a database answers.
#[divan::bench(args = CALLERS)]
fn round_trip(bencher: Bencher<'_, '_>, callers: usize) {
    ask_all(bencher, &batch(|| thread::sleep(ROUND_TRIP)), callers);
}

/// What a round trip takes when nothing stands between.
#[divan::bench]
fn alone(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| thread::sleep(ROUND_TRIP));
}
