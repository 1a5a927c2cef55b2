//! `rebuild`: the copy is dropped and read again, and nothing else happens.

use serde_json::json;

use super::{
    account, all_orders, catch_up, close, come_to_rest, copies, head, originals, run, ship, sql,
};
use crate::harness::{Database, Server, place, register};

/// A server with users of every kind: one who only registered, one who changed, one who left, and one who could not and has an
/// open order too.
fn scene() -> Server {
    let server = Server::start();
    register(&server, "ada@example.com");
    let bob = format!("/users/{}", register(&server, "bob@example.com"));
    assert_eq!(
        server.patch(&bob, &[], &json!({ "name": "Bob" })).status,
        200
    );
    let carol = register(&server, "carol@example.com");
    place(&server, &carol);
    let dan = register(&server, "dan@example.com");
    assert_eq!(ship(&server, &place(&server, &dan)), 200);
    catch_up(&server.database);
    close(&server, &carol);
    close(&server, &dan);
    come_to_rest(&server.database);
    place(&server, &dan);
    server
}

/// Some of the copy is gone, some is wrong, and some is of nobody.
fn corrupt(database: &Database) {
    sql(
        database,
        "orders",
        "DELETE FROM orders.customers WHERE id = (SELECT id FROM orders.customers ORDER BY id LIMIT 1);
         UPDATE orders.customers SET standing = CASE standing WHEN 'active' THEN 'closed' ELSE 'active' END,
                                     version = version + 100;
         INSERT INTO orders.customers VALUES (gen_random_uuid(), 1, 'active')",
    );
    assert_ne!(copies(database), originals(database));
}

fn assert_rebuilds(database: &Database) {
    let orders = all_orders(database);
    let facts = head(database).concat();
    corrupt(database);

    let (code, told) = run(database, &["rebuild"]);

    let promised = format!("orders has read the feed of users again: {facts} facts in ");
    assert!(code == 0 && told.starts_with(&promised), "{code}: {told}");
    assert!(told.ends_with(" s\n"), "{told}");
    assert_eq!(copies(database), originals(database));
    assert_eq!(all_orders(database), orders);
    assert_eq!(
        head(database).concat(),
        facts,
        "nobody was told anything new"
    );
    come_to_rest(database);
}

#[test]
fn a_copy_that_is_wrong_is_right_again_while_a_server_runs() {
    let server = scene();

    assert_rebuilds(&server.database);

    let database = &server.database;
    let stayed = "SELECT id FROM users.accounts WHERE refusal IS NOT NULL";
    let stayed = sql(database, "users", stayed).concat();
    assert_eq!(account(database, &stayed), "active order-under-way 3");
    place(&server, &stayed);
}

#[test]
fn a_copy_that_is_wrong_is_right_again_while_no_server_runs() {
    let database = scene().database.clone();

    assert_rebuilds(&database);
}

#[test]
fn an_answer_to_a_feed_that_is_no_more_is_not_given_and_is_forgotten_with_the_copy() {
    let server = Server::start();
    let database = &server.database;
    let user = register(&server, "ada@example.com");
    assert_eq!(ship(&server, &place(&server, &user)), 200);
    catch_up(database);
    // Users was restored, and lost a wish of this version, to which we said yes.
    let lost = format!(
        "UPDATE orders.feed_cursors SET at = at - interval '1 minute';
         INSERT INTO orders.closings (customer_id, version) VALUES ('{user}', 2)"
    );
    sql(database, "orders", &lost);

    close(&server, &user);
    assert_eq!(
        server.get("/health").body["feeds"][0]["restored"],
        json!(true)
    );
    assert_eq!(run(database, &["rebuild"]).0, 0);
    come_to_rest(database);

    assert_eq!(account(database, &user), "active order-under-way 3");
}
