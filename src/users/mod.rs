//! The people who registered. This service owns the schema `users` and knows no other service.
//!
//! Its promises: an address belongs to one account at most, whatever its case and however many register at once; what was
//! answered is committed; every change raises the account's version and appends a fact to the feed, in one transaction; an
//! account that was asked to close is closed once that was confirmed, and then nothing personal of it is left.
//!
//! [`Users`] is the door. Before it stands [`http`], behind it [`store`]: [`accounts`] change, and the [`feed`] tells others.

mod error;
mod http;
mod jobs;
mod model;
/// The tables, generated from the migrations by `./dev schema`.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where this service's tables are declared"
)]
#[expect(unreachable_pub, reason = "generated; the module itself is private")]
mod schema;
mod store;

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::Thread,
    time::Duration,
};

use actix_web::web::{Data, ServiceConfig};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_util::future::LocalBoxFuture;
use prometheus::Registry;
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use self::error::USER_NOT_FOUND;
pub(crate) use self::model::{Answer, Backlog, Event, Fact, Place, User, UserId};
use self::{
    error::Error,
    model::{Change, Email, NewUser},
    store::{UsersPool, accounts, feed},
};
use crate::{
    db::{
        self, Ailment, Batch, DatabaseUrl, Limits, Look, Service, Terms, Upkeep, Worker, audit,
        fault,
    },
    http::{Caller, Door, Limit, Problem, Routes},
};

/// What the database has to know of this service.
pub(crate) const SERVICE: Service = Service::new("users", || MIGRATIONS);
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations_users");

/// The door: all that others can do with users.
#[derive(Clone)]
pub(crate) struct Users(Arc<Room>);

/// What stands behind the door.
struct Room {
    pool: UsersPool,
    news: Arc<News>,
    find: Batch<UserId, Option<User>>,
    register: Batch<NewUser, Option<User>>,
    _upkeep: Worker,
}

/// Who wants to hear at once that there are new facts.
#[derive(Default)]
struct News(Mutex<Vec<Thread>>);

impl Users {
    /// Opens the door. It does not wait for the database. A superseded fact is kept for `facts_kept`. Its
    /// figures go to the registry.
    pub(crate) fn open(
        url: &DatabaseUrl,
        limits: Limits,
        upkeep: Upkeep,
        facts_kept: Duration,
        registry: &Registry,
    ) -> Self {
        let pool = UsersPool::new(url, limits, registry);
        let news = Arc::new(News::default());
        let find = pool.batch_of_reads("find", accounts::find);
        let register = {
            let news = Arc::clone(&news);
            pool.batch("register", move |pool, users| {
                let registered = pool.with(|conn| accounts::register(conn, users))?;
                news.tell();
                Ok(registered)
            })
        };
        Self(Arc::new(Room {
            _upkeep: jobs::upkeep(pool.clone(), upkeep, facts_kept),
            pool,
            news,
            find,
            register,
        }))
    }

    /// What others may know of a user now, which may be more than the feed has told them yet.
    ///
    /// # Errors
    ///
    /// When the database cannot answer.
    pub(crate) async fn fact(&self, id: UserId) -> Result<Option<Fact>, db::Error> {
        let user = self.0.find.ask(id).await?;
        Ok(user.as_ref().map(Fact::from))
    }

    /// A user as on the wire, for whoever composes answers.
    ///
    /// # Errors
    ///
    /// When there is none, or the database cannot answer.
    pub(crate) async fn show(
        &self,
        caller: &Caller,
        id: UserId,
    ) -> Result<impl Serialize + JsonSchema + use<>, Problem> {
        Ok(http::Response::from(self.find(caller, id).await?))
    }

    /// At most `limit` facts after a place in the feed, the oldest first; `None` when this is not the feed that the place is in
    /// any more, because the database was restored from a backup. On the caller's own thread, which must be one that may block.
    ///
    /// # Errors
    ///
    /// When the database cannot answer.
    pub(crate) fn read_feed(
        &self,
        from: Place,
        limit: i64,
    ) -> Result<Option<Vec<Event>>, db::Error> {
        self.0.pool.with(|conn| feed::read_on(conn, from, limit))
    }

    /// What a reader has not read yet; `None` as with [`Users::read_feed`].
    ///
    /// # Errors
    ///
    /// When the database cannot answer.
    pub(crate) async fn backlog(&self, from: Place) -> Result<Option<Backlog>, db::Error> {
        self.0
            .pool
            .read(move |conn| feed::backlog(conn, from))
            .await
    }

