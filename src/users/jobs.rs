//! What users does without being asked.

use std::time::Duration;

use super::store::{UsersPool, feed};
use crate::db::{Upkeep, Worker};

/// Forgets old facts now and again.
pub(super) fn upkeep(pool: UsersPool, upkeep: Upkeep, facts_kept: Duration) -> Worker {
    Worker::forgetting("users upkeep", upkeep.every, move |most| {
        pool.with(|conn| feed::prune(conn, facts_kept, most))
    })
}
