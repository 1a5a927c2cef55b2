//! What keeps an embedded server from running.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::db::{migrate, provision};

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
    /// The folder's path cannot hold a socket.
    #[error(
        "the path of {0} is too long for a Unix socket, or has a comma; choose another with --data-dir"
    )]
    BadPath(PathBuf),
    /// The folder belongs to something else.
    #[error(
        "{0} holds files that are not ours; choose an empty folder, or a new one, with --data-dir"
    )]
    NotOurs(PathBuf),
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
    /// The folder cannot be made or used.
    #[error(
        "the data folder {data_dir} cannot be used: {source}; choose one that you may write to with --data-dir"
    )]
    Unusable {
        /// The folder.
        data_dir: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
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

/// Names the file that an I/O error is about.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::Io {
        path: path.to_owned(),
        source,
    }
}
