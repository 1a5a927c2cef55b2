//! A backup, brought back on another server, has all its walls.

use std::{fs, path::PathBuf, process::Command};

use schema_per_service::{
    db::{
        DatabaseUrl,
        audit::{self, Subject},
    },
    services::SERVICES,
};

use crate::harness::{Server, connect, place, register, start_cluster};

/// Runs one of PostgreSQL's client programs, which must be beside those of the server, and returns what it printed.
fn run(program: &str, url: &DatabaseUrl, arguments: &[&str]) -> String {
    let bin: String = connect(url)
        .query_one("SELECT setting FROM pg_config WHERE name = 'BINDIR'", &[])
        .unwrap()
        .get(0);
    let program = PathBuf::from(bin).join(program);
    assert!(
        program.is_file(),
        "{} is missing: install PostgreSQL's client programs beside those of the server",
        program.display()
    );
    let output = Command::new(&program)
        .args(arguments)
        .arg("--dbname")
        .arg(url.expose())
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}: {complaints}",
        program.display()
    );
    String::from_utf8(output.stdout).unwrap()
}

/// With `--create` a dump carries what was granted on the database and how its sessions start. With `--clean` it replaces
/// the empty database that provisioning makes beside the roles.
fn dump(url: &DatabaseUrl) -> String {
    run("pg_dump", url, &["--create", "--clean", "--if-exists"])
}

#[test]
fn a_dump_restored_on_another_server_has_every_row_and_every_wall() {
    let server = Server::start();
    place(&server, &register(&server, "ada@example.com"));
    let database = &server.database;
    let before = dump(&database.admin_url());

    let other = start_cluster();
    let plan = other.plan(database.name(), SERVICES);
    plan.run().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump.sql");
    fs::write(&file, &before).unwrap();
    let once = ["--no-psqlrc", "--set=ON_ERROR_STOP=1", "--file"];
    run(
        "psql",
        other.admin(),
        &[&once[..], &[file.to_str().unwrap()]].concat(),
    );

    let restored = other.admin().with_database(database.name());
    let services: Vec<Subject> = SERVICES.iter().map(Subject::from).collect();
    let report = audit::run(&restored, &services, &[]).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(plan.missing().unwrap(), [""; 0]);
    assert_eq!(lines(&dump(&restored)), lines(&before));
}

/// What a dump says, in an order of ours: grants stand in the order in which they were made. Lines that begin with a
/// backslash are for psql, and one of them holds a random word.
fn lines(dump: &str) -> Vec<&str> {
    let mut lines: Vec<_> = dump
        .lines()
        .filter(|line| !line.starts_with('\\') && !line.is_empty())
        .collect();
    lines.sort_unstable();
    lines
}
