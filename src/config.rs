//! Every setting, its variable and its default, in one place.
//!
//! Nothing else reads the environment. What every service has, such as its URL, is made from the list of [`services`](crate::services).
//! Settings that undo the walls are refused here, before anything is opened; [`Error`] says each in one sentence.

use std::{
    env,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use actix_web::http::Uri;
use clap::{
    Arg, ArgMatches, Args, Command, FromArgMatches, builder::RangedI64ValueParser, value_parser,
};

use ipnet::IpNet;

use crate::{
    db::{DatabaseUrl, Limits, Service, Terms, Unsafe, Upkeep, audit, embedded},
    gateway::Admission,
    services::SERVICES,
};

/// What `--help` gathers the settings under.
const SERVING: &str = "Serving";
pub(crate) const DATABASES: &str = "Databases";
const CALLERS: &str = "Callers";
const WALLS: &str = "Walls";
const KEEPING: &str = "Keeping";

/// From an hour to ten years.
fn hours() -> RangedI64ValueParser<u32> {
    value_parser!(u32).range(1..=87_600)
}

/// The settings of a server.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address and port to serve on; port 0 takes any free one
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080", value_parser = address, help_heading = SERVING)]
    pub listen: SocketAddr,

    /// Threads that serve; 0 means one for each core
    #[arg(long, env = "WORKERS", default_value_t = 0, help_heading = SERVING)]
    pub workers: usize,

    /// The embedded server's folder [default: data, or for root /var/lib/schema-per-service where PostgreSQL cannot enter
    /// the current folder]
    #[arg(long, env = "DATA_DIR", help_heading = DATABASES)]
    pub data_dir: Option<PathBuf>,

    /// The folder of PostgreSQL's programs [default: looked for]
    #[arg(long, env = "PG_BIN_DIR", help_heading = DATABASES)]
    pub pg_bin_dir: Option<PathBuf>,

    /// Where each service's data is.
    #[command(flatten)]
    pub urls: ServiceUrls,

    /// Who may call, and how often.
    #[command(flatten)]
    pub callers: Callers,

    /// Whether a URL may leave this machine without a check of who answers.
    #[arg(skip)]
    pub unverified_database: bool,

    /// Seconds between two looks at the walls while serving
    #[arg(
        long,
        env = "AUDIT_INTERVAL",
        default_value_t = 60,
        value_name = "SECONDS",
        help_heading = WALLS
    )]
    pub audit_interval: u64,

    /// Rules of the audit, or ids of single breaches, that are known and accepted, as on a managed server
    #[arg(long, env = "ACCEPT", value_delimiter = ',', value_name = "RULE", help_heading = WALLS)]
    pub accept: Vec<String>,

    /// Roles that may reach every schema, such as one for backups
    #[arg(long, env = "TRUST", value_delimiter = ',', value_name = "ROLE", help_heading = WALLS)]
    pub trust: Vec<String>,

    /// Hours that the feed keeps a fact after a newer one of the same user; the newest is always kept
    #[arg(long, env = "KEEP_FACTS", default_value_t = 7 * 24, value_name = "HOURS", value_parser = hours(), help_heading = KEEPING)]
    pub keep_facts: u32,

    /// Hours that an Idempotency-Key stands for its order
    #[arg(long, env = "KEEP_KEYS", default_value_t = 24, value_name = "HOURS", value_parser = hours(), help_heading = KEEPING)]
    pub keep_keys: u32,

    /// Seconds to go on serving after SIGTERM or Ctrl-C, with readiness red, so that a load balancer stops sending
    #[arg(long, env = "GRACE", default_value_t = 0, value_name = "SECONDS", value_parser = value_parser!(u16).range(..=3600), help_heading = SERVING)]
    pub grace: u16,

    /// A collector of OpenTelemetry that gets a span for each request, over HTTP, such as `http://localhost:4318`
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", value_parser = collector, help_heading = SERVING)]
    pub otlp_endpoint: Option<String>,

    /// What each service may use of its database.
    #[arg(skip)]
    pub limits: Limits,

    /// How often each service looks after itself.
    #[arg(skip)]
    pub upkeep: Upkeep,
}

/// Who may call, and how often.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = CALLERS)]
pub struct Callers {
    /// The public keys that callers' tokens are signed with: a JWK Set or PEM; followed when it changes. Without it, calls are
    /// open
    #[arg(long, env = "TOKEN_KEYS", value_name = "FILE")]
    pub token_keys: Option<PathBuf>,

    /// Who makes the tokens: their `iss`
    #[arg(long, env = "TOKEN_ISSUER", default_value = env!("CARGO_PKG_NAME"), value_name = "NAME")]
    pub token_issuer: String,

    /// Whom the tokens are for: their `aud`
    #[arg(long, env = "TOKEN_AUDIENCE", default_value = env!("CARGO_PKG_NAME"), value_name = "NAME")]
    pub token_audience: String,

    /// Seconds that the issuer's clock may differ from ours
    #[arg(long, env = "TOKEN_LEEWAY", default_value_t = 30, value_name = "SECONDS", value_parser = value_parser!(u16).range(..=300))]
    pub token_leeway: u16,

    /// Serve without token keys beyond this machine, or from databases of yours: whoever reaches the port may read and change
    /// everything
    #[arg(long, env = "ANYONE_MAY_CALL")]
    pub anyone_may_call: bool,

    /// Requests a minute from each caller, 0 for any number [default: 6000 with token keys, else any number]
    #[arg(long, env = "RATE_LIMIT", value_name = "REQUESTS")]
    pub rate_limit: Option<u32>,

