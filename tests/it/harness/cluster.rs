//! One PostgreSQL for the test process, or one for each service, and in it databases of its own for each test.

use std::{
    env,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use clap::ValueEnum;
use postgres::{Client, NoTls, SimpleQueryMessage};
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

/// What the tests share. The servers end with this process, however it ends, and take their folders with them.
static SHARED: LazyLock<Vec<Arc<Home>>> = LazyLock::new(|| settings().layout.homes());

/// How far apart the services keep their data; the variable `LAYOUT` chooses it for a run of the tests.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Layout {
    /// In one database.
    OneDatabase,
    /// In a database each, on one server.
    TwoDatabases,
    /// On a server each.
    TwoServers,
}

impl Layout {
    /// Starts the servers and prepares a template for each database of the layout.
    fn homes(self) -> Vec<Arc<Home>> {
        let each_alone = SERVICES.chunks(1);
        match self {
            Self::OneDatabase => vec![Home::new(&Arc::new(start_cluster()), SERVICES)],
            Self::TwoDatabases => {
                let server = Arc::new(start_cluster());
                each_alone
                    .map(|service| Home::new(&server, service))
                    .collect()
            }
            Self::TwoServers => each_alone
                .map(|service| Home::new(&Arc::new(start_cluster()), service))
                .collect(),
        }
    }
}

/// Starts a server that ends when it is dropped.
pub(crate) fn start_cluster() -> Embedded {
    let folder = env::temp_dir().join(format!("schema-per-service-{}", Uuid::now_v7()));
    let server = Embedded::start(
        &folder,
        settings().config.pg_bin_dir.as_deref(),
        Durability::Throwaway,
    );
    server.unwrap_or_else(|error| panic!("{error}"))
}

/// A server, and in it the template of a database that these services share.
struct Home {
    server: Arc<Embedded>,
    services: &'static [Service],
    template: String,
    /// The URLs of each service's owner and serving role; the database is the template.
    urls: Vec<(DatabaseUrl, DatabaseUrl)>,
    /// PostgreSQL copies a template for one caller at a time.
    copying: Mutex<()>,
}

impl Home {
    fn new(server: &Arc<Embedded>, services: &'static [Service]) -> Arc<Self> {
        let names: Vec<_> = services.iter().map(Service::name).collect();
        let mut home = Self {
            server: Arc::clone(server),
            services,
            template: names.join("_"),
            urls: Vec::new(),
            copying: Mutex::new(()),
        };
        home.provision(&home.template);
        let plan = server.plan(&home.template, services);
        for service in services {
            let login = |role: &str| server.login(&plan, role).unwrap();
            let (owner, serving) = (login(&service.owner_role()), login(&service.service_role()));
            migrate::run(service, &owner).unwrap();
            home.urls.push((owner, serving));
        }
        Arc::new(home)
    }

    fn provision(&self, database: &str) -> Vec<String> {
        // All tests share the roles, so the roles may hold as many connections as the tests need together.
        let plan = provision::Plan {
            connections: 100,
            ..self.server.plan(database, self.services)
        };
        let report = plan.run().unwrap();
        assert_eq!(report.open, [""; 0]);
        report.done
    }
}

/// A provisioned and migrated place for every service, dropped with the last clone of this value.
#[derive(Clone)]
pub(crate) struct Database(Arc<[Part]>);

/// One database: of all services or, where they live apart, of one.
pub(crate) struct Part {
    name: String,
    home: Arc<Home>,
    /// A session of the administrator, kept because logging in is slow.
    session: Mutex<Option<Client>>,
}

impl Database {
    pub(crate) fn new() -> Self {
        Self::copied(&SHARED)
    }

    /// One that no other test sees, not even by the server's roles, which can be set and stopped at will.
    pub(crate) fn alone(layout: Layout) -> Self {
        Self::copied(&layout.homes())
    }

    fn copied(homes: &[Arc<Home>]) -> Self {
        Self(homes.iter().map(Part::copied).collect())
    }

