//! The program as a process of its own, for what only a process can suffer.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

use schema_per_service::services::SERVICES;

use super::{Client, Database, signal};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_schema-per-service");

/// The command on the database, as an operator would run it.
pub(crate) fn command(database: &Database, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).stderr(Stdio::null()).envs([
        ("LISTEN", "127.0.0.1:0"),
        ("WORKERS", "2"),
        ("ACCEPT", "other-database,durability"),
        ("ANYONE_MAY_CALL", "true"),
    ]);
    for (service, url) in SERVICES.iter().zip(database.service_urls()) {
        let name = format!("{}_DATABASE_URL", service.name().to_uppercase());
        command.env(name, url.expose());
    }
    command
}

/// What a command printed, and its exit code.
pub(crate) struct Printed {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Printed {
    pub(crate) fn by(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A server as a process of its own; it is killed when dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) client: Client,
    /// The first line that it printed.
    pub(crate) banner: String,
    printed: BufReader<ChildStdout>,
}

impl Process {
    /// Starts it, and waits until it listens.
    pub(crate) fn from(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut banner = String::new();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        printed.read_line(&mut banner).unwrap();
        let address: SocketAddr = banner
            .split_once("http://")
            .and_then(|(_, rest)| rest.split(';').next()?.parse().ok())
            .unwrap_or_else(|| panic!("no address in {banner:?}"));
        Self {
            child,
            client: Client::new(address),
            banner,
            printed,
        }
    }

    /// What else it prints.
    pub(crate) fn lines(&mut self) -> impl Iterator<Item = String> {
        (&mut self.printed).lines().map(Result::unwrap)
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An embedded PostgreSQL notices by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
