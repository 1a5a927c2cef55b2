//! `seed`: what it makes, that a second run finds it, and what it does when the server or somebody else wants it to wait or stop.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener},
    process::{Command, Stdio},
    thread,
};

use schema_per_service::services::SERVICES;
use serde_json::{Value, json};

use crate::harness::{
    Client, Database, Issuer, PROGRAM, Printed, Process, Server, eventually, signal,
};

fn seed(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("seed").args(arguments);
    command
}

fn seeded(command: &mut Command) -> String {
    let Printed {
        code,
        stdout,
        stderr,
    } = Printed::by(command);
    assert_eq!(code, 0, "{stdout}{stderr}");
    stdout
}

/// All of a list, page by page.
fn all(client: &Client, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = client.get(&format!("{path}?limit=200{after}")).body;
        found.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

/// How many there are of each.
fn counts<'a>(values: &'a [Value], field: &str) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for value in values {
        *counts.entry(value[field].as_str().unwrap()).or_default() += 1;
    }
    counts
}

#[test]
fn seed_fills_the_embedded_database_and_the_same_seed_finds_it_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = ["--data-dir", folder.path().to_str().unwrap()];
    let run = |more: &[&str]| {
        let sizes = ["--users", "60", "--orders", "200"];
        seeded(&mut seed(&[&data_dir, &sizes[..], more].concat()))
    };

    let first = run(&[]);
    let second = run(&[]);
    let other = run(&["--seed", "2"]);

    let stands = "60 users and 200 orders stand there (";
    assert!(first.starts_with(stands), "{first}");
    assert!(first.contains("), 260 of them new: "), "{first}");
    assert!(second.contains("), 0 of them new: "), "{second}");
    let without_speed = |text: &str| text.split("), ").next().unwrap().to_owned();
    assert_eq!(without_speed(&first), without_speed(&second));
    assert!(other.contains("), 260 of them new: "), "{other}");

    let mut serve = Command::new(PROGRAM);
    serve.args(["--listen", "127.0.0.1:0"]).args(data_dir);
    let server = Process::from(serve);
    let (users, orders) = (
        all(&server.client, "/users"),
        all(&server.client, "/orders"),
    );
    assert_eq!((users.len(), orders.len()), (120, 400));
    for user in &users {
        let (_, domain) = user["email"].as_str().unwrap().split_once('@').unwrap();
        assert!(["example.com", "example.net", "example.org"].contains(&domain));
    }
    let written_elsewhere = users
        .iter()
        .filter(|user| !user["name"].as_str().unwrap().is_ascii());
    assert!(written_elsewhere.count() > 60);
    assert!(counts(&orders, "currency").len() > 4);
    let statuses: BTreeMap<_, _> = counts(&orders, "status").into_iter().collect();
    assert!(
        statuses.len() == 4 && statuses.values().all(|count| *count > 10),
        "{statuses:?}"
    );
    let most = counts(&orders, "customer_id").into_values().max().unwrap();
    assert!(most > 30, "nobody orders much: {most}");
    let sizes = orders
        .iter()
        .map(|order| order["items"].as_array().unwrap().len());
    assert!(sizes.clone().min() == Some(1) && sizes.max() > Some(4));
}