    /// The database of the service of this name.
    pub(crate) fn of(&self, service: &str) -> &Part {
        let keeps = |part: &&Part| part.home.services.iter().any(|one| one.name() == service);
        self.0.iter().find(keeps).unwrap()
    }

    /// The one database of all services, for tests of what only neighbours can do to each other.
    fn one(&self) -> &Part {
        let [part] = &*self.0 else {
            panic!("this test needs LAYOUT=one-database")
        };
        part
    }

    /// Provisions it once more and returns what that changed.
    pub(crate) fn provision(&self) -> Vec<String> {
        self.0
            .iter()
            .flat_map(|part| part.home.provision(&part.name))
            .collect()
    }

    /// One URL for each service to serve with, in the order of [`SERVICES`].
    pub(crate) fn service_urls(&self) -> Vec<DatabaseUrl> {
        SERVICES
            .iter()
            .map(|service| self.service_url(service))
            .collect()
    }

    pub(crate) fn service_url(&self, service: &Service) -> DatabaseUrl {
        self.urls(service).1
    }

    pub(crate) fn owner_url(&self, service: &Service) -> DatabaseUrl {
        self.urls(service).0
    }

    fn urls(&self, service: &Service) -> (DatabaseUrl, DatabaseUrl) {
        let Part { name, home, .. } = self.of(service.name());
        let at = home
            .services
            .iter()
            .position(|other| other.name() == service.name());
        let (owner, serving) = &home.urls[at.unwrap()];
        (owner.with_database(name), serving.with_database(name))
    }

    pub(crate) fn admin(&self) -> Client {
        self.one().admin()
    }

    pub(crate) fn admin_url(&self) -> DatabaseUrl {
        self.one().admin_url()
    }

    pub(crate) fn name(&self) -> &str {
        self.one().name()
    }

    pub(crate) fn as_service(&self, service: &Service) -> Client {
        connect(&self.service_url(service))
    }

    pub(crate) fn as_owner(&self, service: &Service) -> Client {
        connect(&self.owner_url(service))
    }
}

impl Part {
    fn copied(home: &Arc<Home>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (template, copying) = (&home.template, home.copying.lock().unwrap());
        let name = format!("{template}_{number}");
        connect(home.server.admin())
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .unwrap();
        drop(copying);
        // A copy has the template's schemas, but neither its grants on the database nor its roles' settings.
        home.provision(&name);
        Self {
            name,
            home: Arc::clone(home),
            session: Mutex::new(None),
        }
    }

    /// Runs SQL as the administrator. Returns each row as the text of its columns, with a space between.
    pub(crate) fn sql(&self, statements: &str) -> Vec<String> {
        let mut kept = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let mut session = kept.take().unwrap_or_else(|| self.admin());
        let mut messages = session.simple_query(statements);
        if session.is_closed() {
            // The server was away meanwhile.
            session = self.admin();
            messages = session.simple_query(statements);
        }
        let messages = messages.unwrap_or_else(|error| panic!("{statements}: {error:?}"));
        *kept = Some(session);
        let text = |message: &SimpleQueryMessage| {
            let SimpleQueryMessage::Row(row) = message else {
                return None;
            };
            let columns = (0..row.len()).map(|at| row.get(at).unwrap_or("null"));
            Some(columns.collect::<Vec<_>>().join(" "))
        };
        messages.iter().filter_map(text).collect()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The server that it is on.
    pub(crate) fn server(&self) -> &Embedded {
        &self.home.server
    }

    pub(crate) fn admin(&self) -> Client {
        connect(&self.admin_url())
    }

    pub(crate) fn admin_url(&self) -> DatabaseUrl {
        self.home.server.admin().with_database(&self.name)
    }

    /// The superuser's connection to a database of the same server that is no test's.
    pub(crate) fn elsewhere(&self) -> Client {
        connect(self.home.server.admin())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let done = self.elsewhere().batch_execute(&drop);
        if !std::thread::panicking() {
            done.unwrap();
        }
    }
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
