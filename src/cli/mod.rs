//! The commands. Each is a file; this one names them.
//!
//! In the order in which an operator needs them: [`provision`], [`migrate`], [`audit`], [`serve`]; then [`rebuild`] and [`replay`] for
//! copies that went wrong, and [`token`] and [`seed`] for development. A command reads its options, calls a lower floor, and prints; it decides nothing
//! that a test of the library could not reach. [`serve`] is where to go on.

mod audit;
mod completions;
mod migrate;
mod openapi;
mod provision;
mod reader;
mod rebuild;
mod replay;
mod seed;
mod serve;
mod token;

use std::{error::Error, io, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::{
    config::{Config, DATABASES, DatabaseConfig},
    log,
};

/// Two services, users and orders, in one process, each with a PostgreSQL schema of its own that nobody else can reach.
///
/// Without a command it serves: with nothing configured, on 127.0.0.1:8080 with a PostgreSQL of its own in ./data. On a server of
/// yours, `provision` comes first, then `migrate`, then `serve`; `audit` proves the walls at any time. Each setting is a flag, or
/// the environment variable beside it.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    after_help = serve::EXAMPLES
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
    /// What to log: a level, or levels by module as in `info,schema_per_service=debug`
    #[arg(
        long,
        env = "LOG",
        default_value = "warn,schema_per_service=info",
        global = true,
        help_heading = ALWAYS,
        value_parser = levels
    )]
    log: String,
    /// How a line of the log looks
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t, global = true, help_heading = ALWAYS)]
    log_format: log::Format,
    /// Let a URL leave this machine without a check of who answers (sslmode=verify-full)
    #[arg(
        long,
        env = "UNVERIFIED_DATABASE",
        global = true,
        help_heading = DATABASES
    )]
    unverified_database: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve REST until Ctrl-C or SIGTERM; the default
    ///
    /// Before it opens its port it looks at what each service can reach, and refuses when that is more than its own schema, when a
    /// schema is not at this program's version, or when the database could lose what it acknowledged.
    #[command(after_help = serve::EXAMPLES)]
    Serve(Box<Config>),
    /// Make or repair the database, schemas, roles, limits and grants; a second run changes nothing
    ///
    /// The only command that takes an administrator's login. It prints each statement that was missing, and writes the logins of
    /// the others to files that only you can read. The variable `<ROLE>_PASSWORD`, such as `USERS_SERVICE_PASSWORD` or
    /// `ORDERS_OWNER_PASSWORD`, chooses a role's password.
    #[command(after_help = provision::EXAMPLES)]
    Provision(provision::Options),
    /// Bring each service's schema to this program's version, as its owner
    ///
    /// A service without a URL is left alone. Several at once are safe: one waits for the other.
    #[command(after_help = migrate::EXAMPLES)]
    Migrate(migrate::Options),
    /// List every way across a wall: exit 0 for none, 1 for some, 2 when it cannot look
    ///
    /// Works on any database in which services share a server, whoever made it. It only reads.
    #[command(after_help = audit::EXAMPLES)]
    Audit(audit::Options),
    /// Fill a database with users and orders to look at, through REST
    ///
    /// Names of many scripts, addresses at example domains, some customers with many orders and many with few, at every status.
    /// Everything follows from the seed: what is there already is found and left, orders as long as the server remembers their keys
    /// (`KEEP_KEYS`), so a run that was stopped goes on when run again. Exit 0 when everything stands there, else 1.
    #[command(after_help = seed::EXAMPLES)]
    Seed(Box<seed::Options>),
    /// Drop what a service copied by another's feed, and read the feed again
    ///
    /// Servers may run meanwhile, unless PostgreSQL is embedded.
    #[command(after_help = rebuild::EXAMPLES)]
    Rebuild(Box<DatabaseConfig>),
    /// Try the facts that a service could not apply: exit 1 when one fails again
    ///
    /// Servers may run meanwhile, unless PostgreSQL is embedded.
    #[command(after_help = replay::EXAMPLES)]
    Replay(Box<DatabaseConfig>),
    /// Print the OpenAPI document of this program's API; needs no database
    ///
    /// The same as `GET /openapi.json`, for whoever generates a client.
    #[command(after_help = openapi::EXAMPLES)]
    Openapi,
    /// Make a development key, once, and print a token for a subject, signed with it
    ///
    /// In production your identity provider makes the tokens; the server only needs its public keys.
    #[command(after_help = token::EXAMPLES)]
    Token(token::Options),
    /// Print a shell's script that completes commands and settings
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::Options),
}

/// What `--help` gathers the settings of every command under.
const ALWAYS: &str = "Every command";

impl Cli {
    /// Runs the command to its end.
    ///
    /// # Errors
    ///
    /// When it cannot do what it was asked; the text is for whoever typed the command.
    pub fn run(self) -> Result<ExitCode, Box<dyn Error>> {
        let mut filter = EnvFilter::try_new(&self.log)?;
        if matches!(self.command, Some(Command::Seed(_))) {
            // Each of them would tear the progress bar, and all of them are our own.
            filter = filter.add_directive("schema_per_service::request=warn".parse()?);
        }
        let _log = log::start(filter, self.log_format)?;
        let unverified_database = self.unverified_database;
        let settings = |config: Config| Config {
            unverified_database,
            ..config
        };
        match self.command {
            None => serve::run(&settings(self.config)),
            Some(Command::Serve(config)) => serve::run(&settings(*config)),
            Some(Command::Rebuild(config)) => rebuild::run(&settings(config.0)),
            Some(Command::Replay(config)) => replay::run(&settings(config.0)),
            Some(Command::Seed(options)) => seed::run(&options, unverified_database),
            Some(Command::Token(options)) => token::run(&options),
            Some(Command::Openapi) => {
                openapi::run();
                Ok(ExitCode::SUCCESS)
            }
            Some(Command::Provision(options)) => provision::run(&options, unverified_database),
            Some(Command::Migrate(options)) => migrate::run(&options, unverified_database),
            Some(Command::Audit(options)) => Ok(audit::run(&options, unverified_database)),
            Some(Command::Completions(options)) => Ok(completions::run(&options)),
        }
    }
}

/// A filter that the log takes.
fn levels(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!(
            "{error}; give a level (error, warn, info, debug, trace, off), or levels by module"
        )),
    }
}

/// Prints for people and pipes; a reader who has left is no failure of ours.
fn print(text: &str) {
    use io::Write as _;
    let _ = io::stdout().write_all(text.as_bytes());
}
