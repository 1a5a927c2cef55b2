use schema_per_service::{db::Service, services::SERVICES};
use serde_json::{Map, Value, json};

use crate::harness::Server;

/// Every service is up, except perhaps users.
fn standings(users: &str) -> Value {
    let standing = |name| if name == "users" { users } else { "up" };
    let names = SERVICES.iter().map(Service::name);
    Value::Object(
        names
            .map(|name| (name.to_owned(), standing(name).into()))
            .collect::<Map<_, _>>(),
    )
}

#[test]
fn health_answers_for_each_service_and_for_the_whole() {
    let server = Server::start();

    for path in ["/health", "/health/ready"] {
        let answer = server.get(path);
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.body,
            json!({
                "status": "up",
                "services": standings("up"),
                "feeds": [{ "reader": "orders", "feed": "users", "behind": 0, "set_aside": 0, "restored": false }],
            })
        );
    }
    assert_eq!(server.get("/health/live").body, json!({ "status": "up" }));
}

#[test]
fn health_names_the_service_that_is_down_and_the_process_lives_on() {
    let server = Server::start();
    let database = server.database.of("users");
    let (mut admin, name) = (database.admin(), database.name());
    admin
        .batch_execute(&format!(
            "REVOKE CONNECT ON DATABASE {name} FROM users_service;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'users_service' AND datname = '{name}'"
        ))
        .unwrap();

    let answer = server.get("/health/ready");

    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (503, "unavailable")
    );
    assert_eq!(answer.body["services"], standings("down"));
    assert_eq!(server.get("/health/live").status, 200);
    assert_eq!(server.get("/orders").status, 200);
}
