//! What the gateway asks of every service.

use actix_web::web::ServiceConfig;
use futures_util::future::LocalBoxFuture;

use crate::db;

/// A service's open door, as the gateway sees it.
pub(crate) trait Door: Send + Sync + 'static {
    /// The service's name.
    fn name(&self) -> &'static str;
    /// Adds the service's resources.
    fn routes(&self, config: &mut ServiceConfig);
    /// Asks the service's database for a sign of life.
    fn check(&self) -> LocalBoxFuture<'_, Result<(), db::Error>>;
}
