//! The one entrance: mounts each service and answers for the whole.
//!
//! It has no table and no pool. What it knows of a service is its [`Door`]; only what composes two of them, [`customer`], names any.
//! Every request comes through [`entrance`] first; [`mod@watch`] lets nobody in before the walls were looked at.

mod customer;
mod entrance;
mod health;
mod keys;
mod limits;
mod metrics;
mod proxies;
mod tokens;
mod watch;

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};
use futures_util::future::join_all;

use crate::http::{Door, Reading, Right, mount, resource, rule};

pub(crate) use entrance::{Admission, Entrance, enter};
pub(crate) use keys::Error as KeysError;
pub(crate) use watch::{admit, watch};

/// The open doors of all services.
pub(crate) type Doors = Arc<[Box<dyn Door>]>;

/// How far each service that reads another's feed has come, by its name; without those whose database cannot tell.
async fn readings(doors: &[Box<dyn Door>]) -> Vec<(&'static str, Reading)> {
    let readers = doors
        .iter()
        .filter_map(|door| Some((door.name(), door.reader()?)));
    let readings = readers.map(async |(name, reader)| Some((name, reader.reading().await.ok()?)));
    join_all(readings).await.into_iter().flatten().collect()
}

/// Adds the gateway's own routes and those of every service, and returns the rule of each operation.
pub(crate) fn routes(doors: &Doors, config: &mut ServiceConfig) -> Vec<Right> {
    config.app_data(web::Data::from(Arc::clone(doors)));
    let resources = [
        resource("/health").get(rule::Anyone, health::ready),
        resource("/health/live").get(rule::Anyone, health::live),
        resource("/health/ready").get(rule::Anyone, health::ready),
        resource("/metrics").get(rule::Operator, metrics::metrics),
        resource("/customers/{id}").get(rule::Owner, customer::customer),
    ];
    let mut rights = mount(config, resources);
    for door in &**doors {
        rights.extend(door.routes(config));
    }
    rights
}
