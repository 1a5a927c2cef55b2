//! A PostgreSQL of our own, for when none is configured: installed programs, a private data folder, a private socket.
//!
//! ```text
//! <data-dir>/lock              held while a server uses the folder
//!            admin-password    of the role postgres, readable by its owner alone
//!            postgres/         the cluster
//!            run/              the Unix socket; there is no TCP port
//!            log/              PostgreSQL's log, a file for each day of the week
//! ```
//!
//! Root may not run PostgreSQL, so as root the server runs under an unprivileged account, which then owns the folder.

mod account;
mod keeper;
mod programs;

use std::{
    fs::{self, File, Permissions, TryLockError},
    io,
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret as _, SecretString};

use self::{account::Account, keeper::Keeper, programs::Programs};
use super::{DatabaseUrl, Service, connect::connect, migrate, provision};

/// The one database of an embedded server.
pub const DATABASE: &str = "app";
const PORT: u16 = 5432;
/// A Unix socket's whole path must fit into 108 bytes, the closing NUL included.
const LONGEST_SOCKET_PATH: usize = 107;
const PATIENCE: Duration = Duration::from_secs(60);

/// An embedded server that does not run, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL is not installed.
    #[error(
        "no PostgreSQL server programs (initdb, pg_ctl, postgres) were found on this machine. Looked in: {looked_in}. \
         Install them (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; \
         macOS: brew install postgresql), or point PG_BIN_DIR at the folder that holds them, \
         or give every service the URL of a server that runs already"
    )]
    NotInstalled {
        /// The places that were looked in.
        looked_in: String,
    },
    /// Root may not run PostgreSQL, and there is nobody else.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has no user 'postgres' or 'nobody' to run it as"
    )]
    NoAccount,
    /// The data folder is in use.
    #[error(
        "another server uses the data folder {0} already; stop it, or choose another with --data-dir"
    )]
    Locked(PathBuf),
    /// The unprivileged account cannot get to the data folder.
    #[error(
        "the user '{account}', who runs PostgreSQL here, cannot enter {data_dir}; choose another folder with --data-dir"
    )]
    OutOfReach {
        /// The account that the server runs as.
        account: String,
        /// The folder that it cannot enter.
        data_dir: PathBuf,
    },
    /// The folder's path leaves no room for a socket.
    #[error("the path of {0} is too long for a Unix socket; choose a shorter one with --data-dir")]
    PathTooLong(PathBuf),
    /// The folder was made by another major version.
    #[error(
        "the data folder {data_dir} was made by PostgreSQL {made_by}, but the programs here are of {installed}"
    )]
    OtherVersion {
        /// The folder.
        data_dir: PathBuf,
        /// The major version that made it.
        made_by: String,
        /// The major version of the programs found.
        installed: String,
    },
    /// A program failed.
    #[error("{program} failed: {output}")]
    Failed {
        /// The program.
        program: &'static str,
        /// What it printed.
        output: String,
    },
    /// The server did not come up.
    #[error("PostgreSQL did not start: {0}")]
    NotReady(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The walls could not be built.
    #[error(transparent)]
    Provision(#[from] provision::Error),
    /// A schema could not be brought up to date.
    #[error(transparent)]
    Migrate(#[from] migrate::Error),
}

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
    data_dir: PathBuf,
    admin: DatabaseUrl,
    _lock: File,
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
        let account = Account::for_server()?;

        fs::create_dir_all(data_dir).map_err(at(data_dir))?;
        let data_dir = data_dir.canonicalize().map_err(at(data_dir))?;
        account.own(&data_dir)?;
        if !account.may("-w", &data_dir) {
            return Err(Error::OutOfReach {
                account: account.name(),
                data_dir,
            });
        }
        let socket = data_dir.join("run").join(format!(".s.PGSQL.{PORT}"));
        if socket.as_os_str().len() > LONGEST_SOCKET_PATH {
            return Err(Error::PathTooLong(data_dir));
        }
        let lock = lock(&data_dir)?;
        for name in ["run", "log"] {
            let dir = data_dir.join(name);
            fs::create_dir_all(&dir).map_err(at(&dir))?;
            account.own(&dir)?;
        }

        let cluster = data_dir.join("postgres");
        if UnixStream::connect(&socket).is_ok() {
            // A server killed with SIGKILL leaves its PostgreSQL a moment to stop in, or, without its keeper, for good.
            let stopped = programs.stop(&account, &cluster);
            if UnixStream::connect(&socket).is_ok() {
                stopped?;
            }
        }
        let password = initialized(&programs, &account, &data_dir, durability)?;
        programs.check_version(&cluster)?;

        let admin = DatabaseUrl::on_socket(
            &data_dir.join("run"),
            PORT,
            "postgres",
            password.expose_secret(),
            "postgres",
        );
        let keeper = Keeper::start(programs.server(&account, &data_dir, durability));
        let server = Self {
            keeper,
            data_dir,
            admin,
            _lock: lock,
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
        Ok(self
            .admin
            .with_login(role, &password)
            .with_database(plan.database))
    }

    /// The URL of the cluster's superuser.
    pub const fn admin(&self) -> &DatabaseUrl {
        &self.admin
    }

    /// The folder that the data lies in, as an absolute path.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    fn wait_until_ready(&self) -> Result<(), Error> {
        let begun = Instant::now();
        loop {
            match connect(&self.admin) {
                Ok(_conn) => return Ok(()),
                Err(_) if begun.elapsed() < PATIENCE && !self.keeper.gave_up() => {
                    thread::sleep(Duration::from_millis(20));
                }
                Err(error) => {
                    let log = self.data_dir.join("log");
                    return Err(Error::NotReady(format!(
                        "{error}; its log is in {}",
                        log.display()
                    )));
                }
            }
        }
    }
}

/// Whether the account that would run the server can get into `dir`: root's home, for one, is closed to it.
pub(crate) fn can_work_below(dir: &Path) -> bool {
    Account::for_server().is_ok_and(|account| account.may("-x", dir))
}

fn lock(data_dir: &Path) -> Result<File, Error> {
    let path = data_dir.join("lock");
    let file = File::create(&path).map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked(data_dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(Error::Io { path, source }),
    }
}

/// Makes the cluster where there is none yet, and returns its superuser's password.
fn initialized(
    programs: &Programs,
    account: &Account,
    data_dir: &Path,
    durability: Durability,
) -> Result<SecretString, Error> {
    let (cluster, password_file) = (data_dir.join("postgres"), data_dir.join("admin-password"));
    if !cluster.exists() {
        // Made beside its place and moved there whole, so that an interrupted initdb is never taken for a cluster.
        let unfinished = data_dir.join("postgres.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(at(&unfinished))?;
        }
        let password = provision::random_password();
        fs::write(&password_file, "").map_err(at(&password_file))?;
        fs::set_permissions(&password_file, Permissions::from_mode(0o600))
            .map_err(at(&password_file))?;
        fs::write(&password_file, password.expose_secret()).map_err(at(&password_file))?;
        account.own(&password_file)?;
        programs.initdb(account, &unfinished, &password_file, durability)?;
        fs::rename(&unfinished, &cluster).map_err(at(&cluster))?;
    }
    Ok(fs::read_to_string(&password_file)
        .map_err(at(&password_file))?
        .into())
}

/// Names the file that an I/O error is about.
fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::Io {
        path: path.to_owned(),
        source,
    }
}
