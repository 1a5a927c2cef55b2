//! PostgreSQL's own programs: where they are, and how we call them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Durability, PORT,
    account::Account,
    error::{Error, at},
    folder::Folder,
    memory::shared_buffers,
};

/// The folder that holds `initdb`, `pg_ctl` and `postgres`.
pub(super) struct Programs {
    bin: PathBuf,
}

impl Programs {
    /// Takes `given` if there is one, else the first folder that holds the programs.
    pub(super) fn find(given: Option<&Path>) -> Result<Self, Error> {
        let places = given.map_or_else(usual_places, |dir| vec![dir.to_owned()]);
        let complete = |dir: &&PathBuf| {
            ["initdb", "pg_ctl", "postgres"]
                .iter()
                .all(|name| dir.join(name).is_file())
        };
        match places.iter().find(complete) {
            Some(bin) => Ok(Self { bin: bin.clone() }),
            None => {
                let looked_in = places
                    .iter()
                    .map(|dir| dir.display().to_string())
                    .collect::<Vec<_>>()
                    .join(", ");
                Err(Error::NotInstalled { looked_in })
            }
        }
    }

    pub(super) fn initdb(
        &self,
        account: &Account,
        cluster: &Path,
        password_file: &Path,
        durability: Durability,
    ) -> Result<(), Error> {
        let mut initdb = account.command(&self.bin.join("initdb"));
        initdb
            .args([
                "--username=postgres",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .args(["--data-checksums", "--no-instructions", "--pgdata"])
            .arg(cluster)
            .arg("--pwfile")
            .arg(password_file);
        if durability == Durability::Throwaway {
            initdb.arg("--no-sync");
        }
        output("initdb", &mut initdb).map(drop)
    }

    /// Stops a server that an earlier process left on `cluster`.
    pub(super) fn stop(&self, account: &Account, cluster: &Path) -> Result<(), Error> {
        let mut pg_ctl = account.command(&self.bin.join("pg_ctl"));
        pg_ctl
            .args([
                "stop",
                "--mode=fast",
                "--wait",
                "--timeout=60",
                "--silent",
                "--pgdata",
            ])
            .arg(cluster);
        output("pg_ctl", &mut pg_ctl).map(drop)
    }

    /// The command that runs the server in the foreground.
    pub(super) fn server(
        &self,
        account: &Account,
        folder: &Folder,
        durability: Durability,
    ) -> Command {
        // Whatever the cluster's files say: no TCP port, and no statement, value or constraint in the log.
        let mut settings = vec![
            "listen_addresses=".to_owned(),
            format!("unix_socket_directories={}", folder.run().display()),
            "unix_socket_permissions=0700".to_owned(),
            format!("port={PORT}"),
            "log_error_verbosity=terse".to_owned(),
            "log_min_error_statement=panic".to_owned(),
            "log_statement=none".to_owned(),
        ];
        let durable = match durability {
            Durability::Durable => "on",
            Durability::Throwaway => "off",
        };
        for name in [
            "fsync",
            "synchronous_commit",
            "full_page_writes",
            "logging_collector",
        ] {
            settings.push(format!("{name}={durable}"));
        }
        match durability {
            Durability::Durable => settings.extend([
                format!("log_directory={}", folder.log().display()),
                "log_filename=%a.log".to_owned(),
                "log_truncate_on_rotation=on".to_owned(),
                format!("shared_buffers={}", shared_buffers()),
            ]),
            Durability::Throwaway => settings.push("max_connections=400".to_owned()),
        }

        // The keeper (keeper.rs) gives the script its stdin: a pipe that closes when this process ends, however it ends.
        let mut shell = account.command(Path::new("/bin/sh"));
        shell.args(["-c", KEEP, "postgres"]);
        shell.arg(match durability {
            Durability::Durable => Path::new(""),
            Durability::Throwaway => folder.path(),
        });
        shell
            .arg(self.bin.join("postgres"))
            .arg("-D")
            .arg(folder.cluster());
        for setting in settings {
            shell.arg("-c").arg(setting);
        }
        shell
    }

    /// Refuses a cluster of another major version before PostgreSQL does so in its log only.
    pub(super) fn check_version(&self, cluster: &Path) -> Result<(), Error> {
        let version_file = cluster.join("PG_VERSION");
        let made_by = fs::read_to_string(&version_file)
            .map_err(at(&version_file))?
            .trim()
            .to_owned();
        let printed = output(
            "postgres",
            Command::new(self.bin.join("postgres")).arg("--version"),
        )?;
        let installed = printed.split_whitespace().nth(2).unwrap_or_default();
        if installed.split(|c: char| !c.is_ascii_digit()).next() == Some(made_by.as_str()) {
            Ok(())
        } else {
            Err(Error::OtherVersion {
                data_dir: cluster.to_owned(),
                made_by,
                installed: installed.to_owned(),
            })
        }
    }
}

/// Runs the server until it ends or stdin does; then stops it in fast mode, and removes the folder `$1` if there is one.
///
/// A service manager that ends our whole group must not end the server before us.
const KEEP: &str = r#"
trap '' TERM HUP
folder=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{ cat <&3; kill -INT $server; } >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait $server
kill -KILL $watcher 2>/dev/null
[ -z "$folder" ] || rm -rf "$folder"
"#;

fn output(program: &'static str, command: &mut Command) -> Result<String, Error> {
    let done = command.output().map_err(at(Path::new(program)))?;
    if done.status.success() {
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    } else {
        let output = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        Err(Error::Failed { program, output })
    }
}

fn usual_places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Ok(bindir) = output("pg_config", Command::new("pg_config").arg("--bindir")) {
        places.push(PathBuf::from(bindir.trim()));
    }
    // Debian and Ubuntu, Fedora and its kin, Homebrew on either processor.
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql"),
        ("/usr/local/opt", "postgresql"),
    ] {
        places.extend(newest_first(Path::new(parent), prefix));
    }
    places.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    places
}

/// The `bin` folders of all versions under `parent`, the newest version first.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?.trim_start_matches('@');
            let bin = entry.path().join("bin");
            bin.is_dir().then(|| (version.parse().unwrap_or(0), bin))
        })
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, bin)| bin).collect()
}
