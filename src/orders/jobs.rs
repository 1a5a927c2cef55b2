//! What orders does without being asked: it reads the feed of users, and forgets old keys.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::{Duration, Instant},
};

use super::{
    SERVICE,
    store::{OrdersPool, closings, feed, place},
};
use crate::{
    db::{self, Upkeep, Worker, fault},
    http::Retried,
    users::{Event, Users},
};

/// Facts or answers in one step, so that no step holds its locks for long.
const STEP: u16 = 500;
/// Facts that were set aside and are tried again between two looks at the feed.
const RETRIES: u16 = 50;
/// The shortest time between two steps, unless there is a whole one to take. Whoever is woken by each commit of users would
/// otherwise commit as often; so facts gather, and one transaction applies them.
const PACE: Duration = Duration::from_millis(25);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often the database may be too slow for a run before a fact of it is taken for the cause.
const PATIENCE: u32 = 3;

/// Forgets old keys now and again.
pub(super) fn upkeep(pool: OrdersPool, upkeep: Upkeep, keys_kept: Duration) -> Worker {
    Worker::forgetting("orders upkeep", upkeep.every, move |most| {
        pool.with(|conn| place::expire_keys(conn, keys_kept, most))
    })
}

/// Follows the feed, woken by users whenever this process appends to it.
pub(super) fn follow(pool: OrdersPool, users: &Users, upkeep: Upkeep) -> Worker {
    let mut follower = Follower {
        pool,
        users: users.clone(),
        upkeep,
        noted: None,
        applied: None,
        is_stuck: false,
        failures: 0,
        timeouts: 0,
    };
    let worker = Worker::start("orders follow", move || follower.round());
    if let Some(thread) = worker.thread() {
        users.wake(thread.clone());
    }
    worker
}

/// Reads the feed. Any number of processes may: the one that commits first moves the cursor, and the others begin again from
/// there.
struct Follower {
    pool: OrdersPool,
    users: Users,
    upkeep: Upkeep,
    /// When users last heard how far we are.
    noted: Option<Instant>,
    /// When we last applied all the facts that there were.
    applied: Option<Instant>,
    /// Whether the log was told of a failure since the last success.
    is_stuck: bool,
    /// Failures since the last success.
    failures: u32,
    /// Runs since the last one that was applied for which the database was too slow.
    timeouts: u32,
}

impl Follower {
    /// One look at the feed; returns the pause until the next.
    fn round(&mut self) -> Duration {
        match self.look() {
            Ok(more) => {
                if self.is_stuck {
                    tracing::info!("{} follows the feed again", SERVICE.name());
                }
                self.is_stuck = false;
                self.failures = 0;
                if more { Worker::NOW } else { self.upkeep.poll }
            }
            Err(error) => {
                // That a database is away, its pool tells.
                if !self.is_stuck && error != db::Error::Unavailable {
                    tracing::warn!("{} cannot follow the feed: {error}", SERVICE.name());
                    self.is_stuck = true;
                }
                self.failures += 1;
                let doubled = 1 << self.failures.min(10);
                self.upkeep.poll.saturating_mul(doubled).min(LONGEST_PAUSE)
            }
        }
    }

    /// Applies what is new, answers who waits for an answer, and tries again what failed; none of the three waits for another's
    /// success. Returns whether there is more.
    fn look(&mut self) -> Result<bool, db::Error> {
        let read = self.read();
        if read == Err(ANOTHER_FEED) {
            // What we have to say was asked by users who are no more as they were.
            return read;
        }
        let answered = self.answer();
        let retried = self.retry();
        let noted = self.note();
        let (more, more_aside) = (read?, retried?);
        answered?;
        noted?;
        Ok(more || more_aside)
    }

