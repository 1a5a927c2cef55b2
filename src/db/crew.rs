//! Threads for work that blocks and is no question of a [`Batch`](super::Batch).
//!
//! Each takes its next job itself. A permit taken by an async worker, which then wakes a thread of a pool, costs two more switches
//! between threads for each job as soon as many wait; and such a pool knows nothing of services.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Duration, timeout},
};

use super::{Error, Limits};

/// A queue of jobs and the threads that do them. They end with its last clone.
#[derive(Clone)]
pub(crate) struct Crew {
    jobs: mpsc::Sender<Job>,
    deadline: Duration,
}

type Job = Box<dyn FnOnce() + Send>;

impl Crew {
    /// Starts the threads. A frozen database holds so many and not one more.
    pub(crate) fn new(name: &str, threads: u32, limits: Limits) -> Self {
        let (jobs, waiting) = mpsc::channel::<Job>(limits.queue);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads {
            let waiting = Arc::clone(&waiting);
            let next = move || {
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.blocking_recv()
            };
            let work = move || {
                while let Some(job) = next() {
                    job();
                }
            };
            if let Err(error) = thread::Builder::new().name(name.to_owned()).spawn(work) {
                tracing::error!(%error, "cannot start a thread of {name}");
            }
        }
        Self {
            jobs,
            deadline: limits.deadline,
        }
    }

    /// Has work done and waits for its outcome.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], at once, when the queue is full; [`Error::TimedOut`] when the outcome is not there before the deadline (a
    /// change may still come to pass); else what the work itself ran into.
    pub(crate) async fn ask<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (reply, outcome) = oneshot::channel();
        let job = move || {
            // Whoever left before it began was promised nothing.
            if !reply.is_closed() {
                let outcome = catch_unwind(AssertUnwindSafe(work));
                let _ = reply.send(outcome.unwrap_or_else(|_panic| Err(Error::Panicked.into())));
            }
        };
        self.jobs
            .try_send(Box::new(job))
            .map_err(|_full| Error::Busy)?;
        match timeout(self.deadline, outcome).await {
            Ok(outcome) => outcome.unwrap_or_else(|_closed| Err(Error::Panicked.into())),
            Err(_elapsed) => Err(Error::TimedOut.into()),
        }
    }
}
