//! `migrate`: each service with its owner's login.

use std::{error::Error, fmt::Write as _, process::ExitCode};

use super::print;
use crate::{
    config::{OwnerUrls, owning_variable, refuse_environment, refuse_unsafe},
    db::{
        DatabaseUrl, Service,
        migrate::{self, Status},
    },
    services::SERVICES,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  # With the owners' logins, which provision wrote
  (set -a; . secrets/migrate.env; schema-per-service migrate)

  # Only look, as before a deployment: exit 1 when a service is not at this program's version
  (set -a; . secrets/migrate.env; schema-per-service migrate --status)";

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    urls: OwnerUrls,
    /// Only tell which version each service has; exit 1 when one is not at this program's
    #[arg(long)]
    status: bool,
}

pub(super) fn run(options: &Options, unverified: bool) -> Result<ExitCode, Box<dyn Error>> {
    refuse_environment()?;
    let given = || {
        SERVICES
            .iter()
            .zip(&options.urls.0)
            .filter_map(|(service, url)| Some((service, url.as_ref()?)))
    };
    if given().next().is_none() {
        let variables: Vec<String> = SERVICES.iter().map(owning_variable).collect();
        return Err(format!("set at least one of {}", variables.join(", ")).into());
    }

    for (service, url) in given() {
        refuse_unsafe(url, &owning_variable(service), unverified)?;
    }

    let mut code = ExitCode::SUCCESS;
    let mut text = String::new();
    for (service, url) in given() {
        let name = service.name();
        let told = if options.status {
            status(service, url)
        } else {
            migrate(service, url)
        };
        // One service's trouble is not the other's: go on, and fail at the end.
        match told {
            Ok((told, is_well)) => {
                writeln!(text, "{name}: {told}")?;
                if !is_well {
                    code = ExitCode::FAILURE;
                }
            }
            Err(error) => {
                eprintln!("schema-per-service: {error}");
                code = ExitCode::FAILURE;
            }
        }
    }
    print(&text);
    Ok(code)
}

fn status(service: &Service, url: &DatabaseUrl) -> Result<(String, bool), migrate::Error> {
    let Status {
        applied,
        pending,
        unknown,
    } = migrate::status(service, url)?;
    let version = applied.last().map_or("nothing", String::as_str);
    let is_well = pending.is_empty() && unknown.is_empty();
    Ok((
        format!(
            "at {version}, {} pending, {} unknown",
            pending.len(),
            unknown.len()
        ),
        is_well,
    ))
}

fn migrate(service: &Service, url: &DatabaseUrl) -> Result<(String, bool), migrate::Error> {
    let done = migrate::run(service, url)?;
    Ok((
        if done.is_empty() {
            "nothing to do".to_owned()
        } else {
            format!("ran {}", done.join(", "))
        },
        true,
    ))
}