    /// Keeps what `reader` has not read yet: it is done with the facts up to `position`. On the caller's own thread, which
    /// must be one that may block.
    ///
    /// # Errors
    ///
    /// When the database cannot answer.
    pub(crate) fn note_reader(&self, reader: &str, position: i64) -> Result<(), db::Error> {
        self.0
            .pool
            .with(|conn| feed::note_reader(conn, reader, position))
    }

    /// Wakes a thread whenever this process has appended facts. A hint and no more: other processes append too, so a reader
    /// has to look of its own accord now and again.
    pub(crate) fn wake(&self, reader: Thread) {
        self.0.news.add(reader);
    }

    /// Answers users who want to leave. The same answer may be given again. On the caller's own thread, which must be one
    /// that may block.
    ///
    /// # Errors
    ///
    /// When the database cannot answer; then nothing has changed.
    pub(crate) fn settle(&self, answers: &[Answer]) -> Result<(), db::Error> {
        let has_settled = self
            .0
            .pool
            .with(|conn| conn.transaction(|conn| accounts::settle(conn, answers)))?;
        // Or whoever answers again would wake itself, and so on.
        if has_settled {
            self.0.news.tell();
        }
        Ok(())
    }

    async fn register(&self, user: NewUser) -> Result<User, Error> {
        self.0.register.ask(user).await?.ok_or(Error::EmailTaken)
    }

    async fn find(&self, caller: &Caller, id: UserId) -> Result<User, Error> {
        check_own(caller, id)?;
        self.0.find.ask(id).await?.ok_or(Error::NoSuchUser)
    }

    async fn list(
        &self,
        caller: &Caller,
        email: Option<Email>,
        after: Option<UserId>,
        limit: Limit,
    ) -> Result<Vec<User>, Error> {
        let only = caller.whose();
        self.0
            .pool
            .read(move |conn| Ok(accounts::list(conn, only, email, after, limit)?))
            .await
    }

    async fn feed(&self, after: i64, limit: Limit) -> Result<Vec<Event>, Error> {
        self.0
            .pool
            .read(move |conn| Ok(feed::read(conn, after, limit.and_one())?))
            .await
    }

    /// Changes an account that still has one of `versions`; any version will do when there are none.
    async fn change(
        &self,
        caller: &Caller,
        id: UserId,
        change: Change,
        versions: Option<Vec<i64>>,
    ) -> Result<User, Error> {
        check_own(caller, id)?;
        let origin = caller.origin();
        let changed = self
            .0
            .pool
            .write(move |conn| accounts::change(conn, id, &change, versions.as_deref(), &origin));
        let user = changed.await?;
        self.0.news.tell();
        Ok(user)
    }

    /// Asks for an account to be closed. What becomes of that, its standing tells.
    async fn close(
        &self,
        caller: &Caller,
        id: UserId,
        versions: Option<Vec<i64>>,
    ) -> Result<User, Error> {
        check_own(caller, id)?;
        let origin = caller.origin();
        let closing = self
            .0
            .pool
            .write(move |conn| accounts::close(conn, id, versions.as_deref(), &origin));
        let user = closing.await?;
        self.0.news.tell();
        Ok(user)
    }
}

/// Somebody else's account is no account, so that nobody learns which ids there are.
fn check_own(caller: &Caller, id: UserId) -> Result<(), Error> {
    if caller.sees(id) {
        Ok(())
    } else {
        Err(Error::NoSuchUser)
    }
}

impl News {
    fn add(&self, reader: Thread) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(reader);
    }

    /// Call it once the facts are committed.
    fn tell(&self) {
        fault::point("users-committed");
        for reader in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            reader.unpark();
        }
    }
}

/// What can be asked over HTTP. The service need not be open to tell.
pub(crate) fn resources() -> Vec<Routes> {
    http::resources().into()
}

impl Door for Users {
    fn service(&self) -> Service {
        SERVICE
    }

    fn lend(&self, config: &mut ServiceConfig) {
        config.app_data(Data::new(self.clone()));
    }

    fn check(&self) -> LocalBoxFuture<'_, Result<(), Ailment>> {
        Box::pin(self.0.pool.check())
    }

    fn examine<'a>(
        &'a self,
        terms: &'a Terms,
    ) -> LocalBoxFuture<'a, Result<Arc<Look>, audit::Error>> {
        Box::pin(self.0.pool.examine(terms))
    }

    fn last_look(&self) -> Option<Arc<Look>> {
        self.0.pool.last_look()
    }
}
