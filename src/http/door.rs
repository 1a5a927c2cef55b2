//! What the gateway asks of every service.

use actix_web::web::ServiceConfig;
use futures_util::future::LocalBoxFuture;

use crate::db::{
    Ailment, Terms,
    audit::{self, Finding},
};

/// A service's open door, as the gateway sees it.
pub(crate) trait Door: Send + Sync + 'static {
    /// The service's name.
    fn name(&self) -> &'static str;
    /// Adds the service's resources.
    fn routes(&self, config: &mut ServiceConfig);
    /// Asks how the service's database is.
    fn check(&self) -> LocalBoxFuture<'_, Result<(), Ailment>>;
    /// Looks at what the service can reach, and returns each breach.
    fn examine<'a>(
        &'a self,
        terms: &'a Terms,
    ) -> LocalBoxFuture<'a, Result<Vec<Finding>, audit::Error>>;
}
