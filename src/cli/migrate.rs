//! `migrate`: each service with its owner's login.

use std::{error::Error, fmt::Write as _, process::ExitCode};

use super::print;
use crate::{
    config::{OwnerUrls, owning_variable, refuse_environment},
    db::migrate,
    services::SERVICES,
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    urls: OwnerUrls,
    /// Only tell which version each service has; exit 1 when one is not at this program's
    #[arg(long)]
    status: bool,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
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

    let mut code = ExitCode::SUCCESS;
    let mut text = String::new();
    for (service, url) in given() {
        let name = service.name();
        if options.status {
            let status = migrate::status(service, url)?;
            let version = status.applied.last().map_or("nothing", String::as_str);
            writeln!(
                text,
                "{name}: at {version}, {} pending, {} unknown",
                status.pending.len(),
                status.unknown.len()
            )?;
            if !status.pending.is_empty() || !status.unknown.is_empty() {
                code = ExitCode::FAILURE;
            }
        } else {
            // One service's trouble is not the other's: go on, and fail at the end.
            match migrate::run(service, url) {
                Ok(done) if done.is_empty() => writeln!(text, "{name}: nothing to do")?,
                Ok(done) => writeln!(text, "{name}: ran {}", done.join(", "))?,
                Err(error) => {
                    eprintln!("schema-per-service: {error}");
                    code = ExitCode::FAILURE;
                }
            }
        }
    }
    print(&text);
    Ok(code)
}
