//! Connections that carry their owner, and the bounded ways to use one.
//!
//! A [`Conn`] is lent for one piece of work and cannot be kept. Nothing is lent before the [guard] was content once,
//! and every wait ends within the [`Limits`].

use std::{
    marker::PhantomData,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use diesel::{
    Connection as _, IntoSql as _, PgConnection, RunQueryDsl as _,
    connection::SimpleConnection as _, r2d2::ConnectionManager,
};
use prometheus::Registry;
use tokio::{
    sync::Semaphore,
    task::spawn_blocking,
    time::{Duration, timeout},
};

use super::{
    Batch, Crew, DatabaseUrl, Error, Owner, Terms, audit,
    connect::{self, Unreachable},
    figures::Figures,
    guard::{self, Guard, Look},
};

/// How much of its database one service may use, and how long it may wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections in the pool.
    pub connections: u32,
    /// The longest wait for a free connection, or for a new one.
    pub connection_wait: Duration,
    /// The longest wait of a caller for its answer, whatever it waits for.
    pub deadline: Duration,
    /// Callers that may wait in one queue; one more is turned away at once.
    pub queue: usize,
    /// Callers that one run answers.
    pub run: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8,
            connection_wait: Duration::from_secs(1),
            deadline: Duration::from_secs(4),
            queue: 1024,
            run: 256,
        }
    }
}

/// The connections of the service `O`, and of nobody else.
pub(crate) struct Pool<O> {
    inner: r2d2::Pool<Manager>,
    crew: Crew,
    /// The one permit to examine, so that a frozen database is not asked by one thread more each time.
    turn: Arc<Semaphore>,
    guard: Arc<Guard>,
    figures: Figures,
    url: DatabaseUrl,
    limits: Limits,
    owner: PhantomData<fn() -> O>,
}

/// What is wrong with a service's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ailment {
    /// It cannot be reached, or was not examined yet.
    Down,
    /// The last examination found a breach.
    Breached,
}

/// A connection of the service `O`, lent for one piece of work.
pub(crate) struct Conn<'c, O> {
    inner: &'c mut PgConnection,
    owner: PhantomData<fn() -> O>,
}