#[test]
fn seed_on_databases_by_url_has_a_server_that_nobody_else_may_call_and_leaves_nothing_behind() {
    let database = Database::new();
    let folder = tempfile::tempdir().unwrap();
    let mut command = seed(&["--users", "5", "--orders", "10"]);
    command
        .env("TMPDIR", folder.path())
        .env("ACCEPT", "other-database,durability");
    for (service, url) in SERVICES.iter().zip(database.service_urls()) {
        let variable = format!("{}_DATABASE_URL", service.name().to_uppercase());
        command.env(variable, url.expose());
    }

    seeded(&mut command);

    // A server that asks nobody who they are writes no subject down.
    let mut orders = database.of("orders").admin();
    let rows = orders.query("SELECT DISTINCT subject FROM orders.orders", &[]);
    let subjects: Vec<Option<String>> = rows.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(subjects, [Some("seed".to_owned())]);
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn seed_fills_a_server_that_runs_with_the_token_of_an_operator_and_says_when_it_is_not() {
    let issuer = Issuer::new();
    let server = issuer.server();
    let url = format!("http://{}", server.address);
    let run = |token: Option<&str>| {
        let mut command = seed(&["--server", &url, "--users", "5", "--orders", "10"]);
        if let Some(token) = token {
            command.env("TOKEN", token);
        }
        Printed::by(&mut command)
    };

    let nobody = run(None);
    let visitor = run(Some(&issuer.token("shop", "register")));
    let olga = run(Some(&issuer.token("olga", "operator")));

    assert_eq!((nobody.code, visitor.code, olga.code), (1, 1, 0));
    assert!(
        nobody.stderr.contains("POST /users was answered with 401"),
        "{}",
        nobody.stderr
    );
    assert!(
        nobody.stderr.contains("operator in its scope"),
        "{}",
        nobody.stderr
    );
    assert!(
        visitor.stderr.contains("0 of 10 orders"),
        "{}",
        visitor.stderr
    );
    // Those whom the visitor registered are there already.
    assert!(
        olga.stdout.contains("), 10 of them new: "),
        "{}",
        olga.stdout
    );
}

#[test]
fn seed_waits_as_long_as_the_server_says_when_it_asks_too_often() {
    let server = Server::start_with(Database::new(), |config| {
        config.callers.rate_limit = Some(60);
    });
    let url = format!("http://{}", server.address);

    let told = seeded(&mut seed(&[
        "--server", &url, "--users", "62", "--orders", "0",
    ]));

    assert!(told.starts_with("62 users and 0 orders"), "{told}");
}

/// A server that gives these answers, one for each connection, and returns the requests' first lines.
fn stub(
    answers: &'static [(&'static str, &'static str, &'static str)],
) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let answer = |(status, header, body): &(&str, &str, &str)| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 2_048];
            let read = stream.read(&mut request).unwrap();
            if !status.is_empty() {
                let length = body.len();
                write!(stream, "HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").unwrap();
            }
            // Closed with something unread, the connection would take the answer back.
            stream.shutdown(Shutdown::Write).unwrap();
            io::copy(&mut stream, &mut io::sink()).unwrap();
            let text = String::from_utf8_lossy(&request[..read]).into_owned();
            text.lines().next().unwrap().to_owned()
        };
        answers.iter().map(answer).collect()
    });
    (url, serving)
}

#[test]
fn seed_asks_again_after_a_lost_answer_and_after_503_and_knows_what_it_made_itself() {
    const ID: &str = "01900000-0000-7000-8000-000000000000";
    let (url, serving) = stub(&[
        ("", "", ""),
        ("503 Service Unavailable", "Retry-After: 0\r\n", "{}"),
        ("409 Conflict", "", r#"{"type": "/problems/email-taken"}"#),
        (
            "200 OK",
            "",
            r#"{"items": [{"id": "01900000-0000-7000-8000-000000000000"}]}"#,
        ),
        (
            "201 Created",
            "Idempotency-Replayed: true\r\n",
            r#"{"id": "01900000-0000-7000-8000-000000000000", "status": "placed"}"#,
        ),
        (
            "200 OK",
            "",
            r#"{"id": "01900000-0000-7000-8000-000000000000", "status": "cancelled"}"#,
        ),
    ]);

    let told = seeded(&mut seed(&[
        "--server", &url, "--users", "1", "--orders", "1",
    ]));

    // The user was perhaps made by the first try; the order was there, and somebody cancelled it.
    assert!(
        told.contains("(0 placed, 1 cancelled, 0 shipped, 0 delivered), 1 of them new"),
        "{told}"
    );
    let calls = serving.join().unwrap();
    assert_eq!(calls[..3], ["POST /users HTTP/1.1"; 3]);
    assert!(calls[3].starts_with("GET /users?email="), "{calls:?}");
    assert_eq!(
        calls[4..],
        [
            "POST /orders HTTP/1.1".to_owned(),
            format!("GET /orders/{ID} HTTP/1.1")
        ]
    );
}

#[test]
fn seed_stops_at_ctrl_c_says_how_far_it_came_and_goes_on_from_there() {
    let server = Server::start();
    let url = format!("http://{}", server.address);
    let endless = seed(&["--server", &url, "--users", "1000000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("somebody registers", || {
        server.get("/users").body["items"] != json!([])
    });

    signal(endless.id(), "INT");
    let output = endless.wait_with_output().unwrap();
    let again = seeded(&mut seed(&[
        "--server", &url, "--users", "1", "--orders", "0",
    ]));

    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.starts_with("Stopped. "), "{told}");
    assert!(
        told.contains(" of 1,000,000 users and 0 of 3,000 orders"),
        "{told}"
    );
    assert!(again.contains(", 0 of them new"), "{again}");
}
