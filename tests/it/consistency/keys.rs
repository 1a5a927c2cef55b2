//! How long an `Idempotency-Key` stands for its order, by the database's clock.

use std::time::Duration;

use super::{is_replayed, place_as, sql};
use crate::harness::{Database, Server, eventually, register};

/// Whether each order still has its key, the oldest first.
fn keyed(database: &Database) -> Vec<String> {
    let query = "SELECT idempotency_key IS NOT NULL FROM orders.orders ORDER BY id";
    sql(database, "orders", query)
}

/// Makes an order older.
fn age(database: &Database, order: &str, interval: &str) {
    let statement = format!(
        "UPDATE orders.orders SET placed_at = placed_at - interval '{interval}' WHERE id = '{order}'"
    );
    sql(database, "orders", &statement);
}

#[test]
fn a_key_stands_for_its_order_for_a_day_and_not_longer() {
    let server = Server::start();
    let database = &server.database;
    let user = register(&server, "ada@example.com");
    let first = place_as(&server, &user, "once").text("/id");

    age(database, &first, "23 hours 58 minutes");
    let again = place_as(&server, &user, "once");
    assert_eq!(
        (again.text("/id"), is_replayed(&again)),
        (first.clone(), true)
    );
    assert_eq!(keyed(database), ["t"]);

    age(database, &first, "3 minutes");
    let new = place_as(&server, &user, "once");
    assert_eq!((new.status, is_replayed(&new)), (201, false));
    assert_ne!(new.text("/id"), first);
    assert_eq!(keyed(database), ["f", "t"]);
    assert_eq!(
        place_as(&server, &user, "once").text("/id"),
        new.text("/id")
    );
}

#[test]
fn old_keys_are_forgotten_though_nobody_asks_and_younger_ones_are_not() {
    let database = Database::new();
    let server = Server::start_with(database.clone(), |config| {
        config.upkeep.every = Duration::from_millis(20);
    });
    let user = register(&server, "ada@example.com");
    let [old, young] = ["old", "young"].map(|key| place_as(&server, &user, key).text("/id"));

    age(&database, &young, "23 hours 58 minutes");
    age(&database, &old, "24 hours 1 minute");

    // One statement forgets them, so what is left then was meant to be.
    eventually("a key is forgotten", || keyed(&database) != ["t", "t"]);
    assert_eq!(keyed(&database), ["f", "t"]);
    assert!(is_replayed(&place_as(&server, &user, "young")));
}
