use uuid::Uuid;

use crate::harness::{Server, place, register};

#[test]
fn read_answers_304_to_a_client_that_has_the_version() {
    let server = Server::start();
    let path = format!(
        "/orders/{}",
        place(&server, &register(&server, "ada@example.com"))
    );

    assert_eq!(
        server
            .send("GET", &path, &[("If-None-Match", "\"1\"")], "")
            .status,
        304
    );
    server.post(&format!("{path}/ship"), &serde_json::Value::Null);
    let fresh = server.send("GET", &path, &[("If-None-Match", "\"1\"")], "");
    assert_eq!(
        (fresh.status, fresh.headers["etag"].as_str()),
        (200, "\"2\"")
    );
}

#[test]
fn read_answers_404_when_no_order_has_the_id() {
    let server = Server::start();

    let answer = server.get(&format!("/orders/{}", Uuid::now_v7()));

    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (404, "order-not-found")
    );
}

#[test]
fn a_users_id_is_no_orders_id() {
    let server = Server::start();
    let user = register(&server, "ada@example.com");

    assert_eq!(server.get(&format!("/orders/{user}")).status, 404);
}
