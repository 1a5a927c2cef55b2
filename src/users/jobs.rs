//! What users does without being asked.

use super::store::{UsersPool, feed};
use crate::db::{self, Upkeep, Worker};

/// Facts deleted in one step, so that no step holds its locks for long.
const STEP: u16 = 1_000;

/// Forgets old facts now and again.
pub(super) fn upkeep(pool: UsersPool, upkeep: Upkeep) -> Worker {
    Worker::start("users upkeep", move || {
        let pruned = pool.with(|conn| feed::prune(conn, upkeep.facts_kept, STEP.into()));
        match pruned {
            Ok(count) if count == usize::from(STEP) => return Worker::NOW,
            // That the database is away, its pool tells.
            Ok(_) | Err(db::Error::Unavailable) => {}
            Err(error) => tracing::warn!("users cannot forget old facts: {error}"),
        }
        upkeep.every
    })
}
