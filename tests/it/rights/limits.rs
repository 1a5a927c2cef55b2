//! How much one caller may ask for, and from where; and what browsers are told.

use super::Stage;
use crate::harness::{Answer, Client, Database, Issuer, Server};

/// A server with rights and this limit a minute.
fn server(limit: u32, issuer: &Issuer, proxies: &[&str]) -> Server {
    issuer.server_with(|config| {
        config.callers.rate_limit = Some(limit);
        config.callers.trusted_proxies = proxies.iter().map(|text| text.parse().unwrap()).collect();
    })
}

/// How many of these requests were let through.
fn through(count: usize, mut ask: impl FnMut() -> Answer) -> usize {
    (0..count).filter(|_| ask().status != 429).count()
}

#[test]
fn a_caller_at_its_limit_hears_when_to_come_again_and_another_is_let_in() {
    let issuer = Issuer::new();
    let server = server(10, &issuer, &[]);
    let [one, other] = ["one", "other"].map(|name| server.bearing(&issuer.token(name, "")));

    let first = one.get("/users");
    assert_eq!(first.headers["ratelimit-policy"], "\"caller\";q=10;w=60");
    assert_eq!(first.headers["ratelimit"], "\"caller\";r=9;t=6");
    let passed = through(60, || one.get("/users"));
    assert!((9..16).contains(&passed), "{passed}");
    let refused = one.get("/users");
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (429, "too-many-requests")
    );
    let wait: u64 = refused.headers["retry-after"].parse().unwrap();
    assert!((1..=7).contains(&wait), "{refused:?}");
    assert!(
        refused.headers["ratelimit"].starts_with("\"caller\";r=0;t="),
        "{refused:?}"
    );
    assert!(refused.headers.contains_key("x-request-id"), "{refused:?}");

    // Another from the same address has a limit of their own, and a second token of the first has not.
    assert_eq!(other.get("/users").status, 200);
    assert_eq!(
        server
            .bearing(&issuer.token("one", "register"))
            .get("/users")
            .status,
        429
    );
}

#[test]
fn whoever_has_no_good_token_counts_by_address_and_forgeries_do_too() {
    let issuer = Issuer::new();
    let server = server(20, &issuer, &[]);
    let known = server.bearing(&issuer.token("olga", "operator"));
    assert_eq!(known.get("/users").status, 200);

    let forger = Issuer::new();
    let mut number = 0;
    let passed = through(40, || {
        number += 1;
        server
            .bearing(&forger.token(&format!("forged {number}"), "operator"))
            .get("/users")
    });
    assert!((19..24).contains(&passed), "{passed}");
    assert_eq!(server.get("/users").status, 429);
    // A token that is new is not even looked at before its address has room.
    let new = server.bearing(&issuer.token("otto", "operator"));
    assert_eq!(new.get("/users").status, 429);
    // Who is known already does not pay for them.
    assert_eq!(known.get("/users").status, 200);
}

#[test]
fn without_keys_there_is_no_limit_unless_one_is_set() {
    let open = Server::start();
    let answer = open.get("/users");
    assert!(!answer.headers.contains_key("ratelimit"), "{answer:?}");

    let limited = Server::start_with(Database::new(), |config| {
        config.callers.rate_limit = Some(5);
    });
    assert!(through(20, || limited.get("/users")) < 8);
    let with_keys = Stage::new();
    let answer = with_keys.operator.get("/users");
    assert_eq!(answer.headers["ratelimit-policy"], "\"caller\";q=6000;w=60");
}

/// Asks with these lines of `X-Forwarded-For`.
fn forwarded(client: &Client, lines: &[&str]) -> Answer {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| ("X-Forwarded-For", *line))
        .collect();
    client.send("GET", "/users", &lines, "")
}

