//! `provision`: makes or repairs what the walls stand on, and hands out logins.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    ffi::OsString,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use secrecy::{ExposeSecret as _, SecretString};

use super::print;
use crate::{
    config::{ADMIN, owning_variable, refuse_environment, refuse_unsafe, serving_variable},
    db::{
        DatabaseUrl, Service,
        provision::{Plan, random_password},
    },
    services::SERVICES,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  # See first what it would do
  schema-per-service provision --admin-url postgres://postgres@localhost/postgres --dry-run

  # Do it; then migrate and serve with the files that it wrote
  schema-per-service provision --admin-url postgres://postgres@localhost/postgres
  (set -a; . secrets/migrate.env; schema-per-service migrate)
  (set -a; . secrets/serve.env; schema-per-service serve --token-keys keys.json)

  # Give orders a server of its own
  schema-per-service provision --admin-url postgres://postgres@localhost:5433 --only orders";

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// How the administrator logs in: a superuser or, on a managed server, a role that may create roles and databases
    #[arg(
        long,
        env = ADMIN,
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
    /// The folder for serve.env and migrate.env, which hold each service's URLs. A new role gets the password of
    /// `<ROLE>_PASSWORD`, or a random one
    #[arg(long, default_value = "secrets", value_name = "FOLDER")]
    secrets: PathBuf,
    /// Give roles that exist, and whose password is neither in `<ROLE>_PASSWORD` nor in the folder, a new one; whoever serves
    /// with the old one is locked out
    #[arg(long)]
    new_passwords: bool,
    /// Print the statements that are missing, and run none
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(options: &Options, unverified: bool) -> Result<ExitCode, Box<dyn Error>> {
    refuse_environment()?;
    refuse_unsafe(&options.admin_url, "--admin-url", unverified)?;
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
        let statements = script(&plan.missing()?);
        print(if statements.is_empty() {
            "-- nothing to do\n"
        } else {
            &statements
        });
        return Ok(ExitCode::SUCCESS);
    }
    let mut logins = Logins::read(&options.secrets)?;
    let missing = plan.missing()?;
    let is_new = |role: &str| {
        missing
            .iter()
            .any(|step| step.starts_with(&format!("CREATE ROLE {role} ")))
    };
    logins.choose(&plan, |role| options.new_passwords || is_new(role))?;
    let report = plan.run()?;
    let mut text = script(&report.done);
    let renewed = logins.hand_out(&plan)?;
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

/// Statements as psql reads them.
fn script(steps: &[String]) -> String {
    steps
        .iter()
        .fold(String::new(), |text, step| text + step + ";\n")
}

/// The two files of URLs, and each role's login as it is to be.
struct Logins {
    folder: PathBuf,
    files: [EnvFile; 2],
}

/// One file of URLs.
struct EnvFile {
    path: PathBuf,
    role_of: fn(&Service) -> String,
    variable_of: fn(&Service) -> String,
    urls: BTreeMap<String, DatabaseUrl>,
    passwords: Vec<(String, SecretString)>,
}

impl Logins {
    /// Reads what there is; a file that is not there holds nothing.
    fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let file = |name, role_of, variable_of| -> Result<EnvFile, Box<dyn Error>> {
            let path = folder.join(name);
            let urls = read_env(&path)?;
            Ok(EnvFile {
                path,
                role_of,
                variable_of,
                urls,
                passwords: Vec::new(),
            })
        };
        Ok(Self {
            folder: folder.to_owned(),
            files: [
                file("serve.env", Service::service_role, serving_variable)?,
                file("migrate.env", Service::owner_role, owning_variable)?,
            ],
        })
    }

    /// Chooses each role's password: that of `<ROLE>_PASSWORD`, or the one of its URL in the file, or else a random one if the
    /// role `may_change`.
    fn choose(
        &mut self,
        plan: &Plan<'_>,
        may_change: impl Fn(&str) -> bool,
    ) -> Result<(), Box<dyn Error>> {
        for file in &mut self.files {
            for service in plan.services {
                let (role, name) = ((file.role_of)(service), (file.variable_of)(service));
                let variable = format!("{}_PASSWORD", role.to_uppercase());
                let given = env::var_os(&variable)
                    .map(OsString::into_string)
                    .transpose();
                let given = given
                    .map_err(|_| format!("{variable} is no text"))?
                    .map(SecretString::from);
                let password =
                    given.or_else(|| file.urls.get(&name).and_then(DatabaseUrl::password));
                let password = match password {
                    Some(password) => password,
                    None if may_change(&role) => random_password(),
                    None => {
                        let place = file.path.display();
                        return Err(format!(
                            "{role} exists, and its password is neither in {variable} nor in {place}; \
                             give one of them, or let it be replaced with --new-passwords"
                        )
                        .into());
                    }
                };
                file.urls.insert(name, plan.login(&role, &password));
                file.passwords.push((role, password));
            }
        }
        Ok(())
    }

    /// Writes the files, then sets the passwords: what cannot be written is not set either. Returns the roles whose password
    /// had to be set.
    fn hand_out(&self, plan: &Plan<'_>) -> Result<Vec<String>, Box<dyn Error>> {
        if !self.folder.exists() {
            let made = fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&self.folder);
            made.map_err(|error| format!("{}: {error}", self.folder.display()))?;
        }
        let mode = fs::metadata(&self.folder)?.permissions().mode();
        if mode & 0o022 != 0 {
            return Err(format!(
                "{} can be written to by others; close it first",
                self.folder.display()
            )
            .into());
        }
        let mut renewed = Vec::new();
        for file in &self.files {
            write_env(&file.path, &file.urls)?;
            for (role, password) in &file.passwords {
                if plan.ensure_password(role, password)? {
                    renewed.push(role.clone());
                }
            }
        }
        Ok(renewed)
    }
}

/// Reads `NAME='value'` lines.
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
fn write_env(path: &Path, urls: &BTreeMap<String, DatabaseUrl>) -> Result<(), Box<dyn Error>> {
    let text: SecretString = urls
        .iter()
        .fold(String::new(), |text, (name, url)| {
            text + name + "='" + url.expose() + "'\n"
        })
        .into();
    let complain = |error| format!("{}: {error}", path.display());
    let unfinished = path.with_extension("new");
    let _ = fs::remove_file(&unfinished);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(complain)?;
    file.write_all(text.expose_secret().as_bytes())
        .map_err(complain)?;
    file.sync_all().map_err(complain)?;
    fs::rename(&unfinished, path).map_err(complain)?;
    Ok(())
}
