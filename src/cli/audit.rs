//! `audit`: every way across a wall, for people and for machines.

use std::{fs, path::PathBuf, process::ExitCode};

use clap::ValueEnum;

use super::print;
use crate::{
    config::{
        ADMIN, ServiceUrls, refuse_environment, refuse_unknown, refuse_unsafe, serving_variable,
    },
    db::{
        DatabaseUrl,
        audit::{self, Report, Subject},
    },
    services::SERVICES,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  # As the services themselves see it
  (set -a; . secrets/serve.env; schema-per-service audit)

  # In CI, for a machine; breaches keep their ids from run to run
  schema-per-service audit --admin-url postgres://postgres@localhost/app --format json

  # A database that this program did not make; each line of the file is NAME=SCHEMA,OWNER,ROLE
  schema-per-service audit --admin-url postgres://localhost/theirs --services services.txt";

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The database to look at, with any login that may connect [default: those of the services' own URLs]
    #[arg(
        long,
        env = ADMIN,
        hide_env_values = true,
        value_name = "URL"
    )]
    admin_url: Option<DatabaseUrl>,
    #[command(flatten)]
    urls: ServiceUrls,
    /// A service of a database that this project did not make; may be repeated
    #[arg(long, value_name = "NAME=SCHEMA,OWNER,ROLE")]
    service: Vec<Subject>,
    /// A file with such a service in each line
    #[arg(long, value_name = "FILE")]
    services: Option<PathBuf>,
    /// Roles that may reach every schema, such as one for backups
    #[arg(long, env = "TRUST", value_delimiter = ',', value_name = "ROLE")]
    trust: Vec<String>,
    /// Rules, or ids of single breaches, that are known and accepted
    #[arg(long, env = "ACCEPT", value_delimiter = ',', value_name = "RULE")]
    accept: Vec<String>,
    /// For people or for machines
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Table,
    Json,
}

const CANNOT_LOOK: u8 = 2;

pub(super) fn run(options: &Options, unverified: bool) -> ExitCode {
    match look(options, unverified) {
        Ok(report) => {
            print(&match options.format {
                Format::Table => report.to_string(),
                Format::Json => format!("{:#}\n", report.to_json()),
            });
            if report.findings.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("schema-per-service: {error}");
            ExitCode::from(CANNOT_LOOK)
        }
    }
}

fn look(options: &Options, unverified: bool) -> Result<Report, Box<dyn std::error::Error>> {
    refuse_environment()?;
    refuse_unknown(&options.accept)?;
    let services = subjects(options)?;
    let mut reports = Vec::new();
    if let Some(url) = &options.admin_url {
        refuse_unsafe(url, "--admin-url", unverified)?;
        reports.push(audit::run(url, &services, &options.trust)?);
    } else {
        for (service, url) in SERVICES.iter().zip(&options.urls.0) {
            let Some(url) = url else { continue };
            refuse_unsafe(url, &serving_variable(service), unverified)?;
            reports.push(audit::run_as(
                url,
                service.name(),
                &services,
                &options.trust,
            )?);
        }
    }
    let mut all = reports
        .pop()
        .ok_or("give --admin-url, or the services' own URLs")?;
    for report in reports {
        all.matrix.extend(report.matrix);
        all.findings.extend(report.findings);
    }
    all.matrix.sort();
    all.matrix.dedup();
    all.findings
        .retain(|finding| !finding.is_accepted(&options.accept));
    all.findings.sort();
    all.findings.dedup();
    Ok(all)
}

/// The services to look for: those of the flags and the file, or else this program's own.
fn subjects(options: &Options) -> Result<Vec<Subject>, Box<dyn std::error::Error>> {
    let mut subjects = options.service.clone();
    if let Some(path) = &options.services {
        let text =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            subjects.push(
                line.parse()
                    .map_err(|error| format!("{}: {line}: {error}", path.display()))?,
            );
        }
    }
    if subjects.is_empty() {
        subjects = SERVICES.iter().map(Subject::from).collect();
    }
    Ok(subjects)
}
