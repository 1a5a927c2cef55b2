//! The product's `Batch` over a pool whose connections belong to nobody in particular.

#[path = "../../../../../src/db/batch/mod.rs"]
#[expect(dead_code, reason = "nobody asks for figures here")]
mod batch;
#[path = "../../../../../src/db/crew.rs"]
#[expect(dead_code, reason = "nobody asks for figures here")]
mod crew;
#[path = "../../../../../src/db/each.rs"]
mod each;
#[path = "../../../../../src/db/error.rs"]
#[expect(dead_code, reason = "the product knows more cases")]
mod error;
#[path = "../../../../../src/db/rows.rs"]
mod rows;
#[path = "../../../../../src/db/with.rs"]
mod with;

use diesel::{
    PgConnection,
    r2d2::{self, ConnectionManager},
};
use tokio::time::Duration;

pub(crate) use batch::Batch;
use crew::Crew;
pub(crate) use each::{AtMost, ForEach, WithLines, asked};
pub(crate) use error::Error;
pub(crate) use rows::{any, hand_out, unnest};
pub(crate) use with::{Part, Rows, Unread, With, names};

/// The product's own, by the same names and with the same values.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    deadline: Duration,
    queue: usize,
    run: usize,
}

const LIMITS: Limits = Limits {
    deadline: Duration::from_secs(4),
    queue: 1024,
    run: 256,
};

/// The connections, which everybody uses.
#[derive(Clone)]
pub(crate) struct Pool {
    inner: r2d2::Pool<Manager>,
    crew: Crew,
}

impl Pool {
    pub(crate) fn new(url: &str, connections: u32) -> Self {
        let inner = r2d2::Pool::builder()
            .max_size(connections)
            .min_idle(Some(1))
            .connection_timeout(Duration::from_secs(1))
            .build_unchecked(Manager(ConnectionManager::new(url)));
        let crew = Crew::new("shared", connections, LIMITS);
        Self { inner, crew }
    }

    /// Works with a connection on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let pool = self.clone();
        self.crew.ask(move || pool.with(work)).await
    }

    /// A [`Batch`] whose runs each have one connection.
    pub(crate) fn batch<In: Send + 'static, Out: Send + 'static>(
        &self,
        name: &str,
        work: impl Fn(&mut PgConnection, &[In]) -> Result<Vec<Out>, Error> + Send + 'static,
    ) -> Batch<In, Out> {
        let pool = self.clone();
        Batch::new(name, LIMITS, move |inputs| {
            pool.with(|conn| work(conn, inputs))
        })
    }

    /// A [`Batch`] of long answers, with few in a run.
    pub(crate) fn batch_of_pages<In: Send + 'static, Out: Send + 'static>(
        &self,
        name: &str,
        work: impl Fn(&mut PgConnection, &[In]) -> Result<Vec<Out>, Error> + Send + 'static,
    ) -> Batch<In, Out> {
        let pool = self.clone();
        let limits = Limits { run: 16, ..LIMITS };
        Batch::new(name, limits, move |inputs| {
            pool.with(|conn| work(conn, inputs))
        })
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        work(&mut *self.inner.get().map_err(|_none| Error::Unavailable)?)
    }
}

/// Looks at a connection's socket before it is lent, as the product does.
struct Manager(ConnectionManager<PgConnection>);

impl r2d2::ManageConnection for Manager {
    type Connection = PgConnection;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<PgConnection, r2d2::Error> {
        self.0.connect()
    }

    fn is_valid(&self, conn: &mut PgConnection) -> Result<(), r2d2::Error> {
        for _look in 0..2 {
            conn.notifications_iter()
                .try_for_each(|heard| heard.map(drop))
                .map_err(r2d2::Error::QueryError)?;
        }
        Ok(())
    }

    fn has_broken(&self, conn: &mut PgConnection) -> bool {
        self.0.has_broken(conn)
    }
}
