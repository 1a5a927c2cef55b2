use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Server, an_order, eventually, place, register};

fn close(server: &Server, user: &str) -> Answer {
    server.send("DELETE", &format!("/users/{user}"), &[], "")
}

/// Waits until the account does not wait for an answer any more, and returns the user.
fn settled(server: &Server, user: &str) -> Value {
    let mut body = Value::Null;
    eventually("the closing is settled", || {
        body = server.get(&format!("/users/{user}")).body;
        body["standing"] != "closing"
    });
    body
}

/// Every text that a schema holds anywhere.
fn texts(server: &Server, schema: &str) -> String {
    let mut admin = server.database.of(schema).admin();
    let tables =
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = $1";
    let tables = admin.query(tables, &[&schema]).unwrap();
    tables
        .iter()
        .map(|row| {
            let table: String = row.get(0);
            let all =
                format!("SELECT coalesce(string_agg(row::text, ' '), '') FROM {table} AS row");
            admin.query_one(&all, &[]).unwrap().get::<_, String>(0)
        })
        .collect()
}

#[test]
fn a_closed_account_has_no_open_order_and_nothing_personal_anywhere() {
    let server = Server::start();
    let user = register(&server, "ada@example.com");
    let (open, gone) = (place(&server, &user), place(&server, &user));
    server.post(&format!("/orders/{gone}/ship"), &Value::Null);
    server.post(&format!("/orders/{gone}/deliver"), &Value::Null);

    let asked = close(&server, &user);
    let closed = settled(&server, &user);

    assert_eq!(asked.status, 202);
    assert_eq!(
        (asked.text("/standing").as_str(), &asked.headers["etag"][..]),
        ("closing", "\"2\"")
    );
    assert_eq!(
        (&closed["standing"], &closed["email"], &closed["name"]),
        (&json!("closed"), &Value::Null, &Value::Null)
    );
    let status = |order: &str| server.get(&format!("/orders/{order}")).text("/status");
    assert_eq!(
        (status(&open), status(&gone)),
        ("cancelled".into(), "delivered".into())
    );
    for schema in ["users", "orders"] {
        let texts = texts(&server, schema);
        assert!(texts.contains(&user), "{schema} was not read");
        for personal in ["ada@example.com", "Lovelace"] {
            assert!(!texts.contains(personal), "{personal} is in {schema}");
        }
    }
}

#[test]
fn a_closing_is_refused_while_an_order_is_under_way_and_may_be_asked_for_again() {
    let server = Server::start();
    let user = register(&server, "ada@example.com");
    let (order, other) = (place(&server, &user), place(&server, &user));
    server.post(&format!("/orders/{order}/ship"), &Value::Null);

    close(&server, &user);
    let refused = settled(&server, &user);

    assert_eq!(
        (&refused["standing"], &refused["refusal"], &refused["email"]),
        (
            &json!("active"),
            &json!("order-under-way"),
            &json!("ada@example.com")
        )
    );
    assert_eq!(
        server.get(&format!("/orders/{other}")).text("/status"),
        "placed"
    );
    eventually("orders knows", || {
        server.post("/orders", &an_order(&user)).status == 201
    });

    server.post(&format!("/orders/{order}/deliver"), &Value::Null);
    assert_eq!(close(&server, &user).body["refusal"], Value::Null);
    assert_eq!(settled(&server, &user)["standing"], "closed");
}

#[test]
fn close_may_be_repeated_and_an_account_that_is_not_active_neither_changes_nor_orders() {
    let server = Server::start();
    let user = register(&server, "ada@example.com");
    close(&server, &user);
    let closed = settled(&server, &user);

    for _ in 0..2 {
        let again = close(&server, &user);
        assert_eq!((again.status, &again.body), (202, &closed));
    }
    let changed = server.patch(&format!("/users/{user}"), &[], &json!({ "name": "Ada" }));
    assert_eq!(
        (changed.status, changed.problem().as_str()),
        (409, "account-not-active")
    );
    let ordered = server.post("/orders", &an_order(&user));
    assert_eq!(
        (ordered.status, ordered.problem().as_str()),
        (409, "customer-not-active")
    );
    assert_ne!(register(&server, "ada@example.com"), user);
}

#[test]
fn close_heeds_if_match_and_answers_404_when_nobody_has_the_id() {
    let server = Server::start();
    let user = register(&server, "ada@example.com");
    let path = format!("/users/{user}");
    server.patch(&path, &[], &json!({ "name": "Ada King" }));

    let late = server.send("DELETE", &path, &[("If-Match", "\"1\"")], "");
    assert_eq!(
        (late.status, late.problem().as_str()),
        (412, "precondition-failed")
    );
    assert_eq!(
        server
            .send("DELETE", &path, &[("If-Match", "\"2\"")], "")
            .status,
        202
    );
    let nobody = close(&server, &Uuid::now_v7().to_string());
    assert_eq!(
        (nobody.status, nobody.problem().as_str()),
        (404, "user-not-found")
    );
}
