//! What a batch promises, without a database: the work here is a closure that tells what it was asked.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use futures_util::future::join_all;
use tokio::{task::yield_now, time::Duration};

use super::*;

const LIMITS: Limits = Limits {
    connections: 1,
    connection_wait: Duration::from_secs(1),
    deadline: Duration::from_secs(10),
    queue: 8,
    run: 4,
};

/// Work that waits at a gate: it says which inputs it got, then goes on when it is let.
struct Gate {
    asked: mpsc::Receiver<Vec<u32>>,
    open: mpsc::Sender<()>,
}

fn gated(limits: Limits) -> (Arc<Batch<u32, u32>>, Gate) {
    let (tell, asked) = mpsc::channel();
    let (open, wait) = mpsc::channel();
    let batch = Batch::new("test", limits, move |inputs: &[u32]| {
        tell.send(inputs.to_vec()).ok();
        wait.recv().ok();
        Ok(doubled(inputs))
    });
    (Arc::new(batch), Gate { asked, open })
}

fn doubled(inputs: &[u32]) -> Vec<u32> {
    inputs.iter().map(|input| input * 2).collect()
}

/// A caller that asks in the background.
fn asking(batch: &Arc<Batch<u32, u32>>, input: u32) -> tokio::task::JoinHandle<Result<u32, Error>> {
    let batch = Arc::clone(batch);
    tokio::spawn(async move { batch.ask(input).await })
}

