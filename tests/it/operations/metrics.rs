//! What `GET /metrics` tells, and that docs/operations.md says the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::harness::{Client, Database, Server, an_order, eventually, place, register};

fn scrape(client: &Client) -> String {
    let answer = client.raw(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    answer
}

/// The value of a figure, if there is one with exactly these labels.
fn value(scrape: &str, series: &str) -> Option<f64> {
    let line = scrape.lines().find(|line| {
        line.strip_prefix(series)
            .is_some_and(|rest| rest.starts_with(' '))
    })?;
    Some(line.rsplit_once(' ').unwrap().1.parse().unwrap())
}

/// Each figure by its name: its type and its labels.
fn figures(scrape: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut figures = BTreeMap::new();
    for line in scrape.lines() {
        if let Some(of_type) = line.strip_prefix("# TYPE ") {
            let (name, kind) = of_type.split_once(' ').unwrap();
            figures.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
        } else if let Some((series, labels)) =
            line.split_once('{').filter(|_| !line.starts_with('#'))
        {
            let name = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| series.strip_suffix(end));
            let name = name
                .filter(|name| figures.contains_key(*name))
                .unwrap_or(series);
            let Some((_, known)) = figures.get_mut(name) else {
                continue;
            };
            let labels = labels.split_once('}').unwrap().0.split(',');
            let names = labels.map(|label| label.split_once('=').unwrap().0);
            known.extend(names.filter(|name| *name != "le").map(str::to_owned));
        }
    }
    figures
}

#[test]
fn the_table_of_figures_is_what_a_scrape_holds() {
    let server = Server::start();
    place(&server, &register(&server, "ada@example.com"));
    let paper =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md"))
            .unwrap();
    let rows = paper.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let told: BTreeMap<String, (String, BTreeSet<String>)> = cells
        .filter(|cells| ["counter", "gauge", "histogram"].contains(&cells[2]))
        .map(|cells| {
            let labels = cells[3]
                .split(',')
                .map(|label| label.trim().trim_matches('`').to_owned());
            let labels = labels.filter(|label| !label.is_empty()).collect();
            (
                cells[1].trim_matches('`').to_owned(),
                (cells[2].to_owned(), labels),
            )
        })
        .collect();

    assert_eq!(figures(&scrape(&server)), told);
}

#[test]
fn requests_count_by_route_and_whatever_else_they_ask_for_makes_no_new_series() {
    let server = Server::start();
    let ada = register(&server, "ada@example.com");
    for path in [
        &format!("/users/{ada}"),
        "/users/01900000-0000-7000-8000-000000000000",
        "/users/x",
    ] {
        server.get(path);
    }
    let known = |scrape: &str| {
        scrape
            .lines()
            .filter(|line| line.starts_with("http_request_duration_seconds_count"))
            .count()
    };
    server.send("BREW", "/nothing", &[], "");
    scrape(&server);
    let before = known(&scrape(&server));

    for strange in 0..5 {
        server.get(&format!("/users/{strange}"));
        server.send(
            &format!("BREW{strange}"),
            &format!("/nothing/{strange}"),
            &[],
            "",
        );
    }

    let scrape = scrape(&server);
    assert_eq!(known(&scrape), before, "{scrape}");
    let count = |method, route, status, service| {
        let labels = format!(
            "method=\"{method}\",route=\"{route}\",service=\"{service}\",status=\"{status}\""
        );
        value(
            &scrape,
            &format!("http_request_duration_seconds_count{{{labels}}}"),
        )
    };
    assert_eq!(count("POST", "/users", 201, "users"), Some(1.0));
    assert_eq!(count("GET", "/users/{id}", 200, "users"), Some(1.0));
    assert_eq!(count("GET", "/users/{id}", 404, "users"), Some(1.0));
    assert_eq!(count("GET", "/users/{id}", 400, "users"), Some(6.0));
    assert_eq!(count("other", "none", 404, "gateway"), Some(6.0));
    assert_eq!(value(&scrape, "http_requests_in_flight"), Some(1.0));
}

#[test]
fn batches_connections_and_migrations_are_told_for_each_service() {
    let server = Server::start();
    let ada = register(&server, "ada@example.com");
    for _ in 0..3 {
        server.get(&format!("/users/{ada}"));
    }
    server.post("/orders", &an_order(&ada));

    let scrape = scrape(&server);

    let value = |series: &str| value(&scrape, series);
    assert!(value(r#"batch_size_sum{batch="find",service="users"}"#) >= Some(3.0));
    assert_eq!(
        value(r#"batch_size_sum{batch="register",service="users"}"#),
        Some(1.0)
    );
    assert!(value(r#"batch_size_sum{batch="place",service="orders"}"#) >= Some(1.0));
    assert!(value(r#"batch_run_duration_seconds_sum{batch="place",service="orders"}"#) > Some(0.0));
    for service in ["users", "orders"] {
        let of = |name: &str, more: &str| value(&format!("{name}{{service=\"{service}\"{more}}}"));
        let [idle, used] = ["idle", "used"].map(|state| {
            let state = format!(",state=\"{state}\"");
            of("pool_connections", &state).unwrap()
        });
        assert!((1.0..=4.0).contains(&(idle + used)), "{idle} {used}");
        assert_eq!(of("pool_connections_max", ""), Some(4.0));
        assert_eq!(of("migrations_pending", ""), Some(0.0));
        assert_eq!(of("audit_findings", ""), Some(0.0));
        assert!(of("audit_last_timestamp_seconds", "") > Some(1.7e9));
    }
    assert!(
        scrape.contains(r#"migration_version{service="users",version=""#),
        "{scrape}"
    );
}

#[test]
fn a_breach_is_counted_and_an_empty_pool_can_be_seen() {
    let server = Server::start_with(Database::new(), |config| config.audit_interval = 1);
    let mut admin = server.database.of("users").admin();
    admin
        .batch_execute("GRANT USAGE ON SCHEMA users TO orders_service")
        .unwrap();

    eventually("the breach is counted", || {
        value(&scrape(&server), r#"audit_findings{service="users"}"#) > Some(0.0)
    });
}

#[test]
fn figures_are_told_while_a_database_is_away_but_none_that_it_would_have_to_tell() {
    let server = Server::start();
    let feed = r#"feed_position{feed="users",reader="orders"}"#;
    assert!(value(&scrape(&server), feed).is_some());
    let database = server.database.of("orders");
    let (mut admin, name) = (database.admin(), database.name());
    admin
        .batch_execute(&format!(
            "REVOKE CONNECT ON DATABASE {name} FROM orders_service;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'orders_service' AND datname = '{name}'"
        ))
        .unwrap();

    let scrape = scrape(&server);

    assert_eq!(value(&scrape, feed), None, "{scrape}");
    assert!(
        value(
            &scrape,
            r#"pool_connections{service="orders",state="idle"}"#
        )
        .is_some()
    );
}
