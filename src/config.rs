//! Every setting, its variable and its default, in one place.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{
    Arg, ArgMatches, Args, Command, FromArgMatches, builder::RangedI64ValueParser, value_parser,
};

use crate::{
    db::{DatabaseUrl, Limits, Service, Terms, Unsafe, Upkeep, audit, embedded},
    services::SERVICES,
};

/// From an hour to ten years.
fn hours() -> RangedI64ValueParser<u32> {
    value_parser!(u32).range(1..=87_600)
}

/// The settings of a server.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address and port to serve on; port 0 takes any free one
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Threads that serve; 0 means one for each core
    #[arg(long, env = "WORKERS", default_value_t = 0)]
    pub workers: usize,

    /// The embedded server's folder [default: data, or for root /var/lib/schema-per-service where PostgreSQL cannot enter
    /// the current folder]
    #[arg(long, env = "DATA_DIR")]
    pub data_dir: Option<PathBuf>,

    /// The folder of PostgreSQL's programs [default: looked for]
    #[arg(long, env = "PG_BIN_DIR")]
    pub pg_bin_dir: Option<PathBuf>,

    /// Where each service's data is.
    #[command(flatten)]
    pub urls: ServiceUrls,

    /// Whether a URL may leave this machine without a check of who answers.
    #[arg(skip)]
    pub unverified_database: bool,

    /// Seconds between two looks at the walls while serving
    #[arg(
        long,
        env = "AUDIT_INTERVAL",
        default_value_t = 60,
        value_name = "SECONDS"
    )]
    pub audit_interval: u64,

    /// Rules of the audit, or ids of single breaches, that are known and accepted, as on a managed server
    #[arg(long, env = "ACCEPT", value_delimiter = ',', value_name = "RULE")]
    pub accept: Vec<String>,

    /// Roles that may reach every schema, such as one for backups
    #[arg(long, env = "TRUST", value_delimiter = ',', value_name = "ROLE")]
    pub trust: Vec<String>,

    /// Hours that the feed keeps a fact after a newer one of the same user; the newest is always kept
    #[arg(long, env = "KEEP_FACTS", default_value_t = 7 * 24, value_name = "HOURS", value_parser = hours())]
    pub keep_facts: u32,

    /// Hours that an Idempotency-Key stands for its order
    #[arg(long, env = "KEEP_KEYS", default_value_t = 24, value_name = "HOURS", value_parser = hours())]
    pub keep_keys: u32,

    /// What each service may use of its database.
    #[arg(skip)]
    pub limits: Limits,

    /// How often each service looks after itself.
    #[arg(skip)]
    pub upkeep: Upkeep,
}

/// Where the services find their data.
#[derive(Debug)]
pub enum Databases {
    /// In a server that runs already: one URL for each service, in the order of [`SERVICES`].
    Given(Vec<DatabaseUrl>),
    /// In a server that we bring.
    Embedded,
}

/// Settings that do not go together, or undo the walls.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Some services have a URL and some have none.
    #[error(
        "{given} is set and {missing} is not; set a URL for every service, or for none to use an embedded PostgreSQL"
    )]
    SomeUrlsMissing {
        /// The variable of a service that has one.
        given: String,
        /// The variable of a service that has none.
        missing: String,
    },
    /// Two services log in alike.
    #[error("{one} and {other} are the same; each service needs a login of its own")]
    OneUrlForTwo {
        /// A variable.
        one: String,
        /// The other.
        other: String,
    },
    /// A URL undoes the walls.
    #[error("{variable} is refused: {reason}")]
    Unsafe {
        /// The variable that holds the URL.
        variable: String,
        /// What is wrong with it.
        reason: Unsafe,
    },
    /// Something is accepted that does not exist.
    #[error("there is no rule {0} that could be accepted; `audit` prints the names")]
    UnknownRule(String),
    /// The process that serves holds a login that it must not have.
    #[error(
        "{0} is set; the process that serves must not hold an owner's or an administrator's login, so unset it"
    )]
    TooMuch(String),
    /// The environment undoes the walls.
    #[error(
        "{0} is set, and libpq heeds it in every session; unset it, because it can lead elsewhere or undo the roles' limits"
    )]
    Environment(&'static str),
}

