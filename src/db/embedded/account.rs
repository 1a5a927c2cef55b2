//! The operating system's user that the server runs as.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, lchown},
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
};

use nix::unistd::{Uid, User};

use super::error::{Error, at};

/// Who runs PostgreSQL: we ourselves or, when we are root, somebody who is not.
pub(super) struct Account(Option<User>);

impl Account {
    /// Whoever owns `cluster` already, or else the first unprivileged account there is.
    pub(super) fn for_server(cluster: &Path) -> Result<Self, Error> {
        if !Uid::effective().is_root() {
            return Ok(Self(None));
        }
        let owner = fs::symlink_metadata(cluster)
            .ok()
            .map(|data| Uid::from_raw(data.uid()));
        let owner = owner
            .filter(|owner| !owner.is_root())
            .and_then(|owner| User::from_uid(owner).ok().flatten());
        let usual = || {
            ["postgres", "nobody"]
                .iter()
                .find_map(|name| User::from_name(name).ok().flatten())
        };
        Ok(Self(Some(owner.or_else(usual).ok_or(Error::NoAccount)?)))
    }

    /// Whether this is not ourselves.
    pub(super) const fn is_somebody_else(&self) -> bool {
        self.0.is_some()
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

    /// Gives a file or folder to this account; never what a link points to.
    pub(super) fn own(&self, path: &Path) -> Result<(), Error> {
        match &self.0 {
            Some(user) => {
                lchown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).map_err(at(path))
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