    /// Addresses or networks of the proxies whose X-Forwarded-For is believed
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORK", value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Origins of web pages that may call from a browser, such as `https://shop.example.com`
    #[arg(
        long,
        env = "CORS_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGIN",
        value_parser = origin
    )]
    pub cors_origins: Vec<String>,

    /// Connections that each serving thread holds; further ones wait to be accepted
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 10_000, value_parser = value_parser!(u32).range(1..))]
    pub max_connections: u32,
}

/// Requests a minute from each caller, unless something else is said.
const USUAL_LIMIT: u32 = 6_000;

impl Callers {
    /// What the entrance goes by.
    pub(crate) fn admission(&self) -> Admission<'_> {
        let usual = self.token_keys.as_ref().map(|_| USUAL_LIMIT);
        Admission {
            keys: self.token_keys.as_deref(),
            issuer: &self.token_issuer,
            audience: &self.token_audience,
            leeway: self.token_leeway.into(),
            most_requests: self.rate_limit.or(usual).and_then(NonZeroU32::new),
            proxies: &self.trusted_proxies,
        }
    }

    /// Whether nobody is asked who they are.
    pub(crate) const fn is_open(&self) -> bool {
        self.token_keys.is_none()
    }
}

/// An address, or a network in CIDR notation.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse().map(|address: IpAddr| IpNet::from(address));
    let network = address.or_else(|_| text.parse());
    network.map_err(|_| "must be an IP address or a network such as 10.0.0.0/8".to_owned())
}

/// An address and a port.
fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let address = text.parse();
    address.map_err(|_| "must be an address and a port, such as 127.0.0.1:8080 or [::1]:8080")
}

/// A collector's URL, which the path for spans is added to.
fn collector(text: &str) -> Result<String, &'static str> {
    let is_http = text.parse().is_ok_and(|uri: Uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
    });
    if is_http {
        Ok(text.to_owned())
    } else {
        Err("must be a URL of OTLP over HTTP, such as http://localhost:4318")
    }
}

/// A scheme and a host, and a port where it is not the usual one, as browsers name an origin.
fn origin(text: &str) -> Result<String, &'static str> {
    let is_origin = text.parse().is_ok_and(|uri: Uri| {
        let parts = (uri.scheme_str(), uri.authority());
        matches!(parts, (Some(scheme @ ("http" | "https")), Some(host)) if format!("{scheme}://{host}") == text)
    });
    if is_origin {
        Ok(text.to_owned())
    } else {
        Err("must be an origin such as https://shop.example.com")
    }
}

/// The settings, for a command that serves nobody: its help tells only of the databases and their walls.
#[derive(Clone, Debug)]
pub struct DatabaseConfig(pub Config);

impl Args for DatabaseConfig {
    fn augment_args(command: Command) -> Command {
        Config::augment_args(command).mut_args(|arg| {
            let heading = arg.get_help_heading();
            let is_about_serving = [SERVING, CALLERS, KEEPING].map(Some).contains(&heading);
            if is_about_serving {
                arg.hide(true)
            } else {
                arg
            }
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for DatabaseConfig {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Config::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
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
    /// Everyone would be let in.
    #[error(
        "anyone who reaches {0} could read and change everything; set TOKEN_KEYS to the public keys of your tokens, or \
         ANYONE_MAY_CALL=true to let everyone in. Without either, only an embedded PostgreSQL on a loopback address is served"
    )]
    Open(SocketAddr),
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
            found.map(|at| variable(&SERVICES[at], SERVING_URL))
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

    /// Refuses to let everyone in where more than this machine's own play data is at stake.
    ///
    /// # Errors
    ///
    /// When there are no token keys, and nobody said that anyone may call.
    pub fn refuse_open(&self, databases: &Databases) -> Result<(), Error> {
        let is_play = matches!(databases, Databases::Embedded) && self.listen.ip().is_loopback();
        if self.callers.is_open() && !self.callers.anyone_may_call && !is_play {
            Err(Error::Open(self.listen))
        } else {
            Ok(())
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
        self.data_dir.clone().unwrap_or_else(usual_data_dir)
    }
}

/// The embedded server's folder, unless another is named.
pub(crate) fn usual_data_dir() -> PathBuf {
    let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    if embedded::can_work_below(&here) {
        PathBuf::from("data")
    } else {
        Path::new("/var/lib").join(env!("CARGO_PKG_NAME"))
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
const SERVING_URL: &str = "database-url";
const OWNING_URL: &str = "owner-database-url";

/// One optional URL for each service to serve with, in the order of [`SERVICES`]. The flags are made from that list, so a
/// new service has its own without an edit here.
#[derive(Clone, Debug, Default)]
pub struct ServiceUrls(pub Vec<Option<DatabaseUrl>>);

/// One optional URL for each service to migrate with.
#[derive(Clone, Debug, Default)]
pub struct OwnerUrls(pub Vec<Option<DatabaseUrl>>);

impl Args for ServiceUrls {
    fn augment_args(command: Command) -> Command {
        url_args(command, SERVING_URL, |service| {
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
        Ok(Self(urls(matches, SERVING_URL)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for OwnerUrls {
    fn augment_args(command: Command) -> Command {
        url_args(command, OWNING_URL, |service| {
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
        Ok(Self(urls(matches, OWNING_URL)))
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
            .help_heading(DATABASES)
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
    variable(service, SERVING_URL)
}

/// The variable that holds the URL by which `service` is migrated.
pub(crate) fn owning_variable(service: &Service) -> String {
    variable(service, OWNING_URL)
}

fn variable(service: &Service, kind: &str) -> String {
    flag(service, kind).to_uppercase().replace('-', "_")
}
