//! A program that does not start says in one line why, and what to do.

use std::{fs, net::TcpListener, process::Command};

use schema_per_service::db::DatabaseUrl;

use crate::harness::{Database, PROGRAM, command};

/// The last line of a program that must fail, and what it printed otherwise.
fn refusal(mut command: Command) -> String {
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{stderr}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    stderr
}

#[test]
fn an_address_that_cannot_be_had_is_told_with_the_setting_that_names_another() {
    let database = Database::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let _held = TcpListener::bind(&taken);
    for (address, why) in [
        (
            &*taken,
            "another program does already; stop it, or choose another port with LISTEN",
        ),
        (
            "192.0.2.1:0",
            "this machine has no such address; choose one of its own with LISTEN",
        ),
    ] {
        let mut serve = command(&database, &["serve"]);
        serve
            .env("LISTEN", address)
            .stderr(std::process::Stdio::piped());

        let message = refusal(serve);

        let wanted = format!("schema-per-service: cannot listen on {address}: {why}");
        assert!(message.starts_with(&wanted), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_data_folder_that_cannot_be_used_is_told_with_the_setting_that_names_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let mut serve = Command::new(PROGRAM);
        serve
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&path);

        let message = refusal(serve);

        assert!(
            message.contains(&format!(
                "the data folder {} cannot be used: ",
                path.display()
            )) && message.contains("choose one that you may write to with --data-dir"),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_setting_that_makes_no_sense_is_told_with_one_that_does() {
    for (name, value, why) in [
        (
            "LISTEN",
            "8080",
            "must be an address and a port, such as 127.0.0.1:8080",
        ),
        ("WORKERS", "many", "invalid digit found in string"),
        ("GRACE", "3601", "3601 is not in 0..=3600"),
        (
            "LOG",
            "schema=loud",
            "give a level (error, warn, info, debug, trace, off)",
        ),
        ("LOG_FORMAT", "xml", "[possible values: auto, text, json]"),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "collector:4318",
            "must be a URL of OTLP over HTTP, such as http://localhost:4318",
        ),
        (
            "ANYONE_MAY_CALL",
            "perhaps",
            "[possible values: true, false]",
        ),
    ] {
        let mut serve = Command::new(PROGRAM);
        serve.arg("serve").env(name, value);

        let message = refusal(serve);

        let flag = name
            .to_lowercase()
            .replace('_', "-")
            .replace("otel-exporter-", "");
        assert!(
            message.starts_with(&format!("error: invalid value '{value}' for '--{flag}")),
            "{message}"
        );
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn a_database_that_is_away_or_refuses_the_login_is_told_without_its_url() {
    let database = Database::new();
    let service = &schema_per_service::services::SERVICES[0];
    let owner = database.owner_url(service);
    let wrong = secrecy::ExposeSecret::expose_secret(&owner.password().unwrap()).to_owned();
    let wrong = DatabaseUrl::from(&*owner.expose().replace(&wrong, "wrong-password"));
    for (url, why) in [
        (&wrong, "the login is refused"),
        (
            &DatabaseUrl::from("postgres://users_owner:x@127.0.0.1:1/app"),
            "nobody listens there",
        ),
    ] {
        let mut migrate = Command::new(PROGRAM);
        migrate.arg("migrate");
        migrate.env("USERS_OWNER_DATABASE_URL", url.expose());

        let message = refusal(migrate);

        let wanted =
            format!("schema-per-service: cannot migrate users: the owner cannot log in: {why}\n");
        assert_eq!(message, wanted);
    }
}