    /// Applies the facts that follow our place.
    fn read(&mut self) -> Result<bool, db::Error> {
        if let Some(applied) = self.applied {
            thread::sleep(PACE.saturating_sub(applied.elapsed()));
        }
        // Asked each time: another process may have moved on, or gone back to the beginning.
        let place = self.pool.with(feed::place)?;
        let events = self
            .users
            .read_feed(place, STEP.into())?
            .ok_or(ANOTHER_FEED)?;
        if events.is_empty() {
            return Ok(false);
        }
        let applied = self.apply(place.position, &events);
        match applied {
            Ok(_) => self.timeouts = 0,
            Err(db::Error::TimedOut) => self.timeouts += 1,
            Err(_) => {}
        }
        let is_ours = applied?.is_some();
        let is_whole = events.len() == usize::from(STEP);
        self.applied = (!is_whole).then(Instant::now);
        fault::point("follow-applied");
        // When another process was faster, the rest is its affair as well.
        Ok(is_ours && is_whole)
    }

    /// Tries facts that were set aside and are due, until one takes long. Returns whether there may be more of them.
    fn retry(&self) -> Result<bool, db::Error> {
        let due = self.pool.with(|conn| feed::due(conn, RETRIES.into()))?;
        for position in &due {
            let begun = Instant::now();
            retry(&self.pool, *position)?;
            if begun.elapsed() > self.upkeep.poll {
                return Ok(false);
            }
        }
        Ok(due.len() == usize::from(RETRIES))
    }

    /// Tells users now and again how far we are.
    fn note(&mut self) -> Result<(), db::Error> {
        if self.noted.is_none_or(|at| at.elapsed() > self.upkeep.every) {
            let place = self.pool.with(feed::place)?;
            self.users.note_reader(SERVICE.name(), place.position)?;
            self.noted = Some(Instant::now());
        }
        Ok(())
    }

    /// Applies facts. If they fail together, each half is tried alone, until the one that is to blame stands alone and is set
    /// aside.
    fn apply(&self, after: i64, events: &[Event]) -> Result<Option<i64>, db::Error> {
        let follow = |failure: Option<&db::Error>| {
            let applied = catch_unwind(AssertUnwindSafe(|| {
                self.pool.with(|conn| {
                    conn.transaction(|conn| feed::follow(conn, after, events, failure))
                })
            }));
            applied.unwrap_or(Err(db::Error::Panicked))
        };
        match follow(None) {
            Err(error) if self.blames_a_fact(&error) => {
                if events.len() == 1 {
                    return follow(Some(&error));
                }
                let (first, second) = events.split_at(events.len() / 2);
                match self.apply(after, first)? {
                    Some(after) => self.apply(after, second),
                    None => Ok(None),
                }
            }
            done => done,
        }
    }

    fn blames_a_fact(&self, error: &db::Error) -> bool {
        let is_patient = *error == db::Error::TimedOut && self.timeouts < PATIENCE;
        error.may_be_one_rows_fault() && !is_patient
    }

    /// Gives users our answers, again and again until the feed shows that they have arrived.
    fn answer(&self) -> Result<(), db::Error> {
        let answers = self
            .pool
            .with(|conn| closings::pending(conn, STEP.into()))?;
        if !answers.is_empty() {
            self.users.settle(&answers)?;
            fault::point("follow-settled");
        }
        Ok(())
    }
}

/// Users was restored from a backup. What it told us since then is not true any more.
const ANOTHER_FEED: db::Error =
    db::Error::Failed("the feed is not the one that was read; after a restore, run rebuild");

/// Tries one fact that was set aside; `None` when another process is at it, or was.
pub(super) fn retry(pool: &OrdersPool, position: i64) -> Result<Option<Retried>, db::Error> {
    let tried = catch_unwind(AssertUnwindSafe(|| {
        pool.with(|conn| conn.transaction(|conn| feed::retry(conn, position)))
    }));
    let failure = match tried.unwrap_or(Err(db::Error::Panicked)) {
        Ok(false) => return Ok(None),
        Ok(true) => {
            tracing::info!(position, "a fact that was set aside is applied");
            None
        }
        Err(error) if error.may_be_one_rows_fault() => {
            pool.with(|conn| conn.transaction(|conn| feed::postpone(conn, position, &error)))?;
            Some(error.to_string())
        }
        Err(error) => return Err(error),
    };
    Ok(Some(Retried { position, failure }))
}
