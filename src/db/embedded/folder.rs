//! The data folder: whose it is, what stands in it, and that only one server uses it.
//!
//! As root, the folder stays root's and only the parts that PostgreSQL writes to are the server account's, so that whoever
//! controls that account cannot lead root astray by a link.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::{
    Durability, PORT,
    account::Account,
    error::{Error, at},
    programs::Programs,
};
use crate::db::provision::random_password;

/// A Unix socket's whole path must fit into 108 bytes, the closing NUL included.
const LONGEST_SOCKET_PATH: usize = 107;

/// A data folder that is ours as long as this value lives.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder where it is missing, and takes it for this process.
    pub(super) fn open(data_dir: &Path, durability: Durability) -> Result<(Self, Account), Error> {
        let (path, account) = make(data_dir)?;
        let lock = lock(&path)?;
        if durability == Durability::Throwaway {
            // The account removes the folder in the end.
            account.own(&path)?;
        }
        if !account.may("-x", &path) {
            return Err(Error::OutOfReach {
                account: account.name(),
                data_dir: path,
            });
        }

        let folder = Self { path, _lock: lock };
        for dir in [folder.run(), folder.log()] {
            if !dir.exists() {
                make_closed(&dir)?;
            }
            account.own(&dir)?;
        }
        Ok((folder, account))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The cluster.
    pub(super) fn cluster(&self) -> PathBuf {
        self.path.join("postgres")
    }

    /// The folder of the socket.
    pub(super) fn run(&self) -> PathBuf {
        self.path.join("run")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    pub(super) fn socket(&self) -> PathBuf {
        socket_in(&self.path)
    }

    /// What the server says before its log is open: the reason, when it does not start.
    pub(super) fn startup_log(&self) -> PathBuf {
        self.path.join("startup.log")
    }

    /// Makes the cluster where there is none yet, and returns its superuser's password.
    pub(super) fn initialized(
        &self,
        programs: &Programs,
        account: &Account,
        durability: Durability,
    ) -> Result<SecretString, Error> {
        let password_file = self.path.join("admin-password");
        if !self.cluster().exists() {
            self.sweep();
            let password = random_password();
            write_closed(&password_file, password.expose_secret())?;
            // initdb runs as the account, which may not read our file.
            let borrowed = self.run().join(format!("password-{}", Uuid::new_v4()));
            write_closed(&borrowed, password.expose_secret())?;
            account.own(&borrowed)?;
            // Made beside its place and moved there whole, so that an interrupted initdb is never taken for a cluster.
            let unfinished = self.path.join(format!("postgres.new-{}", Uuid::new_v4()));
            make_closed(&unfinished)?;
            account.own(&unfinished)?;
            programs.initdb(account, &unfinished, &borrowed, durability)?;
            fs::remove_file(&borrowed).map_err(at(&borrowed))?;
            fs::rename(&unfinished, self.cluster()).map_err(at(&unfinished))?;
        }
        Ok(fs::read_to_string(&password_file)
            .map_err(at(&password_file))?
            .into())
    }

    /// Removes what interrupted starts left. Their initdb may still be dying, so what cannot be removed is left to the next.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            if entry.file_name().as_bytes().starts_with(b"postgres.new-") {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// A secret that the folder keeps, made the first time that it is asked for. A server may use the folder meanwhile.
pub(super) fn kept_secret(
    data_dir: &Path,
    name: &str,
    secret: impl FnOnce() -> SecretString,
) -> Result<SecretString, Error> {
    let (folder, _account) = make(data_dir)?;
    let path = folder.join(name);
    if !path.exists() {
        // Moved to its place whole, and only by the first who comes.
        let unfinished = folder.join(format!("{name}.new-{}", Uuid::new_v4()));
        write_closed(&unfinished, secret().expose_secret())?;
        let moved = fs::hard_link(&unfinished, &path);
        fs::remove_file(&unfinished).map_err(at(&unfinished))?;
        match moved {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(at(&path)(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(fs::read_to_string(&path).map_err(at(&path))?.into())
}

/// Makes the folder where it is missing, and marks it as ours.
fn make(data_dir: &Path) -> Result<(PathBuf, Account), Error> {
    let unusable = |source| Error::Unusable {
        data_dir: data_dir.to_owned(),
        source,
    };
    let is_new = !data_dir.exists();
    fs::create_dir_all(data_dir).map_err(unusable)?;
    let path = data_dir.canonicalize().map_err(unusable)?;
    let socket = socket_in(&path);
    if socket.as_os_str().len() > LONGEST_SOCKET_PATH || path.as_os_str().as_bytes().contains(&b',')
    {
        return Err(Error::BadPath(path));
    }
    let is_empty = fs::read_dir(&path).map_err(unusable)?.next().is_none();
    if !is_empty && !path.join("lock").exists() {
        return Err(Error::NotOurs(path));
    }
    let account = Account::for_server(&path.join("postgres"))?;
    if is_new || is_empty {
        let mode = if account.is_somebody_else() {
            0o711
        } else {
            0o700
        };
        fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(unusable)?;
    }
    lock_file(&path).map_err(unusable)?;
    Ok((path, account))
}

fn socket_in(path: &Path) -> PathBuf {
    path.join("run").join(format!(".s.PGSQL.{PORT}"))
}

/// The file that is locked; its presence says that the folder is ours.
fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path.join("lock"))
}

fn lock(path: &Path) -> Result<File, Error> {
    let lock = lock_file(path).map_err(at(&path.join("lock")))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::Locked(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(Error::Io {
            path: path.join("lock"),
            source,
        }),
    }
}

fn make_closed(dir: &Path) -> Result<(), Error> {
    DirBuilder::new().mode(0o700).create(dir).map_err(at(dir))
}

/// Writes a file that nobody else can read, and that was not there before.
fn write_closed(path: &Path, text: &str) -> Result<(), Error> {
    let _ = fs::remove_file(path);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(at(path))
}
