//! Who changed what, and in which request: beside the fact or the row, in the service's own schema.

use serde_json::json;

use super::Stage;
use crate::harness::{Server, eventually, place, register};

/// Rows of the trail, each as words with a space between.
fn trail(server: &Server, service: &str, query: &str) -> Vec<String> {
    server.database.of(service).sql(query)
}

#[test]
fn each_change_keeps_the_subject_and_the_request() {
    let stage = Stage::new();
    let (server, ada) = (&stage.server, stage.user(&stage.ada));
    let own = format!("/users/{}", stage.ada);
    let patched = ada.patch(
        &own,
        &[("X-Request-Id", "rename-1")],
        &json!({ "name": "Countess" }),
    );
    assert_eq!(patched.headers["x-request-id"], "rename-1");
    let order = place(&ada, &stage.ada);
    let ship = format!("/orders/{order}/ship");
    stage
        .operator
        .send("POST", &ship, &[("X-Request-Id", "ship-1")], "");
    // What changes nothing leaves no trace.
    stage
        .operator
        .send("POST", &ship, &[("X-Request-Id", "ship-2")], "");
    ada.send(
        "POST",
        &format!("/orders/{order}/deliver"),
        &[("X-Request-Id", "deliver-0")],
        "",
    );
    stage.operator.send(
        "POST",
        &format!("/orders/{order}/deliver"),
        &[("X-Request-Id", "deliver-1")],
        "",
    );

    let facts = trail(
        server,
        "users",
        &format!(
            "SELECT version, subject, request_id FROM users.events WHERE user_id = '{}' ORDER BY 1",
            stage.ada
        ),
    );
    assert!(facts[0].starts_with("1 olga 01"), "{facts:?}");
    assert_eq!(facts[1..], [format!("2 {} rename-1", stage.ada)]);
    let placed = trail(
        server,
        "orders",
        "SELECT subject, char_length(request_id) FROM orders.orders",
    );
    assert_eq!(placed, [format!("{} 36", stage.ada)]);
    let steps = trail(
        server,
        "orders",
        "SELECT version, status, subject, request_id FROM orders.steps ORDER BY 1",
    );
    assert_eq!(
        steps,
        ["2 shipped olga ship-1", "3 delivered olga deliver-1"]
    );

    // The feed is for other services; who did it is not.
    let feed = stage.operator.get("/users/feed").body.to_string();
    assert!(
        !feed.contains("olga") && !feed.contains("rename-1"),
        "{feed}"
    );
}

#[test]
fn closing_an_account_keeps_who_asked_and_cancels_in_nobodys_name() {
    let stage = Stage::new();
    let ada = stage.user(&stage.ada);
    place(&ada, &stage.ada);
    ada.send(
        "DELETE",
        &format!("/users/{}", stage.ada),
        &[("X-Request-Id", "leave-1")],
        "",
    );
    eventually("the account is closed", || {
        stage.operator.get(&format!("/users/{}", stage.ada)).body["standing"] == "closed"
    });

    let facts = trail(
        &stage.server,
        "users",
        &format!(
            "SELECT standing, subject, request_id FROM users.events WHERE user_id = '{}' AND version > 1 ORDER BY version",
            stage.ada
        ),
    );
    assert_eq!(
        facts,
        [
            format!("closing {} leave-1", stage.ada),
            "closed null null".to_owned()
        ]
    );
    let steps = trail(
        &stage.server,
        "orders",
        "SELECT status, subject, request_id FROM orders.steps",
    );
    assert_eq!(steps, ["cancelled null null"]);
}

#[test]
fn while_calls_are_open_the_request_is_kept_and_the_subject_is_nobody() {
    let server = Server::start();
    let ada = register(&server, "ada@example.com");
    server.patch(
        &format!("/users/{ada}"),
        &[("X-Request-Id", "open-1"), ("Authorization", "Bearer x")],
        &json!({ "name": "Countess" }),
    );

    let facts = trail(
        &server,
        "users",
        "SELECT version, subject, request_id FROM users.events WHERE version = 2",
    );
    assert_eq!(facts, ["2 null open-1"]);
}
