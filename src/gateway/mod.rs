//! The one entrance: mounts each service and answers for the whole.
//!
//! It has no table and no pool. What it knows of a service is its [`Door`]; only what composes two of them, [`customer`], names any.
//! Every request comes through [`entrance`] first; [`mod@watch`] lets nobody in before the walls were looked at.

mod console;
mod customer;
mod docs;
mod document;
mod entrance;
mod health;
mod keys;
mod limits;
mod metrics;
mod proxies;
mod record;
mod spans;
mod tokens;
mod trace;
mod watch;

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};
use futures_util::future::join_all;

use crate::http::{Door, Operation, Reading, Routes, resource, rule};

pub(crate) use console::Console;
pub(crate) use docs::Document;
pub(crate) use document::document;
pub(crate) use entrance::{Admission, Entrance, enter};
pub(crate) use keys::Error as KeysError;
pub(crate) use metrics::Figures;
pub(crate) use record::{Recorder, record};
pub(crate) use spans::{Error as SpansError, Spans};
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

/// What can be asked of each service over HTTP, by its name.
pub(crate) type Resources = Vec<(&'static str, Vec<Routes>)>;

/// What can be asked of the gateway itself.
fn own() -> (&'static str, Vec<Routes>) {
    let resources = vec![
        resource("/").get(rule::Anyone, console::PAGE, console::page),
        resource("/console").get(rule::Operator, console::PARTS, console::parts),
        resource("/health").get(rule::Anyone, health::HEALTH, health::ready),
        resource("/health/live").get(rule::Anyone, health::LIVE, health::live),
        resource("/health/ready").get(rule::Anyone, health::READY, health::ready),
        resource("/metrics").get(rule::Operator, metrics::ABOUT, metrics::metrics),
        resource("/openapi.json").get(rule::Anyone, docs::DOCUMENT, docs::document),
        resource("/docs").get(rule::Anyone, docs::DOCS, docs::docs),
        resource("/docs/{file}").get(rule::Anyone, docs::DOCS_FILE, docs::file),
        resource("/customers/{id}").get(rule::Owner, customer::ABOUT, customer::customer),
    ];
    ("gateway", resources)
}

/// Adds the gateway's own resources and those of the services, and gives each its door.
pub(crate) fn mount(config: &mut ServiceConfig, doors: &Doors, services: Resources) {
    config.app_data(web::Data::from(Arc::clone(doors)));
    for door in &**doors {
        door.lend(config);
    }
    for (service, resources) in services.into_iter().chain([own()]) {
        for resource in resources {
            config.service(resource.done(service));
        }
    }
}

/// Every operation there is.
pub(crate) fn operations(services: Resources) -> Vec<Operation> {
    services
        .into_iter()
        .chain([own()])
        .flat_map(|(name, resources)| {
            let operations = resources.into_iter().flat_map(Routes::into_operations);
            operations.map(|operation| operation.of(name))
        })
        .collect()
}
