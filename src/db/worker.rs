//! Threads that do something now and again.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Thread},
    time::Duration,
};

use super::Error;

/// How often a service looks after itself.
#[derive(Clone, Copy, Debug)]
pub struct Upkeep {
    /// The longest time in which a reader of a feed overlooks a fact of another process.
    pub poll: Duration,
    /// The time between two rounds of tidying up.
    pub every: Duration,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(200),
            every: Duration::from_secs(60),
        }
    }
}

/// A thread that does one thing again and again, until this value is dropped.
pub(crate) struct Worker {
    thread: Option<Thread>,
    stopped: Arc<AtomicBool>,
}

impl Worker {
    /// No pause at all.
    pub(crate) const NOW: Duration = Duration::ZERO;
    /// The pause after a panic, which the log has told of.
    const RECOVERY: Duration = Duration::from_secs(1);

    /// Starts the thread. `work` returns the time until it is done again; unparking the thread ends that time.
    pub(crate) fn start(name: &str, mut work: impl FnMut() -> Duration + Send + 'static) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let run = {
            let stopped = Arc::clone(&stopped);
            move || {
                while !stopped.load(Ordering::Acquire) {
                    let pause = catch_unwind(AssertUnwindSafe(&mut work));
                    thread::park_timeout(pause.unwrap_or(Self::RECOVERY));
                }
            }
        };
        let thread = match thread::Builder::new().name(name.to_owned()).spawn(run) {
            Ok(handle) => Some(handle.thread().clone()),
            Err(error) => {
                tracing::error!(%error, "cannot start the thread of {name}");
                None
            }
        };
        Self { thread, stopped }
    }

    /// Starts a thread that forgets what is old, in steps so small that none holds its locks for long. `forget` takes the most
    /// that it may forget and returns how many it forgot; after a full step it is asked again at once.
    pub(crate) fn forgetting(
        name: &'static str,
        every: Duration,
        forget: impl Fn(i64) -> Result<usize, Error> + Send + 'static,
    ) -> Self {
        const STEP: u16 = 500;

        Self::start(name, move || {
            match forget(STEP.into()) {
                Ok(count) if count == usize::from(STEP) => return Self::NOW,
                // That the database is away, its pool tells.
                Ok(_) | Err(Error::Unavailable) => {}
                Err(error) => tracing::warn!("{name} cannot forget what is old: {error}"),
            }
            every
        })
    }

    /// The thread, for whoever wakes it; `None` when it could not be started.
    pub(crate) fn thread(&self) -> Option<&Thread> {
        self.thread.as_ref()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_worker_works_at_once_and_whenever_it_is_woken_and_ends_when_dropped() {
        let (tell, told) = mpsc::channel();
        let worker = Worker::start("worker", move || {
            tell.send(()).unwrap();
            LONG
        });

        told.recv_timeout(LONG).unwrap();
        worker.thread().unwrap().unpark();
        told.recv_timeout(LONG).unwrap();
        drop(worker);

        // Its end drops the sender.
        while told.recv_timeout(LONG) == Ok(()) {}
        assert_eq!(told.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    }

    #[test]
    fn a_worker_survives_its_panics() {
        let (tell, told) = mpsc::channel();
        let _worker = Worker::start("worker", move || {
            tell.send(()).unwrap();
            panic!("once more");
        });

        for _ in 0..2 {
            told.recv_timeout(LONG).unwrap();
        }
    }
}
