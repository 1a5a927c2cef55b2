//! The one entrance: mounts each service and answers for the whole.

mod health;
mod watch;

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};

use crate::http::{self, Door};

pub(crate) use watch::{admit, watch};

/// The open doors of all services.
pub(crate) type Doors = Arc<[Box<dyn Door>]>;

/// Adds the gateway's own routes and those of every service.
pub(crate) fn routes(doors: &Doors, config: &mut ServiceConfig) {
    config
        .app_data(web::Data::from(Arc::clone(doors)))
        .service(http::resource("/health").get(health::ready).done())
        .service(http::resource("/health/live").get(health::live).done())
        .service(http::resource("/health/ready").get(health::ready).done());
    for door in &**doors {
        door.routes(config);
    }
}
