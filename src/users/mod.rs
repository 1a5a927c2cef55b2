//! The people who registered. This service owns the schema `users` and knows no other service.
//!
//! Its promises: an address belongs to one account at most, whatever its case and however many register at once; what was
//! answered is committed; every change raises the account's version.

mod error;
mod http;
mod model;
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where this service's tables are declared"
)]
#[expect(unreachable_pub, reason = "generated; the module itself is private")]
mod schema;
mod store;

use std::{collections::HashSet, sync::Arc};

use actix_web::web::ServiceConfig;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_util::future::LocalBoxFuture;

pub(crate) use self::model::UserId;
use self::{
    error::Error,
    model::{Change, Email, NewUser, User},
    store::UsersPool,
};
use crate::{
    db::{
        self, Ailment, Batch, DatabaseUrl, Limits, Service, Terms,
        audit::{self, Finding},
    },
    http::{Door, Limit},
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
    find: Batch<UserId, Option<User>>,
    register: Batch<NewUser, Option<User>>,
}

impl Users {
    /// Opens the door. It does not wait for the database.
    pub(crate) fn open(url: &DatabaseUrl, limits: Limits) -> Self {
        let pool = UsersPool::new(url, limits);
        let find = pool.batch_of_reads("users find", store::find);
        let register = pool.batch_of_writes("users register", store::register);
        Self(Arc::new(Room {
            pool,
            find,
            register,
        }))
    }

    /// Which of `ids` belong to an account: one query, on the caller's own thread, which must be one that may block.
    ///
    /// # Errors
    ///
    /// When the database cannot answer.
    pub(crate) fn known(&self, ids: &[UserId]) -> Result<HashSet<UserId>, db::Error> {
        self.0.pool.with(|conn| store::known(conn, ids))
    }

    async fn register(&self, user: NewUser) -> Result<User, Error> {
        self.0.register.ask(user).await?.ok_or(Error::EmailTaken)
    }

    async fn find(&self, id: UserId) -> Result<User, Error> {
        self.0.find.ask(id).await?.ok_or(Error::NoSuchUser)
    }

    async fn list(
        &self,
        email: Option<Email>,
        after: Option<UserId>,
        limit: Limit,
    ) -> Result<Vec<User>, Error> {
        self.0
            .pool
            .read(move |conn| Ok(store::list(conn, email, after, limit)?))
            .await
    }

    /// Changes an account that still has one of `versions`; any version will do when there are none.
    async fn change(
        &self,
        id: UserId,
        change: Change,
        versions: Option<Vec<i64>>,
    ) -> Result<User, Error> {
        self.0
            .pool
            .write(move |conn| store::change(conn, id, &change, versions.as_deref()))
            .await
    }
}

impl Door for Users {
    fn name(&self) -> &'static str {
        SERVICE.name()
    }

    fn routes(&self, config: &mut ServiceConfig) {
        http::routes(self, config);
    }

    fn check(&self) -> LocalBoxFuture<'_, Result<(), Ailment>> {
        Box::pin(self.0.pool.check())
    }

    fn examine<'a>(
        &'a self,
        terms: &'a Terms,
    ) -> LocalBoxFuture<'a, Result<Vec<Finding>, audit::Error>> {
        Box::pin(self.0.pool.examine(terms))
    }
}
