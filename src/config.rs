//! Every setting, its variable and its default, in one place.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};

use crate::{
    db::{DatabaseUrl, Limits, embedded},
    services::SERVICES,
};

/// The settings of a server.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address and port to serve on; port 0 takes any free one
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080", global = true)]
    pub listen: SocketAddr,

    /// Threads that serve; 0 means one for each core
    #[arg(long, env = "WORKERS", default_value_t = 0, global = true)]
    pub workers: usize,

    /// What to log: a level, or levels by module as in `info,schema_per_service=debug`
    #[arg(
        long,
        env = "LOG",
        default_value = "warn,schema_per_service=info",
        global = true
    )]
    pub log: String,

    /// The embedded server's folder [default: data, or for root /var/lib/schema-per-service where PostgreSQL cannot enter the
    /// current folder]
    #[arg(long, env = "DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,

    /// The folder of PostgreSQL's programs [default: looked for]
    #[arg(long, env = "PG_BIN_DIR", global = true)]
    pub pg_bin_dir: Option<PathBuf>,

    /// Where each service's data is.
    #[command(flatten)]
    pub urls: DatabaseUrls,

    /// What each service may use of its database.
    #[arg(skip)]
    pub limits: Limits,
}

/// Where the services find their data.
#[derive(Debug)]
pub enum Databases {
    /// In a server that runs already: one URL for each service, in the order of [`SERVICES`].
    Given(Vec<DatabaseUrl>),
    /// In a server that we bring.
    Embedded,
}

/// Some services have a URL and some have none.
#[derive(Debug, thiserror::Error)]
#[error(
    "{given} is set and {missing} is not; set a URL for every service, or for none to use an embedded PostgreSQL"
)]
pub struct SomeUrlsMissing {
    given: String,
    missing: String,
}

impl Config {
    /// Where the services find their data.
    ///
    /// # Errors
    ///
    /// When some services have a URL and some have none.
    pub fn databases(&self) -> Result<Databases, SomeUrlsMissing> {
        let variable_of = |wanted: bool| {
            let found = self.urls.0.iter().position(|url| url.is_some() == wanted);
            found.map(|at| variable(SERVICES[at].name()))
        };
        match (variable_of(true), variable_of(false)) {
            (Some(given), Some(missing)) => Err(SomeUrlsMissing { given, missing }),
            (Some(_), None) => Ok(Databases::Given(
                self.urls.0.iter().flatten().cloned().collect(),
            )),
            (None, _) => Ok(Databases::Embedded),
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

/// One optional URL for each service, in the order of [`SERVICES`]. The flags are made from that list, so a new service has
/// its own without an edit here.
#[derive(Clone, Debug, Default)]
pub struct DatabaseUrls(Vec<Option<DatabaseUrl>>);

impl Args for DatabaseUrls {
    fn augment_args(command: Command) -> Command {
        SERVICES.iter().fold(command, |command, service| {
            let name = service.name();
            let url = Arg::new(flag(name))
                .long(flag(name))
                .env(variable(name))
                .hide_env_values(true)
                .value_name("URL")
                .value_parser(value_parser!(DatabaseUrl))
                .global(true)
                .help(format!(
                    "Where {name} keeps its data, logging in as {} [default: embedded]",
                    service.service_role()
                ));
            command.arg(url)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for DatabaseUrls {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(
            SERVICES
                .iter()
                .map(|service| matches.get_one(&flag(service.name())).cloned())
                .collect(),
        ))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn flag(service: &str) -> String {
    format!("{service}-database-url")
}

fn variable(service: &str) -> String {
    flag(service).to_uppercase().replace('-', "_")
}
