//! The commands. Each is a file; this one names them.
//!
//! In the order in which an operator needs them: [`provision`], [`migrate`], [`audit`], [`serve`]; then [`rebuild`] and [`replay`] for
//! copies that went wrong, and [`token`] for development. A command reads its options, calls a lower floor, and prints; it decides nothing
//! that a test of the library could not reach. [`serve`] is where to go on.

mod audit;
mod migrate;
mod openapi;
mod provision;
mod reader;
mod rebuild;
mod replay;
mod serve;
mod token;

use std::{error::Error, io, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::{config::Config, log};

/// The command line. Without a command it serves.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    max_term_width = 100,
    args_conflicts_with_subcommands = true
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
        value_parser = levels
    )]
    log: String,
    /// How a line of the log looks
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t, global = true)]
    log_format: log::Format,
    /// Let a URL leave this machine without a check of who answers (sslmode=verify-full)
    #[arg(long, env = "UNVERIFIED_DATABASE", global = true)]
    unverified_database: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve REST until Ctrl-C or SIGTERM; the default
    Serve(Box<Config>),
    /// Make or repair the database, schemas, roles, limits and grants; a second run changes nothing
    Provision(provision::Options),
    /// Bring each service's schema to this program's version, as its owner
    Migrate(migrate::Options),
    /// List every way across a wall: exit 0 for none, 1 for some, 2 when it cannot look
    Audit(audit::Options),
    /// Drop what a service copied by another's feed, and read the feed again; servers may run meanwhile, unless PostgreSQL is embedded
    Rebuild(Box<Config>),
    /// Try the facts that a service could not apply: exit 1 when one fails again; servers may run meanwhile, unless PostgreSQL is embedded
    Replay(Box<Config>),
    /// Print the OpenAPI document of this program's API; needs no database
    Openapi,
    /// Make a development key, once, and print a token for a subject, signed with it
    Token(token::Options),
}

impl Cli {
    /// Runs the command to its end.
    ///
    /// # Errors
    ///
    /// When it cannot do what it was asked; the text is for whoever typed the command.
    pub fn run(self) -> Result<ExitCode, Box<dyn Error>> {
        let _log = log::start(EnvFilter::try_new(&self.log)?, self.log_format)?;
        let unverified_database = self.unverified_database;
        let settings = |config: Config| Config {
            unverified_database,
            ..config
        };
        match self.command {
            None => serve::run(&settings(self.config)),
            Some(Command::Serve(config)) => serve::run(&settings(*config)),
            Some(Command::Rebuild(config)) => rebuild::run(&settings(*config)),
            Some(Command::Replay(config)) => replay::run(&settings(*config)),
            Some(Command::Token(options)) => token::run(&options),
            Some(Command::Openapi) => {
                openapi::run();
                Ok(ExitCode::SUCCESS)
            }
            Some(Command::Provision(options)) => provision::run(&options, unverified_database),
            Some(Command::Migrate(options)) => migrate::run(&options, unverified_database),
            Some(Command::Audit(options)) => Ok(audit::run(&options, unverified_database)),
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
