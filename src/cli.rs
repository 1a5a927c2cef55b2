//! The commands.

use std::{
    error::Error,
    io::{self, IsTerminal as _, Write as _},
};

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::{
    app::App,
    config::{Config, Databases},
    db::embedded::{Durability, Embedded},
    services::SERVICES,
};

/// The command line. Without a command it serves.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve REST until Ctrl-C or SIGTERM (the default)
    Serve,
}

impl Cli {
    /// Runs the command to its end.
    ///
    /// # Errors
    ///
    /// When it cannot do what it was asked; the text is for whoever typed the command.
    pub fn run(self) -> Result<(), Box<dyn Error>> {
        let filter = EnvFilter::try_new(&self.config.log)?;
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(io::stderr().is_terminal())
            .with_writer(io::stderr)
            .init();
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve(&self.config),
        }
    }
}

fn serve(config: &Config) -> Result<(), Box<dyn Error>> {
    match config.databases()? {
        Databases::Given(urls) => {
            serve_until_stopped(config, &urls, "in the databases of the given URLs")
        }
        Databases::Embedded => {
            let embedded = Embedded::start(
                &config.data_dir(),
                config.pg_bin_dir.as_deref(),
                Durability::Durable,
            )?;
            let urls = embedded.prepare(SERVICES)?;
            let place = format!(
                "in {}, in a PostgreSQL of its own",
                embedded.data_dir().display()
            );
            serve_until_stopped(config, &urls, &place)
            // The server has stopped; now `embedded` stops its database.
        }
    }
}

fn serve_until_stopped(
    config: &Config,
    urls: &[crate::db::DatabaseUrl],
    place: &str,
) -> Result<(), Box<dyn Error>> {
    actix_web::rt::System::new().block_on(async {
        let app = App::bind(config, urls)?;
        let address = app.address();
        let banner = format!(
            "Listening on http://{address}; the data lies {place}. Ctrl-C stops.\n\
             Try: curl -i http://{address}/users -H 'Content-Type: application/json' \
             -d '{{\"email\": \"ada@example.com\", \"name\": \"Ada Lovelace\"}}'\n"
        );
        // Whoever started us may have closed stdout; that is no reason not to serve.
        let _ = io::stdout().write_all(banner.as_bytes());
        app.run().await?;
        Ok(())
    })
}
