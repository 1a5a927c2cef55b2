//! What the gateway asks of every service.

use std::{sync::Arc, time::Duration};

use actix_web::web::ServiceConfig;
use futures_util::future::LocalBoxFuture;

use crate::db::{self, Ailment, Look, Service, Terms, audit};

/// A service's open door, as the gateway sees it.
pub(crate) trait Door: Send + Sync + 'static {
    /// What the service is to the database.
    fn service(&self) -> Service;
    /// The service's name.
    fn name(&self) -> &'static str {
        self.service().name()
    }
    /// Gives the door to the service's handlers.
    fn lend(&self, config: &mut ServiceConfig);
    /// Asks how the service's database is.
    fn check(&self) -> LocalBoxFuture<'_, Result<(), Ailment>>;
    /// Looks at what the service can reach.
    fn examine<'a>(
        &'a self,
        terms: &'a Terms,
    ) -> LocalBoxFuture<'a, Result<Arc<Look>, audit::Error>>;
    /// What that saw last, at once; `None` before the first time.
    fn last_look(&self) -> Option<Arc<Look>>;
    /// The service as a reader of another's feed, if it is one.
    fn reader(&self) -> Option<&dyn Reader> {
        None
    }
}

/// A service that keeps a copy by another's feed, as its operator sees it.
pub(crate) trait Reader {
    /// Tells how far it has read.
    fn reading(&self) -> LocalBoxFuture<'_, Result<Reading, db::Error>>;
    /// Drops the copy, so that the feed is read again from its beginning.
    fn rebuild(&self) -> LocalBoxFuture<'_, Result<(), db::Error>>;
    /// Tries the facts that were set aside, and tells what became of each.
    fn replay(&self) -> LocalBoxFuture<'_, Result<Vec<Retried>, db::Error>>;
}

/// How far a service has read a feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Whose feed.
    pub(crate) feed: &'static str,
    /// The last fact that was applied.
    pub(crate) position: i64,
    /// Whether the feed is not the one that was read, because its database was restored from a backup.
    pub(crate) is_another: bool,
    /// The facts that follow it, and how long the first of them has waited; `None` when that cannot be told.
    pub(crate) behind: Option<(i64, Duration)>,
    /// The facts that could not be applied.
    pub(crate) set_aside: i64,
}

/// A fact that was set aside and tried again.
#[derive(Clone, Debug)]
pub(crate) struct Retried {
    /// Its place in the feed.
    pub(crate) position: i64,
    /// Why it failed again, if it did.
    pub(crate) failure: Option<String>,
}
