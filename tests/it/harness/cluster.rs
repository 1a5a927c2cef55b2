//! One PostgreSQL for the test process, and a database of its own for each test.

use std::{
    env,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use postgres::{Client, NoTls};
use schema_per_service::{
    db::{
        DatabaseUrl, Service,
        embedded::{Durability, Embedded},
        migrate, provision,
    },
    services::SERVICES,
};
use uuid::Uuid;

use super::server::settings;

/// The cluster ends with this process, however it ends, and takes its folder with it.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);
const TEMPLATE: &str = "app";

struct Cluster {
    embedded: Embedded,
    /// The URLs of each service's owner and serving role, in the order of [`SERVICES`]; the database is the template.
    urls: Vec<(DatabaseUrl, DatabaseUrl)>,
    /// PostgreSQL copies a template for one caller at a time.
    copying: Mutex<()>,
}

impl Cluster {
    fn start() -> Self {
        let folder = env::temp_dir().join(format!("schema-per-service-{}", Uuid::now_v7()));
        let embedded = Embedded::start(
            &folder,
            settings().pg_bin_dir.as_deref(),
            Durability::Throwaway,
        )
        .unwrap_or_else(|error| panic!("{error}"));
        provision_services(&embedded, TEMPLATE);
        let urls: Vec<_> = SERVICES
            .iter()
            .map(|service| {
                let plan = embedded.plan(TEMPLATE, SERVICES);
                let login = |role: &str| embedded.login(&plan, role).unwrap();
                (login(&service.owner_role()), login(&service.service_role()))
            })
            .collect();
        for (service, (owner, _)) in SERVICES.iter().zip(&urls) {
            migrate::run(service, owner).unwrap();
        }
        Self {
            embedded,
            urls,
            copying: Mutex::new(()),
        }
    }
}

fn provision_services(embedded: &Embedded, database: &str) -> Vec<String> {
    // All tests share the roles, so the roles may hold as many connections as the tests need together.
    let plan = provision::Plan {
        connections: 100,
        ..embedded.plan(database, SERVICES)
    };
    let report = plan.run().unwrap();
    assert_eq!(report.open, [""; 0]);
    report.done
}

/// A provisioned and migrated database, dropped with this value.
pub(crate) struct Database {
    name: String,
}

impl Database {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let copying = CLUSTER.copying.lock().unwrap();
        connect(CLUSTER.embedded.admin())
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
            .unwrap();
        drop(copying);
        // A copy has the template's schemas, but neither its grants on the database nor its roles' settings.
        let database = Self { name };
        database.provision();
        database
    }

    /// Provisions it once more and returns what that changed.
    pub(crate) fn provision(&self) -> Vec<String> {
        provision_services(&CLUSTER.embedded, &self.name)
    }

    /// One URL for each service to serve with, in the order of [`SERVICES`].
    pub(crate) fn service_urls(&self) -> Vec<DatabaseUrl> {
        CLUSTER
            .urls
            .iter()
            .map(|(_, service)| service.with_database(&self.name))
            .collect()
    }

    pub(crate) fn owner_url(&self, service: &Service) -> DatabaseUrl {
        let (owner, _) = &CLUSTER.urls[position(service)];
        owner.with_database(&self.name)
    }

    pub(crate) fn admin(&self) -> Client {
        connect(&self.admin_url())
    }

    pub(crate) fn admin_url(&self) -> DatabaseUrl {
        CLUSTER.embedded.admin().with_database(&self.name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn as_service(&self, service: &Service) -> Client {
        connect(&self.service_urls()[position(service)])
    }

    pub(crate) fn as_owner(&self, service: &Service) -> Client {
        connect(&self.owner_url(service))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let done = connect(CLUSTER.embedded.admin()).batch_execute(&drop);
        if !std::thread::panicking() {
            done.unwrap();
        }
    }
}

/// The superuser's connection to a database that is no test's.
pub(crate) fn elsewhere() -> Client {
    connect(CLUSTER.embedded.admin())
}

fn position(service: &Service) -> usize {
    SERVICES
        .iter()
        .position(|other| other.name() == service.name())
        .unwrap()
}

/// Logs in.
pub(crate) fn connect(url: &DatabaseUrl) -> Client {
    Client::connect(url.expose(), NoTls).unwrap()
}

/// Runs one statement and returns the SQLSTATE that PostgreSQL refused it with, or `00000`.
pub(crate) fn sqlstate(client: &mut Client, statement: &str) -> String {
    match client.batch_execute(statement) {
        Ok(()) => "00000".to_owned(),
        Err(error) => error.code().map_or_else(
            || panic!("{statement}: {error}"),
            |state| state.code().to_owned(),
        ),
    }
}
