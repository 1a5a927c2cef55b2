//! One query for many callers.
//!
//! The first caller starts a run at once; callers that arrive while it is under way form the next one. There is no timer,
//! so a lone caller waits for nobody, and no cache, so every answer is read after its question was asked. For writes this
//! is group commit: one transaction for all that wait, and nobody is answered before it has committed.
//!
//! The idea is DataLoader's (github.com/graphql/dataloader), with PostgreSQL's group commit in place of its timer tick.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    slice, thread,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Duration, timeout},
};

use super::{Error, Limits};

/// A queue of questions of one kind, and the thread that answers them run by run.
///
/// The thread ends when the `Batch` is dropped.
pub(crate) struct Batch<In, Out> {
    queue: mpsc::Sender<Job<In, Out>>,
    deadline: Duration,
}

struct Job<In, Out> {
    input: In,
    reply: oneshot::Sender<Result<Out, Error>>,
}

impl<In: Send + 'static, Out: Send + 'static> Batch<In, Out> {
    /// Starts the thread. `work` takes the inputs of a run and returns one output for each, in their order; what it
    /// changes has to be committed when it returns. On an error nothing of the run may remain, because each input of a
    /// failed run is tried once more alone.
    pub(crate) fn new(
        name: &str,
        limits: Limits,
        work: impl Fn(&[In]) -> Result<Vec<Out>, Error> + Send + 'static,
    ) -> Self {
        let (queue, mut waiting) = mpsc::channel(limits.queue);
        let answer = move || {
            let mut jobs = Vec::new();
            while waiting.blocking_recv_many(&mut jobs, limits.run) > 0 {
                run(&work, jobs.drain(..));
            }
        };
        if let Err(error) = thread::Builder::new().name(name.to_owned()).spawn(answer) {
            // The queue is closed now, so each caller hears that it is busy.
            tracing::error!(%error, "cannot start the thread of {name}");
        }
        Self {
            queue,
            deadline: limits.deadline,
        }
    }

    /// Asks one question and waits for its answer.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], at once, when the queue is full; [`Error::TimedOut`] when the answer is not there before the
    /// deadline (a write may still come to pass); else what the work itself ran into.
    pub(crate) async fn ask(&self, input: In) -> Result<Out, Error> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(Job { input, reply })
            .map_err(|_full| Error::Busy)?;
        match timeout(self.deadline, answer).await {
            Ok(answer) => answer.unwrap_or(Err(Error::Panicked)),
            Err(_elapsed) => Err(Error::TimedOut),
        }
    }

    /// Tells how many wait, without keeping the thread from its end.
    pub(crate) fn queue(&self) -> impl Fn() -> usize + Send + Sync + use<In, Out> {
        let queue = self.queue.downgrade();
        move || {
            let queue = queue.upgrade();
            queue.map_or(0, |queue| queue.max_capacity() - queue.capacity())
        }
    }
}

/// Answers the jobs of one run. Callers that left before it started are passed over: they were promised nothing.
fn run<In, Out>(
    work: &impl Fn(&[In]) -> Result<Vec<Out>, Error>,
    jobs: impl Iterator<Item = Job<In, Out>>,
) {
    let (inputs, replies): (Vec<_>, Vec<_>) = jobs
        .filter(|job| !job.reply.is_closed())
        .map(|job| (job.input, job.reply))
        .unzip();
    if inputs.is_empty() {
        return;
    }
    // A reply that cannot be sent had a caller who left meanwhile; that is the caller's affair.
    match attempt(work, &inputs) {
        Ok(outputs) => {
            for (reply, output) in replies.into_iter().zip(outputs) {
                let _ = reply.send(Ok(output));
            }
        }
        Err(error) if inputs.len() > 1 && error.may_be_one_rows_fault() => {
            let mut timeouts = 0;
            for (input, reply) in inputs
                .iter()
                .zip(replies)
                .filter(|(_, reply)| !reply.is_closed())
            {
                // One row that is locked costs one timeout; a second means that it is not the rows.
                let alone = if timeouts > 1 {
                    Err(Error::TimedOut)
                } else {
                    attempt(work, slice::from_ref(input))
                };
                timeouts += u32::from(matches!(alone, Err(Error::TimedOut)));
                let _ = reply.send(alone.and_then(|mut outputs| outputs.pop().ok_or(UNEVEN)));
            }
        }
        Err(error) => {
            for reply in replies {
                let _ = reply.send(Err(error.clone()));
            }
        }
    }
}

const UNEVEN: Error = Error::Failed("the work did not answer each question once");

fn attempt<In, Out>(
    work: impl Fn(&[In]) -> Result<Vec<Out>, Error>,
    inputs: &[In],
) -> Result<Vec<Out>, Error> {
    // The work shares nothing mutable with us, so a panic leaves nothing half-done on this side; on the database's side
    // the connection of a panicked thread is thrown away, and its transaction with it.
    let outputs =
        catch_unwind(AssertUnwindSafe(|| work(inputs))).unwrap_or(Err(Error::Panicked))?;
    if outputs.len() == inputs.len() {
        Ok(outputs)
    } else {
        Err(UNEVEN)
    }
}

#[cfg(test)]
mod tests;