impl Config {
    /// Where the services find their data.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn databases(&self) -> Result<Databases, Error> {
        refuse_environment()?;
        refuse_unknown(&self.accept)?;
        let urls = &self.urls.0;
        let variable_of = |wanted: bool| {
            let found = urls.iter().position(|url| url.is_some() == wanted);
            found.map(|at| variable(&SERVICES[at], SERVING))
        };
        match (variable_of(true), variable_of(false)) {
            (Some(given), Some(missing)) => Err(Error::SomeUrlsMissing { given, missing }),
            (Some(_), None) => {
                let urls: Vec<DatabaseUrl> = urls.iter().flatten().cloned().collect();
                self.refuse_unsafe(&urls)?;
                Ok(Databases::Given(urls))
            }
            (None, _) => Ok(Databases::Embedded),
        }
    }

    fn refuse_unsafe(&self, urls: &[DatabaseUrl]) -> Result<(), Error> {
        for (at, (service, url)) in SERVICES.iter().zip(urls).enumerate() {
            refuse_unsafe(url, &serving_variable(service), self.unverified_database)?;
            if let Some(same) = urls[..at]
                .iter()
                .position(|other| other.expose() == url.expose())
            {
                let (one, other) = (serving_variable(&SERVICES[same]), serving_variable(service));
                return Err(Error::OneUrlForTwo { one, other });
            }
        }
        // Whoever breaks into a process reads its environment.
        let owners = SERVICES.iter().map(owning_variable);
        match owners
            .chain([ADMIN.to_owned()])
            .find(|name| env::var_os(name).is_some())
        {
            Some(name) => Err(Error::TooMuch(name)),
            None => Ok(()),
        }
    }

    /// What the services are examined by.
    pub fn terms(&self) -> Terms {
        Terms {
            services: SERVICES,
            accept: self.accept.clone(),
            trust: self.trust.clone(),
        }
    }

    /// The embedded server's folder.
    pub fn data_dir(&self) -> PathBuf {
        let usual = || {
            let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
            if embedded::can_work_below(&here) {
                PathBuf::from("data")
            } else {
                Path::new("/var/lib").join(env!("CARGO_PKG_NAME"))
            }
        };
        self.data_dir.clone().unwrap_or_else(usual)
    }
}

/// Refuses a URL that undoes the walls; `name` is the flag or variable that holds it.
pub(crate) fn refuse_unsafe(url: &DatabaseUrl, name: &str, unverified: bool) -> Result<(), Error> {
    url.refuse_unsafe(unverified)
        .map_err(|reason| Error::Unsafe {
            variable: name.to_owned(),
            reason,
        })
}

/// Refuses to accept what does not exist: a misspelt rule would be taken for an accepted one.
pub(crate) fn refuse_unknown(accepted: &[String]) -> Result<(), Error> {
    match accepted.iter().find(|name| !audit::is_known(name)) {
        Some(name) => Err(Error::UnknownRule(name.clone())),
        None => Ok(()),
    }
}

/// libpq reads these from the environment, whatever a URL says.
pub(crate) fn refuse_environment() -> Result<(), Error> {
    match ["PGOPTIONS", "PGSERVICE", "PGHOST", "PGHOSTADDR"]
        .into_iter()
        .find(|name| env::var_os(name).is_some())
    {
        Some(name) => Err(Error::Environment(name)),
        None => Ok(()),
    }
}

/// The variable that holds the administrator's URL.
pub(crate) const ADMIN: &str = "ADMIN_DATABASE_URL";
const SERVING: &str = "database-url";
const OWNING: &str = "owner-database-url";

/// One optional URL for each service to serve with, in the order of [`SERVICES`]. The flags are made from that list, so a
/// new service has its own without an edit here.
#[derive(Clone, Debug, Default)]
pub struct ServiceUrls(pub Vec<Option<DatabaseUrl>>);

/// One optional URL for each service to migrate with.
#[derive(Clone, Debug, Default)]
pub struct OwnerUrls(pub Vec<Option<DatabaseUrl>>);

impl Args for ServiceUrls {
    fn augment_args(command: Command) -> Command {
        url_args(command, SERVING, |service| {
            format!(
                "Where {} keeps its data, logging in as {}",
                service.name(),
                service.service_role()
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ServiceUrls {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(urls(matches, SERVING)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for OwnerUrls {
    fn augment_args(command: Command) -> Command {
        url_args(command, OWNING, |service| {
            format!(
                "Where {} keeps its data, logging in as {}",
                service.name(),
                service.owner_role()
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for OwnerUrls {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(urls(matches, OWNING)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn url_args(command: Command, kind: &str, help: impl Fn(&Service) -> String) -> Command {
    SERVICES.iter().fold(command, |command, service| {
        let url = Arg::new(flag(service, kind))
            .long(flag(service, kind))
            .env(variable(service, kind))
            .hide_env_values(true)
            .value_name("URL")
            .value_parser(value_parser!(DatabaseUrl))
            .help(help(service));
        command.arg(url)
    })
}

fn urls(matches: &ArgMatches, kind: &str) -> Vec<Option<DatabaseUrl>> {
    SERVICES
        .iter()
        .map(|service| matches.get_one(&flag(service, kind)).cloned())
        .collect()
}

fn flag(service: &Service, kind: &str) -> String {
    format!("{}-{kind}", service.name())
}

/// The variable that holds the URL by which `service` serves.
pub(crate) fn serving_variable(service: &Service) -> String {
    variable(service, SERVING)
}

/// The variable that holds the URL by which `service` is migrated.
pub(crate) fn owning_variable(service: &Service) -> String {
    variable(service, OWNING)
}

fn variable(service: &Service, kind: &str) -> String {
    flag(service, kind).to_uppercase().replace('-', "_")
}
