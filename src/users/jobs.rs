//! What users does without being asked.

use super::store::{UsersPool, feed};
use crate::db::{Upkeep, Worker};

/// Facts deleted in one step, so that no step holds its locks for long.
const STEP: u16 = 1_000;

/// Forgets old facts now and again.
pub(super) fn upkeep(pool: UsersPool, upkeep: Upkeep) -> Worker {
    Worker::start("users upkeep", move || {
        let pruned = pool.with(|conn| feed::prune(conn, upkeep.facts_kept, STEP.into()));
        // What fails is tried again next time; that the database is away, others tell.
        if pruned.is_ok_and(|count| count == usize::from(STEP)) {
            Worker::NOW
        } else {
            upkeep.every
        }
    })
}
