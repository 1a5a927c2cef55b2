//! The one entrance: mounts each service and answers for the whole.

mod customer;
mod health;
mod metrics;
mod watch;

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};
use futures_util::future::join_all;

use crate::http::{self, Door, Reading};

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

/// Adds the gateway's own routes and those of every service.
pub(crate) fn routes(doors: &Doors, config: &mut ServiceConfig) {
    config
        .app_data(web::Data::from(Arc::clone(doors)))
        .service(http::resource("/health").get(health::ready).done())
        .service(http::resource("/health/live").get(health::live).done())
        .service(http::resource("/health/ready").get(health::ready).done())
        .service(http::resource("/metrics").get(metrics::metrics).done())
        .service(
            http::resource("/customers/{id}")
                .get(customer::customer)
                .done(),
        );
    for door in &**doors {
        door.routes(config);
    }
}
