//! What stands in the log, and what does not.

use std::{io::Read as _, process::Stdio};

use serde_json::{Value, json};

use super::{Logged, requests};
use crate::harness::{Database, Process, command, eventually};

/// The one line of the request of this id.
fn line<'a>(lines: &'a [Value], id: &str) -> &'a Value {
    let of_it: Vec<&Value> = lines
        .iter()
        .filter(|line| line["request_id"] == id)
        .collect();
    assert_eq!(of_it.len(), 1, "{id}: {of_it:?}");
    of_it[0]
}

#[test]
fn each_request_has_one_line_by_its_route_and_nothing_personal_is_in_it() {
    let logged = Logged::start(&[("CORS_ORIGINS", "https://shop.example.com")]);
    let client = &logged.server.client;
    let send = |id: &str, method: &str, path: &str, more: &[(&str, &str)], body: &str| {
        let headers = [
            &[("X-Request-Id", id), ("Content-Type", "application/json")],
            more,
        ]
        .concat();
        let answer = client.send(method, path, &headers, body);
        assert_eq!(answer.headers["x-request-id"], id);
        answer
    };
    let ada = json!({ "email": "ada@example.com", "name": "Ada Lovelace" }).to_string();
    let user = send("registered", "POST", "/users", &[], &ada).text("/id");
    send("again", "POST", "/users", &[], &ada);
    send("found", "GET", "/users?email=ada%40example.com", &[], "");
    send(
        "read",
        "GET",
        &format!("/users/{user}"),
        &[("Authorization", "Bearer s3cret")],
        "",
    );
    send("composed", "GET", &format!("/customers/{user}"), &[], "");
    send("nowhere", "GET", &format!("/people/{user}"), &[], "");
    send("no-such-method", "BREW", "/users", &[], "");
    send("broken", "POST", "/orders", &[], "{");
    let long = "x".repeat(17_000);
    send("long", "GET", "/users", &[("X-Long", &long)], "");
    let preflight = [
        ("Origin", "https://shop.example.com"),
        ("Access-Control-Request-Method", "POST"),
    ];
    send("preflight", "OPTIONS", "/users", &preflight, "");

    let log = logged.end();

    let lines = requests(&log);
    for (id, method, route, status, service, problem) in [
        ("registered", "POST", "/users", 201, "users", Value::Null),
        (
            "again",
            "POST",
            "/users",
            409,
            "users",
            "email-taken".into(),
        ),
        ("found", "GET", "/users", 200, "users", Value::Null),
        ("read", "GET", "/users/{id}", 200, "users", Value::Null),
        (
            "composed",
            "GET",
            "/customers/{id}",
            200,
            "gateway",
            Value::Null,
        ),
        (
            "nowhere",
            "GET",
            "none",
            404,
            "gateway",
            "unknown-path".into(),
        ),
        (
            "no-such-method",
            "other",
            "/users",
            405,
            "users",
            "method-not-allowed".into(),
        ),
        (
            "broken",
            "POST",
            "/orders",
            400,
            "orders",
            "malformed-json".into(),
        ),
        (
            "long",
            "GET",
            "none",
            431,
            "gateway",
            "head-too-large".into(),
        ),
        ("preflight", "OPTIONS", "none", 200, "gateway", Value::Null),
    ] {
        let line = line(&lines, id);
        assert_eq!(
            (
                &line["method"],
                &line["route"],
                &line["status"],
                &line["service"],
                &line["problem"]
            ),
            (
                &method.into(),
                &route.into(),
                &status.into(),
                &service.into(),
                &problem
            ),
            "{line}"
        );
        assert!(line["duration_us"].is_u64(), "{line}");
        let at: jiff::Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
        assert!(at.as_second() > 0 && line["timestamp"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!(lines.len(), 10, "{log}");
    for secret in ["@", "%40", "Ada", "s3cret", "xxx", &user, "postgres://"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[test]
fn a_failure_of_ours_is_told_once_with_its_instance_and_its_request_however_little_is_logged() {
    let logged = Logged::start(&[("LOG", "warn")]);
    let client = &logged.server.client;
    assert_eq!(client.get("/users").status, 200);
    let mut admin = logged.database.of("users").admin();
    admin
        .batch_execute("ALTER TABLE users.accounts RENAME TO moved")
        .unwrap();

    let failed = client.send("GET", "/users", &[("X-Request-Id", "unlucky")], "");

    assert_eq!(failed.status, 500);
    admin
        .batch_execute("ALTER TABLE users.moved RENAME TO accounts")
        .unwrap();
    drop(admin);
    let log = logged.end();
    let lines = requests(&log);
    assert_eq!(lines.len(), 1, "{log}");
    let line = line(&lines, "unlucky");
    assert_eq!(
        (&line["level"], &line["status"]),
        (&"ERROR".into(), &500.into())
    );
    assert_eq!(line["instance"], failed.text("/instance"));
    let cause = line["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("the database refused the query"),
        "{cause}"
    );
}

#[test]
fn people_are_told_in_words_where_they_ask_for_it() {
    let logged = Logged::start(&[("LOG_FORMAT", "text")]);
    logged.server.client.get("/health/live");

    let log = logged.end();

    let line = log
        .lines()
        .find(|line| line.contains("route=\"/health/live\""))
        .expect(&log);
    assert!(
        line.contains(" INFO ") && line.contains("status=200"),
        "{line}"
    );
    assert!(!line.contains('\u{1b}'), "a file has no colours: {line:?}");
}

#[test]
fn a_log_that_nobody_reads_holds_up_nobody_and_what_is_lost_is_counted() {
    let database = Database::new();
    let mut serve = command(&database, &["serve"]);
    serve.stderr(Stdio::piped());
    let mut server = Process::from(serve);
    let pipelined = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500);
    let last = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let lost = |metrics: String| -> u64 {
        let line = metrics
            .lines()
            .find(|line| line.starts_with("log_lines_lost_total "));
        line.unwrap().split_once(' ').unwrap().1.parse().unwrap()
    };

    // More than the pipe and the memory of the log hold together.
    eventually("lines are lost", || {
        let answers = server.client.raw(format!("{pipelined}{last}").as_bytes());
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 501);
        lost(
            server
                .client
                .raw(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        ) > 0
    });
    server.signal("TERM");

    assert!(server.ended().success());
    let mut log = Vec::new();
    server
        .child
        .stderr
        .take()
        .unwrap()
        .read_to_end(&mut log)
        .unwrap();
    let whole = log.iter().rposition(|byte| *byte == b'\n').unwrap();
    let lines = requests(str::from_utf8(&log[..whole]).unwrap());
    assert!(!lines.is_empty(), "what was written before is whole");
}
