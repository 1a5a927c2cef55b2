//! What the people who run it see: the log, the figures, the traces, and how it stops.

mod log;
mod metrics;
mod startup;
mod stopping;
mod traces;

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Stdio,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Database, Process, command};

/// A server as a process of its own, and its log in a file.
struct Logged {
    server: Process,
    database: Database,
    folder: TempDir,
}

impl Logged {
    fn start(variables: &[(&str, &str)]) -> Self {
        let (database, folder) = (Database::new(), tempfile::tempdir().unwrap());
        let mut serve = command(&database, &["serve"]);
        serve.envs(variables.iter().copied());
        serve.stderr(Stdio::from(
            File::create(folder.path().join("log")).unwrap(),
        ));
        let server = Process::from(serve);
        Self {
            server,
            database,
            folder,
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Stops the server in order, and returns all that it logged.
    fn end(self) -> String {
        self.end_by("TERM").0
    }

    /// Stops it by this signal, and returns its database too.
    fn end_by(mut self, signal: &str) -> (String, Database) {
        self.server.signal(signal);
        assert!(self.server.ended().success());
        (fs::read_to_string(self.log()).unwrap(), self.database)
    }
}

/// The lines of a log that are about requests.
fn requests(log: &str) -> Vec<Value> {
    let lines = log
        .lines()
        .map(|line| serde_json::from_str(line).expect(line));
    lines
        .filter(|line: &Value| line["target"] == "schema_per_service::request")
        .collect()
}