impl<O: Owner> Pool<O> {
    /// Makes the pool, and registers the service's figures. It does not wait for the database: a service whose database is away
    /// still opens its door, and heals when the database comes.
    pub(crate) fn new(url: &DatabaseUrl, limits: Limits, registry: &Registry) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where a pool is made, and its owner is known"
        )]
        let manager = Manager(ConnectionManager::new(url.for_libpq().expose()));
        let reporter = Reporter {
            service: O::SERVICE.name(),
            last: Arc::default(),
        };
        let inner = r2d2::Pool::builder()
            .max_size(limits.connections)
            .min_idle(Some(1))
            .connection_timeout(limits.connection_wait)
            .error_handler(Box::new(reporter.clone()))
            .connection_customizer(Box::new(reporter))
            .build_unchecked(manager);
        let crew = Crew::new(O::SERVICE.name(), limits.connections, limits);
        let guard = Arc::default();
        let figures = Figures::new(registry, O::SERVICE.name());
        figures.connections(limits.connections, {
            let pool = inner.clone();
            move || {
                let state = pool.state();
                (state.connections, state.idle_connections)
            }
        });
        figures.crew_queue(crew.queue());
        figures.examinations(&guard);
        Self {
            inner,
            crew,
            turn: Arc::new(Semaphore::new(1)),
            guard,
            figures,
            url: url.clone(),
            limits,
            owner: PhantomData,
        }
    }

    /// Runs blocking work away from the async workers, without a transaction around it.
    pub(crate) async fn read<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn<'_, O>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let pool = self.clone();
        self.crew.ask(move || pool.with(work)).await
    }

    /// Runs blocking work in one transaction; when this returns `Ok`, it is committed.
    pub(crate) async fn write<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn<'_, O>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.read(|conn| conn.transaction(work)).await
    }

    /// A [`Batch`] of the service, whose runs are measured. `work` is as for [`Batch::new`].
    pub(crate) fn batch<In: Send + 'static, Out: Send + 'static>(
        &self,
        name: &str,
        work: impl Fn(&Self, &[In]) -> Result<Vec<Out>, Error> + Send + 'static,
    ) -> Batch<In, Out> {
        self.batch_within(self.limits, name, work)
    }

    /// A [`Batch`] whose runs each read from one connection.
    pub(crate) fn batch_of_reads<In: Send + 'static, Out: Send + 'static>(
        &self,
        name: &str,
        work: impl Fn(&mut Conn<'_, O>, &[In]) -> Result<Vec<Out>, Error> + Send + 'static,
    ) -> Batch<In, Out> {
        self.batch(name, move |pool, inputs| {
            pool.with(|conn| work(conn, inputs))
        })
    }

    /// A [`Batch`] of long answers: with few in a run, nobody waits for many others, and no run holds much memory.
    pub(crate) fn batch_of_pages<In: Send + 'static, Out: Send + 'static>(
        &self,
        name: &str,
        work: impl Fn(&mut Conn<'_, O>, &[In]) -> Result<Vec<Out>, Error> + Send + 'static,
    ) -> Batch<In, Out> {
        let limits = Limits {
            run: self.limits.run.min(16),
            ..self.limits
        };
        self.batch_within(limits, name, move |pool, inputs| {
            pool.with(|conn| work(conn, inputs))
        })
    }

    fn batch_within<In: Send + 'static, Out: Send + 'static>(
        &self,
        limits: Limits,
        name: &str,
        work: impl Fn(&Self, &[In]) -> Result<Vec<Out>, Error> + Send + 'static,
    ) -> Batch<In, Out> {
        let (pool, runs) = (self.clone(), self.figures.runs(name));
        let thread = format!("{} {name}", O::SERVICE.name());
        let batch = Batch::new(&thread, limits, move |inputs| {
            runs.measure(inputs.len(), || work(&pool, inputs))
        });
        self.figures.batch_queue(name, batch.queue());
        batch
    }

    /// A [`Batch`] whose runs are one transaction each.
    pub(crate) fn batch_of_writes<In: Send + 'static, Out: Send + 'static>(
        &self,
        name: &str,
        work: impl Fn(&mut Conn<'_, O>, &[In]) -> Result<Vec<Out>, Error> + Send + 'static,
    ) -> Batch<In, Out> {
        self.batch_of_reads(name, move |conn, inputs| {
            conn.transaction(|conn| work(conn, inputs))
        })
    }

    /// Asks the database for a sign of life, and the guard for the last examination.
    pub(crate) async fn check(&self) -> Result<(), Ailment> {
        #[expect(clippy::disallowed_methods, reason = "names no table")]
        let alive = self
            .read(|conn| Ok::<_, Error>(conn.inner.batch_execute("SELECT 1")?))
            .await;
        match alive {
            _ if self.guard.is_breached() => Err(Ailment::Breached),
            Ok(()) => Ok(()),
            Err(_) => Err(Ailment::Down),
        }
    }

    /// Examines what this login can reach (see [`Terms`]). Until an examination has found nothing, no connection is lent.
    pub(crate) async fn examine(&self, terms: &Terms) -> Result<Arc<Look>, audit::Error> {
        let (url, terms, guard) = (self.url.clone(), terms.clone(), Arc::clone(&self.guard));
        let Ok(turn) = Arc::clone(&self.turn).try_acquire_owned() else {
            // The last one still waits for the database.
            return Err(audit::Error::Silent);
        };
        let examination = spawn_blocking(move || {
            let _turn = turn;
            let examined = guard::examine(&url, &O::SERVICE, &terms).map(Arc::new);
            match &examined {
                Ok(look) => guard.note(Arc::clone(look)),
                Err(audit::Error::Refused(_)) => guard.note_refusal(),
                // Nothing was seen, so what was seen last stands.
                Err(
                    audit::Error::Unreachable(_) | audit::Error::NoSchema | audit::Error::Silent,
                ) => {}
            }
            examined
        });
        // A database that hangs keeps the thread until it answers; we go on.
        match timeout(self.limits.deadline, examination).await {
            Ok(Ok(look)) => look,
            Ok(Err(_)) | Err(_) => Err(audit::Error::Silent),
        }
    }

    /// The last examination that saw something.
    pub(crate) fn last_look(&self) -> Option<Arc<Look>> {
        self.guard.last()
    }

    /// Runs work on this very thread, which must be one that may block.
    pub(crate) fn with<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&mut Conn<'_, O>) -> Result<T, E>,
    ) -> Result<T, E> {
        if !self.guard.admits() {
            return Err(Error::Unavailable.into());
        }
        let mut inner: r2d2::PooledConnection<Manager> = self
            .inner
            .get()
            .map_err(|_no_connection| Error::Unavailable)?;
        work(&mut Conn {
            inner: &mut inner,
            owner: PhantomData,
        })
    }
}

impl<O> Clone for Pool<O> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            crew: self.crew.clone(),
            turn: Arc::clone(&self.turn),
            guard: Arc::clone(&self.guard),
            figures: self.figures.clone(),
            url: self.url.clone(),
            limits: self.limits,
            owner: PhantomData,
        }
    }
}

