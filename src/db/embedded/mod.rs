//! A PostgreSQL of our own, for when none is configured: installed programs, a private data folder, a private socket.
//!
//! ```text
//! <data-dir>/lock              held while a server uses the folder
//!            admin-password    of the role postgres, readable by whoever starts the server
//!            startup.log       what PostgreSQL said before its log was open
//!            postgres/         the cluster
//!            run/              the Unix socket; there is no TCP port
//!            log/              PostgreSQL's log, a file for each day of the week
//! ```
//!
//! Root may not run PostgreSQL, so as root the server runs under an unprivileged account, which owns the last three.

mod account;
mod error;
mod folder;
mod keeper;
mod memory;
mod programs;

use std::{
    fs::{self, File},
    os::unix::net::UnixStream,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret as _, SecretString};

pub use self::error::Error;
use self::{account::Account, error::at, folder::Folder, keeper::Keeper, programs::Programs};
use super::{DatabaseUrl, Service, connect::connect, migrate, provision};

/// The one database of an embedded server.
pub const DATABASE: &str = "app";
const PORT: u16 = 5432;
const PATIENCE: Duration = Duration::from_secs(60);

/// What becomes of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Kept: what was acknowledged survives a crash of anything.
    Durable,
    /// For tests: not synced to disk, and removed with the server.
    Throwaway,
}

/// A running server. It stops when this value is dropped, and also when this process is killed.
#[derive(Debug)]
pub struct Embedded {
    // In the order of the drops: the server stops before the folder is free for the next.
    keeper: Keeper,
    folder: Folder,
    admin: DatabaseUrl,
}

/// A secret beside the data, readable by whoever starts the server and nobody else; made the first time that it is asked for.
///
/// # Errors
///
/// When the folder is not ours, or cannot be read or written.
pub fn kept_secret(
    data_dir: &Path,
    name: &str,
    secret: impl FnOnce() -> SecretString,
) -> Result<SecretString, Error> {
    folder::kept_secret(data_dir, name, secret)
}

impl Embedded {
    /// Starts the server on `data_dir`, making the folder and the cluster in it when they are missing, and waits until it
    /// answers. `pg_bin_dir` holds PostgreSQL's programs; without it they are looked for.
    ///
    /// # Errors
    ///
    /// See [`Error`]: each says what to do.
    pub fn start(
        data_dir: &Path,
        pg_bin_dir: Option<&Path>,
        durability: Durability,
    ) -> Result<Self, Error> {
        let programs = Programs::find(pg_bin_dir)?;
        let (folder, account) = Folder::open(data_dir, durability)?;
        if UnixStream::connect(folder.socket()).is_ok() {
            // A server killed with SIGKILL leaves its PostgreSQL a moment to stop in, or, without its keeper, for good.
            let stopped = programs.stop(&account, &folder.cluster());
            if UnixStream::connect(folder.socket()).is_ok() {
                stopped?;
            }
        }
        let password = folder.initialized(&programs, &account, durability)?;
        programs.check_version(&folder.cluster())?;

        let admin = DatabaseUrl::on_socket(
            &folder.run(),
            PORT,
            "postgres",
            password.expose_secret(),
            "postgres",
        );
        let startup_log = File::create(folder.startup_log()).map_err(at(&folder.startup_log()))?;
        let keeper = Keeper::start(programs.server(&account, &folder, durability), startup_log);
        let server = Self {
            keeper,
            folder,
            admin,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Provisions and migrates `services` and returns a URL for each to serve with, in their order.
    ///
    /// The passwords are new at each start and are kept nowhere.
    ///
    /// # Errors
    ///
    /// When the walls cannot be built or a migration fails.
    pub fn prepare(&self, services: &[Service]) -> Result<Vec<DatabaseUrl>, Error> {
        let plan = self.plan(DATABASE, services);
        plan.run()?;
        services
            .iter()
            .map(|service| {
                migrate::run(service, &self.login(&plan, &service.owner_role())?)?;
                Ok(self.login(&plan, &service.service_role())?)
            })
            .collect()
    }

    /// What makes `database` of this cluster a home for `services`.
    pub const fn plan<'a>(
        &'a self,
        database: &'a str,
        services: &'a [Service],
    ) -> provision::Plan<'a> {
        provision::Plan {
            admin: &self.admin,
            database,
            connections: 20,
            services,
        }
    }

    /// Gives `role` a new password and returns the URL by which it logs in to the plan's database.
    ///
    /// # Errors
    ///
    /// When there is no such role.
    pub fn login(
        &self,
        plan: &provision::Plan<'_>,
        role: &str,
    ) -> Result<DatabaseUrl, provision::Error> {
        let password = provision::random_password();
        plan.set_password(role, &password)?;
        Ok(plan.login(role, &password))
    }

    /// The URL of the cluster's superuser.
    pub const fn admin(&self) -> &DatabaseUrl {
        &self.admin
    }

    /// The folder that the data lies in, as an absolute path.
    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    fn wait_until_ready(&self) -> Result<(), Error> {
        let mut begun = Instant::now();
        loop {
            match connect(&self.admin) {
                Ok(_conn) => return Ok(()),
                Err(why) if begun.elapsed() < PATIENCE && !self.keeper.gave_up() => {
                    if why.is_passing() {
                        // Recovery takes as long as it takes; stopped, it would begin again at the next start.
                        begun = Instant::now();
                    }
                    thread::sleep(Duration::from_millis(20));
                }
                Err(why) => {
                    let said = fs::read_to_string(self.folder.startup_log()).unwrap_or_default();
                    let log = self.folder.log();
                    let last = said.lines().last().unwrap_or("it said nothing").trim();
                    return Err(Error::NotReady(format!(
                        "{why}; {last} (its log is in {})",
                        log.display()
                    )));
                }
            }
        }
    }
}

/// Whether the account that would run the server can get into `dir`: root's home, for one, is closed to it.
pub(crate) fn can_work_below(dir: &Path) -> bool {
    Account::for_server(dir).is_ok_and(|account| account.may("-x", dir))
}
