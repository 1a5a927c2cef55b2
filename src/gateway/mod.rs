//! The one entrance: mounts each service and answers for the whole.

mod health;

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};

use crate::http::{self, Door};

/// Everything that is served.
pub(crate) struct Gateway {
    doors: Arc<[Box<dyn Door>]>,
}

impl Gateway {
    pub(crate) fn new(doors: Vec<Box<dyn Door>>) -> Self {
        Self {
            doors: doors.into(),
        }
    }

    /// Adds the gateway's own routes and those of every service.
    pub(crate) fn routes(&self, config: &mut ServiceConfig) {
        config
            .app_data(web::Data::from(Arc::clone(&self.doors)))
            .service(http::resource("/health").get(health::ready).done())
            .service(http::resource("/health/live").get(health::live).done())
            .service(http::resource("/health/ready").get(health::ready).done());
        for door in &*self.doors {
            door.routes(config);
        }
    }
}