#[test]
fn an_address_is_believed_from_a_named_proxy_only() {
    let issuer = Issuer::new();

    // Nobody is named: who invents addresses is still one caller.
    let direct = server(10, &issuer, &[]);
    let mut number = 0;
    let passed = through(30, || {
        number += 1;
        let address = format!("198.51.100.{number}");
        direct.send(
            "GET",
            "/users",
            &[
                ("X-Forwarded-For", &address),
                ("Forwarded", &format!("for={address}")),
                ("X-Real-IP", &address),
                ("Client-IP", &address),
            ],
            "",
        )
    });
    assert!(passed < 14, "{passed}");

    let behind = server(10, &issuer, &["127.0.0.1/32", "10.0.0.0/8"]);
    assert!(through(30, || forwarded(&behind, &["198.51.100.1"])) < 14);
    assert_ne!(forwarded(&behind, &["198.51.100.2"]).status, 429);
    // What the client wrote itself stands before what the proxy added, on the same line or another.
    let mut number = 0;
    let passed = through(30, || {
        number += 1;
        let invented = format!("203.0.113.{number}");
        if number % 2 == 0 {
            forwarded(&behind, &[&format!("{invented}, 198.51.100.1")])
        } else {
            forwarded(&behind, &[&invented, "198.51.100.1, 10.1.2.3"])
        }
    });
    assert!(passed < 4, "{passed}");
}

#[test]
fn pages_of_other_origins_may_not_call_unless_they_are_named() {
    let issuer = Issuer::new();
    let preflight = |server: &Server, origin: &str| {
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "PATCH"),
            ("Access-Control-Request-Headers", "authorization,if-match"),
        ];
        server.send("OPTIONS", "/users/1", &headers, "")
    };
    let allowed = |answer: &Answer| answer.headers.get("access-control-allow-origin").cloned();
    let (shop, evil) = ("https://shop.example.com", "https://evil.example.com");

    let closed = issuer.server();
    assert_eq!(allowed(&preflight(&closed, shop)), None);
    assert_eq!(
        allowed(&closed.send("GET", "/health", &[("Origin", shop)], "")),
        None
    );

    let open = issuer.server_with(|config| config.callers.cors_origins = vec![shop.to_owned()]);
    let answer = preflight(&open, shop);
    assert_eq!(
        (answer.status, allowed(&answer)),
        (200, Some(shop.to_owned()))
    );
    assert_eq!(answer.headers.get("access-control-allow-credentials"), None);
    assert_eq!(allowed(&preflight(&open, evil)), None);
    for origin in [
        "null",
        "https://shop.example.com.evil.example.com",
        "http://shop.example.com",
        "https://SHOP.example.com:444",
    ] {
        assert_eq!(allowed(&preflight(&open, origin)), None, "{origin}");
    }
    // A page may read why it was refused.
    let refused = open.send("GET", "/users", &[("Origin", shop)], "");
    assert_eq!(
        (refused.status, allowed(&refused)),
        (401, Some(shop.to_owned()))
    );
    let elsewhere = open.send("GET", "/users", &[("Origin", evil)], "");
    assert_eq!(allowed(&elsewhere), None);
}

#[test]
fn every_answer_tells_browsers_what_not_to_do_with_it_and_which_request_it_was() {
    let stage = Stage::new();
    for answer in [
        stage.operator.get("/users"),
        stage.server.get("/users"),
        stage.server.get("/nothing"),
        stage.server.get("/health/live"),
        stage.server.send("OPTIONS", "/users", &[], ""),
        stage.operator.send("POST", "/users", &[], ""),
    ] {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("cache-control", "private, no-cache"),
        ] {
            assert_eq!(answer.headers[name], value, "{answer:?}");
        }
        assert_eq!(answer.headers["x-request-id"].len(), 36, "{answer:?}");
    }
    let named = |id: &str| {
        stage
            .operator
            .send("GET", "/users", &[("X-Request-Id", id)], "")
            .headers["x-request-id"]
            .clone()
    };
    assert_eq!(named("tuesday-1.a_b:c"), "tuesday-1.a_b:c");
    for bad in [
        "",
        "a b",
        "ada@example.com",
        "é",
        "<script>",
        &"x".repeat(65),
    ] {
        assert_ne!(named(bad), bad);
    }
}
