//! Whatever is wrong with a request, and wherever, the answer is a problem document (harness/client.rs looks at each).

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::json;

use crate::harness::{Server, an_order, register};

#[test]
fn a_path_that_is_nobodys_answers_404() {
    let server = Server::start();

    for path in [
        "/nothing",
        "/users/",
        "/users/a/b",
        "/orders/a/return",
        "//users",
        "/%2e%2e/users",
    ] {
        let answer = server.get(path);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (404, "unknown-path"),
            "{path}"
        );
    }
}

#[test]
fn a_wrong_method_answers_405_with_the_right_ones() {
    let server = Server::start();

    for (method, path, allow) in [
        ("DELETE", "/users", "GET, HEAD, POST, OPTIONS"),
        ("PUT", "/users/1", "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("BREW", "/orders", "GET, HEAD, POST, OPTIONS"),
        ("POST", "/orders/1", "GET, HEAD, OPTIONS"),
        ("GET", "/orders/1/ship", "POST, OPTIONS"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
    ] {
        let answer = server.send(method, path, &[], "");
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (405, "method-not-allowed"),
            "{method} {path}"
        );
        assert_eq!(answer.headers["allow"], allow, "{method} {path}");
    }
    let options = server.send("OPTIONS", "/users", &[], "");
    assert_eq!(
        (options.status, options.headers["allow"].as_str()),
        (204, "GET, HEAD, POST, OPTIONS")
    );
}

#[test]
fn a_body_that_is_no_json_answers_400() {
    let server = Server::start();
    let deep = format!("{{\"email\": {}", "[".repeat(10_000));

    for body in [
        "",
        "{",
        "nothing",
        "{\"email\": }",
        "{} {}",
        "{\"email\": \"\\ud800\"}",
        "{\"email\": 1e999}",
        "\u{feff}{}",
        &deep,
    ] {
        for path in ["/users", "/orders"] {
            let answer = server.send("POST", path, &[("Content-Type", "application/json")], body);
            assert_eq!(
                (answer.status, answer.problem().as_str()),
                (400, "malformed-json"),
                "{path} {body:.40}"
            );
        }
    }
}

#[test]
fn a_body_that_is_json_but_no_object_or_names_a_field_twice_answers_422() {
    let server = Server::start();

    let deep = "[".repeat(10_000);

    for body in [
        "null",
        "[]",
        "7",
        "\"ada@example.com\"",
        "{\"email\": 1, \"email\": 2}",
        &deep,
    ] {
        let answer = server.send(
            "POST",
            "/users",
            &[("Content-Type", "application/json")],
            body,
        );
        assert_eq!((answer.status, answer.blames()), (422, vec![""]), "{body}");
    }
}

#[test]
fn a_body_that_does_not_say_it_is_json_answers_415() {
    let server = Server::start();
    let body = "{\"email\": \"ada@example.com\", \"name\": \"Ada\"}";

    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "json",
        "",
    ] {
        let answer = server.send("POST", "/users", &[("Content-Type", kind)], body);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (415, "unsupported-media-type"),
            "{kind}"
        );
    }
    let upper = server.send(
        "POST",
        "/users",
        &[("Content-Type", "Application/JSON; charset=utf-8")],
        body,
    );
    assert_eq!(upper.status, 201);
}

#[test]
fn a_body_of_16384_bytes_is_read_and_one_more_answers_413() {
    let server = Server::start();
    let body = |size: usize| {
        let body = json!({ "email": "ada@example.com", "name": "Ada" }).to_string();
        format!("{body}{}", " ".repeat(size - body.len()))
    };
    let post = |body: &str| {
        server.send(
            "POST",
            "/users",
            &[("Content-Type", "application/json")],
            body,
        )
    };

    assert_eq!(post(&body(16_384)).status, 201);
    let answer = post(&body(16_385));
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (413, "body-too-large")
    );
}

#[test]
fn a_body_without_a_length_is_cut_at_the_same_size() {
    let server = Server::start();
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let request = format!(
        "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\
         Connection: close\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(5)
    );

    let answer = server.raw(request.as_bytes());

    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("/problems/body-too-large"), "{answer}");
}

