//! The operating system's user that the server runs as.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
};

use nix::unistd::{Uid, User};

use super::{Error, at};

/// Who runs PostgreSQL: we ourselves or, when we are root, somebody who is not.
pub(super) struct Account(Option<User>);

impl Account {
    pub(super) fn for_server() -> Result<Self, Error> {
        if !Uid::effective().is_root() {
            return Ok(Self(None));
        }
        let somebody = ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten());
        Ok(Self(Some(somebody.ok_or(Error::NoAccount)?)))
    }

    pub(super) fn name(&self) -> String {
        self.0
            .as_ref()
            .map_or_else(|| "you".to_owned(), |user| user.name.clone())
    }

    /// A command that runs as this account, in a folder that it may enter and with messages in plain English.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("LC_ALL", "C");
        if let Some(user) = &self.0 {
            // The standard library drops root's other groups with the uid.
            command
                .uid(user.uid.as_raw())
                .gid(user.gid.as_raw())
                .current_dir("/");
        }
        command
    }

    /// Gives a file or folder to this account; a folder is closed to everyone else.
    pub(super) fn own(&self, path: &Path) -> Result<(), Error> {
        if path.is_dir() {
            fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(at(path))?;
        }
        match &self.0 {
            Some(user) => {
                chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).map_err(at(path))
            }
            None => Ok(()),
        }
    }

    /// Whether `test(1)` says that this account may: `-x` enter, or `-w` write to, a folder through all those above it.
    pub(super) fn may(&self, test: &str, dir: &Path) -> bool {
        let mut shell = self.command(Path::new("/bin/sh"));
        shell
            .args(["-c", "test \"$1\" \"$2\"", "sh", test])
            .arg(dir);
        shell.status().is_ok_and(|status| status.success())
    }
}
