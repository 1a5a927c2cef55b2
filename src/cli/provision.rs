//! `provision`: makes or repairs what the walls stand on, and hands out logins.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use secrecy::{ExposeSecret as _, SecretString};

use super::print;
use crate::{
    config::{owning_variable, refuse_environment, serving_variable},
    db::{
        DatabaseUrl, Service,
        provision::{Plan, random_password},
    },
    services::SERVICES,
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// How the administrator logs in: a superuser or, on a managed server, a role that may create roles and databases
    #[arg(
        long,
        env = "ADMIN_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    admin_url: DatabaseUrl,
    /// The database that the schemas stand in
    #[arg(long, default_value = "app")]
    database: String,
    /// Only these services; the others keep their data elsewhere
    #[arg(long, value_delimiter = ',', value_name = "SERVICE")]
    only: Vec<String>,
    /// Connections that each serving role may hold, over all processes
    #[arg(long, default_value_t = 20)]
    connections: u16,
    /// The folder for serve.env and migrate.env, which hold each service's URLs. A role whose password is neither in
    /// `<ROLE>_PASSWORD` nor there yet gets a new one
    #[arg(long, default_value = "secrets", value_name = "FOLDER")]
    secrets: PathBuf,
    /// Print the statements that are missing, and run none
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    refuse_environment()?;
    if let Some(stranger) = options
        .only
        .iter()
        .find(|name| SERVICES.iter().all(|service| service.name() != **name))
    {
        return Err(format!("there is no service {stranger}").into());
    }
    let services = SERVICES.iter().filter(|service| {
        options.only.is_empty() || options.only.iter().any(|name| name == service.name())
    });
    let services: Vec<Service> = services.copied().collect();
    let plan = Plan {
        admin: &options.admin_url,
        database: &options.database,
        connections: options.connections,
        services: &services,
    };

    if options.dry_run {
        let statements: String = plan
            .missing()?
            .iter()
            .fold(String::new(), |text, step| text + step + ";\n");
        print(if statements.is_empty() {
            "-- nothing to do\n"
        } else {
            &statements
        });
        return Ok(ExitCode::SUCCESS);
    }
    let report = plan.run()?;
    let mut text: String = report
        .done
        .iter()
        .fold(String::new(), |text, step| text + step + ";\n");
    let renewed = hand_out_logins(&plan, &options.secrets)?;
    for role in &renewed {
        writeln!(text, "-- {role} has a new password")?;
    }
    if text.is_empty() {
        text.push_str("-- nothing to do\n");
    }
    if !report.open.is_empty() {
        writeln!(
            text,
            "-- The server did not allow these, so they stay open (SECURITY.md says what each allows):"
        )?;
        for step in &report.open {
            writeln!(text, "--   {step};")?;
        }
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

/// Gives each role the password of `<ROLE>_PASSWORD`, or else the one of its URL in the files, or else a new one; writes the
/// files; and returns the roles whose password had to be set.
fn hand_out_logins(plan: &Plan<'_>, folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut renewed = Vec::new();
    for (file, role_of, variable_of) in [
        (
            "serve.env",
            Service::service_role as fn(&Service) -> String,
            serving_variable as fn(&Service) -> String,
        ),
        ("migrate.env", Service::owner_role, owning_variable),
    ] {
        let path = folder.join(file);
        let before = read_env(&path)?;
        let mut after = before.clone();
        for service in plan.services {
            let (role, variable) = (role_of(service), variable_of(service));
            let given = env::var_os(format!("{}_PASSWORD", role.to_uppercase()));
            let password = match given {
                Some(password) => password
                    .into_string()
                    .map_err(|_| format!("the password of {role} is no text"))?
                    .into(),
                None => before
                    .get(&variable)
                    .and_then(DatabaseUrl::password)
                    .unwrap_or_else(random_password),
            };
            let password: SecretString = password;
            if plan.set_password(&role, &password)? {
                renewed.push(role.clone());
            }
            after.insert(
                variable,
                plan.admin
                    .with_login(&role, &password)
                    .with_database(plan.database),
            );
        }
        write_env(&path, &before, &after)?;
    }
    Ok(renewed)
}

/// Reads `NAME=value` lines; a file that is not there holds none.
fn read_env(path: &Path) -> Result<BTreeMap<String, DatabaseUrl>, Box<dyn Error>> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text: SecretString = fs::read_to_string(path)
        .map_err(|error| format!("{}: {error}", path.display()))?
        .into();
    let pairs = text
        .expose_secret()
        .lines()
        .filter_map(|line| line.split_once('='));
    Ok(pairs
        .map(|(name, value)| (name.to_owned(), DatabaseUrl::from(value.trim_matches('\''))))
        .collect())
}

/// Writes a file that only its owner can read, beside its place first, so that it is never half there.
fn write_env(
    path: &Path,
    before: &BTreeMap<String, DatabaseUrl>,
    after: &BTreeMap<String, DatabaseUrl>,
) -> Result<(), Box<dyn Error>> {
    let text = |urls: &BTreeMap<String, DatabaseUrl>| {
        urls.iter().fold(String::new(), |text, (name, url)| {
            text + name + "='" + url.expose() + "'\n"
        })
    };
    if text(before) == text(after) {
        return Ok(());
    }
    let complain = |error| format!("{}: {error}", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    if !folder.exists() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(complain)?;
    }
    let unfinished = path.with_extension("new");
    let _ = fs::remove_file(&unfinished);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(complain)?;
    file.write_all(text(after).as_bytes()).map_err(complain)?;
    file.sync_all().map_err(complain)?;
    fs::rename(&unfinished, path).map_err(complain)?;
    Ok(())
}
