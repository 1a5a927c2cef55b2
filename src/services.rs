//! The one list of services.
//!
//! Provisioning, migration, the settings, health and the isolation tests all read it. A new service is a folder in `src/`,
//! a `migrations_<name>/` folder, and its lines here; `docs/adding-a-service.md` has all of one.

use std::{sync::Arc, time::Duration};

use prometheus::Registry;

use crate::{
    config::Config,
    db::{DatabaseUrl, Service},
    gateway::{Doors, Resources},
    orders::{self, Orders},
    users::{self, Users},
};

/// The services; one that others ask stands before those that ask it.
///
/// ```
/// use schema_per_service::services::SERVICES;
///
/// let users = SERVICES[0];
/// assert_eq!(users.name(), "users");
/// assert_eq!(users.owner_role(), "users_owner");
/// assert_eq!(users.service_role(), "users_service");
/// ```
pub const SERVICES: &[Service] = &[users::SERVICE, orders::SERVICE];

/// What can be asked of the services over HTTP, which can be told without opening one.
pub(crate) fn resources() -> Resources {
    vec![
        (users::SERVICE.name(), users::resources()),
        (orders::SERVICE.name(), orders::resources()),
    ]
}

/// Opens each service's door on its own database, given in the order of [`SERVICES`]; their figures go to the registry.
pub(crate) fn open(
    [users_url, orders_url]: &[DatabaseUrl; SERVICES.len()],
    config: &Config,
    registry: &Registry,
) -> Doors {
    let (limits, upkeep) = (config.limits, config.upkeep);
    let [facts_kept, keys_kept] =
        [config.keep_facts, config.keep_keys].map(|hours| Duration::from_hours(hours.into()));
    let users = Users::open(users_url, limits, upkeep, facts_kept, registry);
    let orders = Orders::open(
        orders_url,
        limits,
        upkeep,
        keys_kept,
        users.clone(),
        registry,
    );
    Arc::new([Box::new(users), Box::new(orders)])
}
