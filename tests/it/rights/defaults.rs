//! Closed unless somebody opens it: what a server does that was told nothing.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::harness::{Client, Database, PROGRAM, Process, register};

/// A folder that PostgreSQL's account may enter.
fn folder() -> TempDir {
    tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap()
}

/// The program with its data in this folder.
fn program(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env("LISTEN", "127.0.0.1:0")
        .env("DATA_DIR", folder.join("data"));
    command
}

/// What it printed until its end, which comes by itself, unless it serves where it should refuse.
fn output(mut command: Command) -> (Option<i32>, String, String) {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("it does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
    (status.code(), stdout, stderr)
}

#[test]
fn beyond_this_machine_or_with_databases_of_yours_nothing_is_served_without_keys() {
    let folder = folder();
    let database = Database::new();
    let mut elsewhere = program(&["serve"], folder.path());
    elsewhere.env("LISTEN", "0.0.0.0:0");
    let mut yours = program(&["serve"], folder.path());
    for (service, url) in schema_per_service::services::SERVICES
        .iter()
        .zip(database.service_urls())
    {
        yours
            .arg(format!("--{}-database-url", service.name()))
            .arg(url.expose());
    }

    for command in [elsewhere, yours] {
        let (code, stdout, stderr) = output(command);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        for word in [
            "TOKEN_KEYS",
            "ANYONE_MAY_CALL",
            "read and change everything",
        ] {
            assert!(stderr.contains(word), "{stderr}");
        }
    }
    assert!(
        !folder.path().join("data").exists(),
        "it refuses before it begins"
    );
}

#[test]
fn on_loopback_with_data_of_its_own_calls_are_open_and_a_line_says_so() {
    let folder = folder();
    let mut server = Process::from(program(&["serve"], folder.path()));

    register(&server.client, "ada@example.com");
    assert_eq!(server.client.get("/users/feed").status, 200);
    assert!(
        server
            .lines()
            .any(|line| line.starts_with("Calls are open"))
    );
}

#[test]
fn a_flag_that_names_the_risk_opens_it_to_everyone() {
    let folder = folder();
    let mut command = program(&["serve", "--anyone-may-call"], folder.path());
    command.env("LISTEN", "0.0.0.0:0");
    let server = Process::from(command);

    let here = Client::new(([127, 0, 0, 1], server.client.address.port()).into());
    assert_eq!(here.get("/users").status, 200);
}

#[test]
fn the_development_key_is_made_once_for_its_owner_alone_and_its_tokens_are_good() {
    let folder = folder();
    let token = |arguments: &[&str]| {
        let arguments = [&["token"], arguments].concat();
        let (code, stdout, stderr) = output(program(&arguments, folder.path()));
        assert_eq!(code, Some(0), "{stderr}");
        assert!(
            !stderr.contains(stdout.trim()),
            "the token is printed and not logged"
        );
        stdout.trim().to_owned()
    };
    let operator = token(&["olga", "--scope", "operator"]);
    let data = folder.path().join("data");
    let key = || fs::read(data.join("token-key.pem")).unwrap();
    let first = key();
    for file in ["token-key.pem", "token-keys.pem"] {
        let mode = fs::metadata(data.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    // Made before the first start, it is where the server finds it.
    let keys = data.join("token-keys.pem");
    let mut command = program(&["serve"], folder.path());
    command.env("TOKEN_KEYS", &keys).env("LOG", "trace");
    let log = folder.path().join("log");
    command.stderr(fs::File::create(&log).unwrap());
    let server = Process::from(command);
    assert_eq!(server.client.get("/users").status, 401);
    assert_eq!(server.client.get("/users/feed").status, 401);
    assert_eq!(server.client.get("/metrics").status, 401);
    assert_eq!(server.client.get("/health").status, 200);
    let operator_client = server.client.bearing(&operator);
    let ada = register(&operator_client, "ada@example.com");
    // And while the server runs, more tokens are signed with the same key.
    let own = token(&[&ada]);
    assert_eq!(key(), first);
    assert_eq!(
        server
            .client
            .bearing(&own)
            .get(&format!("/users/{ada}"))
            .status,
        200
    );
    assert_eq!(server.client.bearing(&own).get("/users/feed").status, 403);
    let wrong = format!("{}x", &own[..own.len() - 2]);
    assert_eq!(server.client.bearing(&wrong).get("/users").status, 401);

    // Of all that is known to the log, no token is, nor a part of one that would do, nor a key.
    drop(server);
    let log = fs::read_to_string(log).unwrap();
    assert!(log.lines().count() > 10, "the log is silent: {log}");
    let key = String::from_utf8(first).unwrap();
    let secrets =
        [&operator, &own, &wrong].map(|token| token.rsplit('.').next().unwrap().to_owned());
    for secret in secrets.iter().map(String::as_str).chain(key.lines().nth(1)) {
        assert!(!log.contains(secret), "a secret is in the log");
    }
}

#[test]
fn a_key_file_that_is_away_keeps_the_port_shut() {
    let folder = folder();
    let mut command = program(&["serve"], folder.path());
    command.env("TOKEN_KEYS", folder.path().join("nothing"));

    let (code, _, stderr) = output(command);

    assert_eq!(code, Some(1));
    assert!(stderr.contains("the token keys in"), "{stderr}");
}
