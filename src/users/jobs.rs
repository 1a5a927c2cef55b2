//! What users does without being asked.

use super::store::{UsersPool, feed};
use crate::db::{Upkeep, Worker};

/// Forgets old facts now and again.
pub(super) fn upkeep(pool: UsersPool, upkeep: Upkeep) -> Worker {
    Worker::forgetting("users upkeep", upkeep.every, move |most| {
        pool.with(|conn| feed::prune(conn, upkeep.facts_kept, most))
    })
}
