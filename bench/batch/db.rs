//! The parts of `src/db` that a `Batch` needs.

#[path = "../../src/db/batch/mod.rs"]
#[expect(dead_code, reason = "nobody asks for figures here")]
mod batch;
#[path = "../../src/db/error.rs"]
#[expect(dead_code, reason = "nothing goes wrong here")]
mod error;

pub(crate) use batch::Batch;
pub(crate) use error::Error;
use tokio::time::Duration;

/// The program's own, less what is for its pool.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) deadline: Duration,
    pub(crate) queue: usize,
    pub(crate) run: usize,
}
