//! `Idempotency-Key`: an order may be sent again, and is placed once.

use std::thread;

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server, an_order, eventually, register};

fn send(client: &Client, key: &str, order: &Value) -> Answer {
    let headers = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", key),
    ];
    client.send("POST", "/orders", &headers, &order.to_string())
}

fn count(server: &Server) -> usize {
    let all = server.get("/orders?limit=200").body;
    all["items"].as_array().unwrap().len()
}

#[test]
fn the_same_key_and_order_get_the_first_answer_again_whatever_became_of_the_order_since() {
    let server = Server::start();
    let order = an_order(&register(&server, "ada@example.com"));

    let first = send(&server, "tuesday", &order);
    server.post(&format!("/orders/{}/ship", first.text("/id")), &Value::Null);
    let again = send(&server, "tuesday", &order);

    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    for header in ["etag", "location"] {
        assert_eq!(first.headers[header], again.headers[header]);
    }
    assert_eq!(first.headers.get("idempotency-replayed"), None);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(count(&server), 1);
}

#[test]
fn the_same_key_with_another_order_is_refused() {
    let server = Server::start();
    let customer = register(&server, "ada@example.com");
    send(&server, "tuesday", &an_order(&customer));

    for (part, value) in [
        ("/currency", json!("USD")),
        ("/items/0/quantity", json!(3)),
        ("/items/1/sku", json!("CUP-2")),
        ("/items/1/unit_price", json!(101)),
    ] {
        let mut other = an_order(&customer);
        *other.pointer_mut(part).unwrap() = value;
        let answer = send(&server, "tuesday", &other);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (422, "key-reused"),
            "{part}"
        );
    }
    assert_eq!(count(&server), 1);
}

#[test]
fn a_key_is_its_customers_own_and_what_has_no_key_is_always_new() {
    let server = Server::start();
    let ada = an_order(&register(&server, "ada@example.com"));
    let grace = an_order(&register(&server, "grace@example.com"));

    let answers = [
        send(&server, "tuesday", &ada),
        send(&server, "tuesday", &grace),
        send(&server, "wednesday", &ada),
        server.post("/orders", &ada),
        server.post("/orders", &ada),
    ];

    for answer in &answers {
        assert_eq!(answer.status, 201);
        assert_eq!(answer.headers.get("idempotency-replayed"), None);
    }
    assert_eq!(count(&server), answers.len());
}

#[test]
fn the_same_key_many_times_at_once_places_one_order_and_all_hear_of_it() {
    let server = Server::start();
    let order = an_order(&register(&server, "ada@example.com"));

    let answers: Vec<Answer> = thread::scope(|scope| {
        let clients: Vec<_> = (0..24)
            .map(|_| scope.spawn(|| send(&server, "tuesday", &order)))
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });

    for answer in &answers {
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.body, answers[0].body);
    }
    let is_first = |answer: &&Answer| !answer.headers.contains_key("idempotency-replayed");
    assert_eq!(answers.iter().filter(is_first).count(), 1);
    assert_eq!(count(&server), 1);
}

#[test]
fn a_refusal_is_not_kept_because_it_changed_nothing() {
    let server = Server::start();
    let customer = register(&server, "ada@example.com");
    let mut faulty = an_order(&customer);
    faulty["currency"] = json!("Euro");

    assert_eq!(send(&server, "tuesday", &faulty).status, 422);
    let placed = send(&server, "tuesday", &an_order(&customer));

    assert_eq!(placed.status, 201);
    assert_eq!(placed.headers.get("idempotency-replayed"), None);
}

#[test]
fn a_key_is_1_to_255_visible_characters_and_there_is_one_of_it() {
    let server = Server::start();
    let order = an_order(&register(&server, "ada@example.com"));

    assert_eq!(send(&server, &"k".repeat(255), &order).status, 201);
    assert_eq!(send(&server, "\"quoted: ~!\"", &order).status, 400);
    for key in ["", "two words", "schlüssel", &"k".repeat(256)] {
        let answer = send(&server, key, &order);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "invalid-parameter"),
            "{key}"
        );
        assert_eq!(answer.blames(), ["Idempotency-Key"]);
    }
    let twice = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "one"),
        ("Idempotency-Key", "two"),
    ];
    let answer = server.send("POST", "/orders", &twice, &order.to_string());
    assert_eq!(answer.blames(), ["Idempotency-Key"]);
    assert_eq!(count(&server), 1);
}

#[test]
fn what_a_client_writes_into_a_key_is_not_kept_and_nothing_of_it_once_the_account_is_closed() {
    let server = Server::start();
    let customer = register(&server, "ada@example.com");
    send(&server, "ada@example.com", &an_order(&customer));
    let mut admin = server.database.of("orders").admin();
    let mut kept = || -> Option<String> {
        let row = admin.query_one("SELECT idempotency_key::text FROM orders.orders", &[]);
        row.unwrap().get(0)
    };

    // An id may hold "ada": it is hexadecimal.
    assert!(!kept().unwrap().contains("ada@"));
    server.send("DELETE", &format!("/users/{customer}"), &[], "");

    eventually("the key is forgotten", || kept().is_none());
}
