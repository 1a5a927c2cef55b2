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

    /// Tells how many jobs wait, without keeping the threads from their end.
    pub(crate) fn queue(&self) -> impl Fn() -> usize + Send + Sync + use<> {
        let jobs = self.jobs.downgrade();
        move || {
            let jobs = jobs.upgrade();
            jobs.map_or(0, |jobs| jobs.max_capacity() - jobs.capacity())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as gate;

    use super::*;

    const LIMITS: Limits = Limits {
        connections: 2,
        connection_wait: Duration::from_secs(1),
        deadline: Duration::from_secs(10),
        queue: 2,
        run: 1,
    };

    #[tokio::test]
    async fn a_crew_does_a_job_for_each_thread_at_once_and_turns_away_whom_it_has_no_room_for() {
        let crew = Crew::new("test", 2, LIMITS);
        let (begun, begins) = gate::channel();
        let (open, opened) = gate::channel::<()>();
        let opened = Arc::new(Mutex::new(opened));
        let asking = || {
            let (crew, begun, opened) = (crew.clone(), begun.clone(), Arc::clone(&opened));
            tokio::spawn(async move {
                let job = move || {
                    begun.send(()).unwrap();
                    opened.lock().unwrap().recv().unwrap();
                    Ok::<_, Error>(1)
                };
                crew.ask(job).await
            })
        };

        let mut callers = vec![asking(), asking()];
        tokio::task::yield_now().await;
        for _ in 0..2 {
            begins.recv_timeout(LIMITS.deadline).unwrap();
        }
        callers.extend([asking(), asking()]);
        tokio::task::yield_now().await;

        let third = begins.recv_timeout(Duration::from_millis(100));
        assert!(third.is_err(), "a third began beside two");
        assert_eq!(crew.ask(|| Ok::<_, Error>(1)).await, Err(Error::Busy));
        for _ in 0..4 {
            open.send(()).unwrap();
        }
        for caller in callers {
            assert_eq!(caller.await.unwrap(), Ok(1));
        }
    }

    #[tokio::test]
    async fn a_job_that_panics_or_takes_too_long_is_told_and_costs_no_thread() {
        let limits = Limits {
            deadline: Duration::from_millis(50),
            ..LIMITS
        };
        let crew = Crew::new("test", 1, limits);
        let (open, opened) = gate::channel::<()>();

        let late = crew
            .ask(move || opened.recv().map_err(|_| Error::Busy))
            .await;
        open.send(()).unwrap();

        assert_eq!(late, Err(Error::TimedOut));
        let patient = Crew {
            deadline: LIMITS.deadline,
            ..crew
        };
        let panicked: Result<(), Error> = patient.ask(|| panic!("on purpose")).await;
        assert_eq!(panicked, Err(Error::Panicked));
        assert_eq!(patient.ask(|| Ok::<_, Error>(1)).await, Ok(1));
    }
}