#[test]
fn a_body_that_does_not_arrive_answers_408() {
    let server = Server::start();
    let mut slow = TcpStream::connect(server.address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    slow.write_all(
        b"POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"email\":",
    )
    .unwrap();

    let mut answer = [0; 1024];
    let length = slow.read(&mut answer).unwrap();

    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
}

#[test]
fn a_database_that_is_gone_answers_503_and_the_server_heals_when_it_is_back() {
    let server = Server::start();
    let user = format!("/users/{}", register(&server, "ada@example.com"));
    let database = server.database.of("users");
    let (mut elsewhere, name) = (database.elsewhere(), database.name());
    elsewhere
        .batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        .unwrap();
    elsewhere
        .batch_execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ))
        .unwrap();

    for answer in [
        server.get(&user),
        server.get("/users"),
        server.post(
            "/users",
            &json!({ "email": "bob@example.com", "name": "Bob" }),
        ),
        server.patch(&user, &[], &json!({ "name": "Bob" })),
    ] {
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (503, "unavailable"),
            "{answer:?}"
        );
        assert_eq!(answer.headers["retry-after"], "1");
    }

    elsewhere
        .batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        .unwrap();
    let mut statuses = (0..200).map(|_| server.get(&user).status);
    assert!(statuses.any(|status| status == 200), "it never healed");
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_costs_nobody_an_answer() {
    let server = Server::start();
    let customer = register(&server, "ada@example.com");
    let order = server.post("/orders", &an_order(&customer));
    for service in ["users", "orders"] {
        let database = server.database.of(service);
        let ours = format!(
            "datname = '{}' AND usename = '{service}_service'",
            database.name()
        );
        let mut elsewhere = database.elsewhere();
        let mut say = |query: &str| -> i64 { elsewhere.query_one(query, &[]).unwrap().get(0) };
        say(&format!(
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE {ours}"
        ));
    }

    for path in [
        format!("/users/{customer}"),
        format!("/orders/{}", order.text("/id")),
    ] {
        assert_eq!(server.get(&path).status, 200, "{path}");
    }
    assert_eq!(server.post("/orders", &an_order(&customer)).status, 201);
}

#[test]
fn bad_input_is_refused_before_any_connection_is_taken() {
    let server = Server::start();
    let mut admin = server.database.of("users").admin();
    // Whoever touches the table now waits for us.
    admin
        .batch_execute("BEGIN; LOCK TABLE users.accounts IN ACCESS EXCLUSIVE MODE")
        .unwrap();

    let answer = server.post("/users", &json!({ "email": "ada" }));

    assert_eq!(
        (answer.status, answer.blames()),
        (422, vec!["/email", "/name"])
    );
    assert_eq!(server.get("/users/1").status, 400);
    assert_eq!(server.get("/users?limit=0").status, 400);
}

#[test]
fn a_locked_table_answers_503_in_time_and_leaves_the_other_service_alone() {
    let server = Server::start();
    let user = format!("/users/{}", register(&server, "ada@example.com"));
    let mut admin = server.database.of("users").admin();
    admin
        .batch_execute("BEGIN; LOCK TABLE users.accounts IN ACCESS EXCLUSIVE MODE")
        .unwrap();

    let answer = server.get(&user);

    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (503, "unavailable")
    );
    assert_eq!(server.get("/orders").status, 200);
    admin.batch_execute("ROLLBACK").unwrap();
    assert_eq!(server.get(&user).status, 200);
}

/// The one exception, so that the catalogue may say so: the HTTP library answers these before there is a request.
#[test]
fn what_is_no_http_is_answered_with_a_bare_status() {
    let server = Server::start();

    for request in [
        "GARBAGE

",
        "GET /users HTTP/1.1
Host: x
Content-Length: 1
Content-Length: 2

",
    ] {
        let answer = server.raw(request.as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        assert!(head.starts_with("HTTP/1.1 4"), "{head}");
        assert_eq!(body, "");
    }
}
