//! What stands in the log, and what does not.

use std::{io::Read as _, process::Stdio};

use serde_json::Value;

use super::{Logged, requests};
use crate::harness::{Database, Process, command, eventually, register};

/// The one line of the request of this id.
fn line<'a>(lines: &'a [Value], id: &str) -> &'a Value {
    let of_it: Vec<&Value> = lines
        .iter()
        .filter(|line| line["request_id"] == id)
        .collect();
    assert_eq!(of_it.len(), 1, "{id}: {of_it:?}");
    of_it[0]
}

/// A request by its method, path, one more header and body; and what its line says: route, status, service and problem.
type Case<'a> = (
    [&'a str; 2],
    (&'a str, &'a str),
    &'a str,
    (&'a str, u16, &'a str, Option<&'a str>),
);

#[test]
fn each_request_has_one_line_by_its_route_and_nothing_personal_is_in_it() {
    let logged = Logged::start(&[("CORS_ORIGINS", "https://shop.example.com")]);
    let client = &logged.server.client;
    let user = register(client, "grace@example.com");
    let [own, composed, nowhere] =
        ["users", "customers", "people"].map(|folder| format!("/{folder}/{user}"));
    let plain = ("Content-Type", "application/json");
    let secret = ("Authorization", "Bearer s3cret");
    let giant = ("X-Long", &*"x".repeat(17_000));
    let browser = ("Access-Control-Request-Method", "POST");
    let ada = r#"{"email": "ada@example.com", "name": "Ada Lovelace"}"#;
    let email = "/users?email=ada%40example.com";
    let taken = Some("email-taken");
    let cases: [Case<'_>; 9] = [
        (
            ["POST", "/users"],
            plain,
            ada,
            ("/users", 201, "users", None),
        ),
        (
            ["POST", "/users"],
            plain,
            ada,
            ("/users", 409, "users", taken),
        ),
        (["GET", email], plain, "", ("/users", 200, "users", None)),
        (
            ["GET", &own],
            secret,
            "",
            ("/users/{id}", 200, "users", None),
        ),
        (
            ["GET", &composed],
            plain,
            "",
            ("/customers/{id}", 200, "gateway", None),
        ),
        (
            ["GET", &nowhere],
            plain,
            "",
            ("none", 404, "gateway", Some("unknown-path")),
        ),
        (
            ["POST", "/orders"],
            plain,
            "{",
            ("/orders", 400, "orders", Some("malformed-json")),
        ),
        (
            ["GET", "/users"],
            giant,
            "",
            ("none", 431, "gateway", Some("head-too-large")),
        ),
        (
            ["OPTIONS", "/users"],
            browser,
            "",
            ("none", 200, "gateway", None),
        ),
    ];
    for (number, ([method, path], header, body, _)) in (1..).zip(&cases) {
        let id = format!("request-{number}");
        let origin = ("Origin", "https://shop.example.com");
        let headers = [("X-Request-Id", &*id), origin, plain, *header];
        let answer = client.send(method, path, &headers[..], body);
        assert_eq!(answer.headers["x-request-id"], id);
    }

    let log = logged.end();

    let lines = requests(&log);
    for (number, ([method, _], _, _, (route, status, service, problem))) in (1..).zip(cases) {
        let line = line(&lines, &format!("request-{number}"));
        let told = ["method", "route", "status", "service"].map(|field| line[field].clone());
        let wanted: [Value; 4] = [method.into(), route.into(), status.into(), service.into()];
        assert_eq!(told, wanted, "{line}");
        assert_eq!(line["problem"].as_str(), problem, "{line}");
        assert!(line["duration_us"].is_u64(), "{line}");
        let at = line["timestamp"].as_str().unwrap();
        assert!(at.ends_with('Z') && at.parse::<jiff::Timestamp>().is_ok());
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
    let closing = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let lost = |metrics: String| -> u64 {
        let line = metrics
            .lines()
            .find(|line| line.starts_with("log_lines_lost_total "));
        line.unwrap().split_once(' ').unwrap().1.parse().unwrap()
    };

    // More than the pipe and the memory of the log hold together.
    eventually("lines are lost", || {
        let answers = server
            .client
            .raw(format!("{pipelined}{closing}").as_bytes());
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