impl<O> Conn<'_, O> {
    /// The connection as Diesel knows it, for the query functions of the service's store.
    pub(crate) fn pg(&mut self) -> &mut PgConnection {
        self.inner
    }

    /// The time by the database's clock, which all processes share; in a transaction, the time it began.
    pub(crate) fn now(&mut self) -> Result<jiff::Timestamp, Error> {
        let now: jiff_diesel::Timestamp =
            diesel::select(diesel::dsl::now.into_sql::<diesel::sql_types::Timestamptz>())
                .get_result(self.inner)?;
        Ok(now.to_jiff())
    }

    /// Runs work in a transaction, which is rolled back unless the work returns `Ok`.
    pub(crate) fn transaction<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut Conn<'_, O>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.inner
            .transaction(|inner| {
                work(&mut Conn {
                    inner,
                    owner: PhantomData,
                })
                .map_err(Failure::OfWork)
            })
            .map_err(|failure| match failure {
                Failure::OfWork(error) => error,
                Failure::OfTransaction(error) => Error::from(error).into(),
            })
    }
}

/// Tells Diesel's own errors in a transaction from those of the work, which need know nothing of Diesel.
enum Failure<E> {
    OfWork(E),
    OfTransaction(diesel::result::Error),
}

impl<E> From<diesel::result::Error> for Failure<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::OfTransaction(error)
    }
}

/// Diesel's own manager, but a login of it is known as one while it is under way.
struct Manager(ConnectionManager<PgConnection>);

impl r2d2::ManageConnection for Manager {
    type Connection = PgConnection;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<PgConnection, diesel::r2d2::Error> {
        let _login = connect::login();
        self.0.connect()
    }

    /// A server that closes a connection says so on its socket. Looking there costs no round trip, as Diesel's `SELECT 1`
    /// before each piece of work does. The first look may find the server's last words, the second finds the end.
    fn is_valid(&self, conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        for _look in 0..2 {
            conn.notifications_iter()
                .try_for_each(|heard| heard.map(drop))
                .map_err(diesel::r2d2::Error::QueryError)?;
        }
        Ok(())
    }

    fn has_broken(&self, conn: &mut PgConnection) -> bool {
        self.0.has_broken(conn)
    }
}

/// Tells the log when connections cannot be had any more, and why; and when they can again. r2d2 itself would tell of every try
/// for every connection.
#[derive(Clone, Debug)]
struct Reporter {
    service: &'static str,
    last: Arc<Mutex<Option<Unreachable>>>,
}

impl Reporter {
    fn last(&self) -> MutexGuard<'_, Option<Unreachable>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl r2d2::HandleError<diesel::r2d2::Error> for Reporter {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        let reason = Unreachable::because(&error.to_string());
        if self.last().replace(reason) != Some(reason) && !reason.is_passing() {
            tracing::warn!(
                service = self.service,
                "{} cannot reach its database: {reason}",
                self.service
            );
        }
    }
}

impl r2d2::CustomizeConnection<PgConnection, diesel::r2d2::Error> for Reporter {
    fn on_acquire(&self, _conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        if self
            .last()
            .take()
            .is_some_and(|reason| !reason.is_passing())
        {
            tracing::info!(
                service = self.service,
                "{} reaches its database again",
                self.service
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::db::Service;

    enum Nobodys {}

    impl Owner for Nobodys {
        const SERVICE: Service = Service::new("nobody", || unreachable!());
    }

    #[tokio::test]
    async fn a_database_that_hangs_is_examined_by_one_thread_and_not_one_more_each_time() {
        // Its backlog takes connections, and nobody ever answers them.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = DatabaseUrl::from(&*format!("postgres://{}/a", silent.local_addr().unwrap()));
        let limits = Limits {
            connections: 1,
            deadline: Duration::from_millis(50),
            ..Limits::default()
        };
        let terms = Terms {
            services: &[],
            accept: Vec::new(),
            trust: Vec::new(),
        };
        let pool = Pool::<Nobodys>::new(&url, limits, &Registry::new());

        for _ in 0..6 {
            let answer = pool.examine(&terms).await;
            assert!(matches!(answer, Err(audit::Error::Silent)), "{answer:?}");
        }

        silent.set_nonblocking(true).unwrap();
        let begun = std::iter::from_fn(|| silent.accept().ok()).count();
        assert!(
            begun <= 2,
            "the pool's one and the examination's, not {begun}"
        );
    }
}