/// Lets the spawned callers get as far as the queue; the runtime of these tests has one thread.
async fn queued() {
    for _ in 0..16 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_lone_caller_starts_at_once_and_alone() {
    let (batch, gate) = gated(LIMITS);

    let caller = asking(&batch, 21);
    queued().await;

    assert_eq!(gate.asked.recv(), Ok(vec![21]));
    gate.open.send(()).unwrap();
    assert_eq!(caller.await.unwrap(), Ok(42));
}

#[tokio::test]
async fn callers_during_a_run_share_the_next_and_get_their_own_answers() {
    let (batch, gate) = gated(LIMITS);
    let first = asking(&batch, 1);
    queued().await;
    assert_eq!(gate.asked.recv(), Ok(vec![1]));

    let others = [2, 3, 4].map(|input| asking(&batch, input));
    queued().await;
    gate.open.send(()).unwrap();

    assert_eq!(gate.asked.recv(), Ok(vec![2, 3, 4]));
    gate.open.send(()).unwrap();
    assert_eq!(first.await.unwrap(), Ok(2));
    let answers: Vec<_> = join_all(others)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(answers, [Ok(4), Ok(6), Ok(8)]);
}

#[tokio::test]
async fn a_run_takes_no_more_than_its_limit() {
    let (batch, gate) = gated(LIMITS);
    let first = asking(&batch, 0);
    queued().await;
    gate.asked.recv().unwrap();

    let others = [1, 2, 3, 4, 5, 6].map(|input| asking(&batch, input));
    queued().await;
    for _ in 0..3 {
        gate.open.send(()).unwrap();
    }

    assert_eq!(gate.asked.recv(), Ok(vec![1, 2, 3, 4]));
    assert_eq!(gate.asked.recv(), Ok(vec![5, 6]));
    join_all(others).await;
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn nobody_is_answered_before_the_work_has_returned() {
    let (batch, gate) = gated(LIMITS);

    let caller = asking(&batch, 1);
    queued().await;
    gate.asked.recv().unwrap();
    queued().await;

    assert!(!caller.is_finished());
    gate.open.send(()).unwrap();
    caller.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_queue_answers_at_once() {
    let (batch, gate) = gated(LIMITS);
    let first = asking(&batch, 0);
    queued().await;
    gate.asked.recv().unwrap();
    let waiting: Vec<_> = (0..8).map(|input| asking(&batch, input)).collect();
    queued().await;

    // The run stands still, so this answer can have waited for nothing.
    assert_eq!(batch.ask(9).await, Err(Error::Busy));

    for _ in 0..3 {
        gate.open.send(()).unwrap();
    }
    assert_eq!(first.await.unwrap(), Ok(0));
    assert!(
        join_all(waiting)
            .await
            .into_iter()
            .all(|answer| answer.unwrap().is_ok())
    );
}

#[tokio::test]
async fn a_caller_whose_deadline_passes_is_told_and_the_next_is_served() {
    let (batch, gate) = gated(Limits {
        deadline: Duration::from_millis(50),
        ..LIMITS
    });

    assert_eq!(batch.ask(1).await, Err(Error::TimedOut));

    gate.open.send(()).unwrap();
    gate.open.send(()).unwrap();
    assert_eq!(batch.ask(2).await, Ok(4));
}

#[tokio::test]
async fn a_dropped_caller_harms_nobody_and_its_question_is_not_asked() {
    let (batch, gate) = gated(LIMITS);
    let leaves_during_its_run = asking(&batch, 1);
    queued().await;
    gate.asked.recv().unwrap();
    let leaves_in_the_queue = asking(&batch, 2);
    let stays = asking(&batch, 3);
    queued().await;

    leaves_during_its_run.abort();
    leaves_in_the_queue.abort();
    queued().await;
    gate.open.send(()).unwrap();
    gate.open.send(()).unwrap();

    assert_eq!(gate.asked.recv(), Ok(vec![3]));
    assert_eq!(stays.await.unwrap(), Ok(6));
}

#[tokio::test]
async fn a_panic_reaches_its_callers_as_an_error_and_the_next_run_works() {
    let batch = Batch::new("test", LIMITS, |inputs: &[u32]| {
        assert!(!inputs.contains(&13), "thirteen");
        Ok(doubled(inputs))
    });

    assert_eq!(batch.ask(13).await, Err(Error::Panicked));
    assert_eq!(batch.ask(1).await, Ok(2));
}

/// Work that refuses any run that holds `13`, waits at a gate with `0`, and tells the size of each run.
struct Refusing {
    batch: Arc<Batch<u32, u32>>,
    sizes: mpsc::Receiver<usize>,
    open: mpsc::Sender<()>,
}

fn refusing(error: Error) -> Refusing {
    let (open, wait) = mpsc::channel();
    let (tell, sizes) = mpsc::channel();
    let batch = Batch::new("test", LIMITS, move |inputs: &[u32]| {
        tell.send(inputs.len()).ok();
        if inputs == [0] {
            wait.recv().ok();
        }
        if inputs.contains(&13) {
            Err(error.clone())
        } else {
            Ok(doubled(inputs))
        }
    });
    Refusing {
        batch: Arc::new(batch),
        sizes,
        open,
    }
}

impl Refusing {
    /// The answers to 1, 13 and 2 asked in one run, and the sizes of the runs that it took.
    async fn ask_1_13_2(self) -> (Vec<Result<u32, Error>>, Vec<usize>) {
        let first = asking(&self.batch, 0);
        queued().await;
        assert_eq!(self.sizes.recv(), Ok(1));
        let others = [1, 13, 2].map(|input| asking(&self.batch, input));
        queued().await;
        self.open.send(()).unwrap();

        first.await.unwrap().unwrap();
        let answers = join_all(others).await.into_iter().map(Result::unwrap);
        (answers.collect(), self.sizes.try_iter().collect())
    }
}

#[tokio::test]
async fn a_failed_run_of_several_is_retried_one_by_one_so_one_bad_row_spoils_only_itself() {
    let refused = Error::Failed("thirteen");

    let (answers, sizes) = refusing(refused.clone()).ask_1_13_2().await;

    assert_eq!(answers, [Ok(2), Err(refused), Ok(4)]);
    assert_eq!(sizes, [3, 1, 1, 1]);
}

#[tokio::test]
async fn a_database_that_is_away_is_not_asked_once_more_for_each_caller() {
    let away = Error::Unavailable;

    let (answers, sizes) = refusing(away.clone()).ask_1_13_2().await;

    assert_eq!(answers, [Err(away.clone()), Err(away.clone()), Err(away)]);
    assert_eq!(sizes, [3]);
}

#[tokio::test]
async fn a_locked_table_is_not_waited_for_once_more_for_each_caller() {
    let (tell, sizes) = mpsc::channel();
    let jobs = (0..6).map(|input| {
        let (reply, answer) = oneshot::channel();
        // The caller stays.
        std::mem::forget(answer);
        Job { input, reply }
    });
    let locked = |inputs: &[u32]| {
        tell.send(inputs.len()).ok();
        Err::<Vec<u32>, _>(Error::TimedOut)
    };
    run(&locked, jobs);
    assert_eq!(sizes.try_iter().collect::<Vec<_>>(), [6, 1, 1]);
}

#[tokio::test]
async fn work_that_loses_an_answer_is_an_error_and_no_one_gets_anothers() {
    let batch = Batch::new("test", LIMITS, |_: &[u32]| Ok(Vec::<u32>::new()));

    assert_eq!(batch.ask(1).await, Err(UNEVEN));
}

#[tokio::test]
async fn the_thread_ends_with_its_batch() {
    let runs = Arc::new(AtomicUsize::new(0));
    let held_by_the_thread = Arc::clone(&runs);
    let batch = Batch::new("test", LIMITS, move |inputs: &[u32]| {
        held_by_the_thread.fetch_add(1, Ordering::Relaxed);
        Ok(doubled(inputs))
    });
    batch.ask(1).await.unwrap();

    drop(batch);

    while Arc::strong_count(&runs) > 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
