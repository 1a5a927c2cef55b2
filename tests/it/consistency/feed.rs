//! The feed itself: its places, and what comes of a fact that is read twice or late.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::{Value, json};

use super::{
    account, all_orders, catch_up, close, come_to_rest, copies, head, history, orders_of,
    originals, populate, ship, sql,
};
use crate::harness::{Client, Database, Server, eventually, place, register};

/// A user who wanted to leave, was refused, and has an open order since.
fn refused(server: &Server, email: &str) -> String {
    let user = register(server, email);
    let order = place(server, &user);
    assert_eq!(ship(server, &order), 200);
    close(server, &user);
    eventually("the wish is refused", || {
        account(&server.database, &user) == "active order-under-way 3"
    });
    let path = format!("/orders/{order}/deliver");
    assert_eq!(server.post(&path, &Value::Null).status, 200);
    come_to_rest(&server.database);
    place(server, &user);
    user
}

/// Reads on from `last`, and expects each fact at the place after the one before.
fn read_on(server: &Client, last: &mut u64) {
    let page = server.get(&format!("/users/feed?limit=200&after={last}"));
    for fact in page.body["items"].as_array().unwrap() {
        assert_eq!(fact["position"], *last + 1);
        *last += 1;
    }
}

#[test]
fn places_are_gapless_and_in_commit_order_however_many_write_and_whoever_reads_meanwhile() {
    const WRITERS: usize = 16;
    const ROUNDS: usize = 5;
    let database = Database::new();
    let servers = [(); 2].map(|()| Server::start_with(database.clone(), |_| {}));
    let is_done = AtomicBool::new(false);

    thread::scope(|scope| {
        let readers = [0, 1].map(|at: usize| {
            let (server, is_done): (&Client, _) = (&servers[at], &is_done);
            scope.spawn(move || {
                let mut last = 0;
                while !is_done.load(Ordering::Acquire) {
                    read_on(server, &mut last);
                }
                read_on(server, &mut last);
                last
            })
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let server: &Client = &servers[writer % 2];
                scope.spawn(move || {
                    let path = format!(
                        "/users/{}",
                        register(server, &format!("{writer}@example.com"))
                    );
                    for round in 0..ROUNDS {
                        let changed =
                            server.patch(&path, &[], &json!({ "name": format!("Ada {round}") }));
                        assert_eq!(changed.status, 200);
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        is_done.store(true, Ordering::Release);
        for reader in readers {
            assert_eq!(reader.join().unwrap().to_string(), head(&database).concat());
        }
    });

    let count = WRITERS * (1 + ROUNDS);
    assert_eq!(head(&database), [count.to_string()]);
    let places = "SELECT position FROM users.events ORDER BY position";
    let expected: Vec<String> = (1..=count).map(|place| place.to_string()).collect();
    assert_eq!(sql(&database, "users", places), expected);
    let versions = "SELECT array_agg(version ORDER BY position) FROM users.events GROUP BY user_id";
    assert_eq!(
        sql(&database, "users", versions),
        ["{1,2,3,4,5,6}"; WRITERS]
    );
    come_to_rest(&database);
}

#[test]
fn a_change_that_does_not_happen_leaves_no_fact_and_no_gap() {
    let server = Server::start();
    let database = &server.database;
    let ada = format!("/users/{}", register(&server, "ada@example.com"));
    let bob = format!("/users/{}", register(&server, "bob@example.com"));
    // This one fails at the commit, when its place is taken already.
    sql(
        database,
        "users",
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN IF NEW.name = ''Nobody'' THEN RAISE EXCEPTION ''no''; END IF; RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON users.accounts DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION public.refuse()",
    );

    let taken = json!({ "email": "ada@example.com", "name": "Bob" });
    let statuses = [
        server.post("/users", &taken).status,
        server.patch(&bob, &[], &taken).status,
        server.patch(&bob, &[], &json!({ "name": "Nobody" })).status,
        server
            .patch(&bob, &[("If-Match", "\"7\"")], &json!({ "name": "Bob" }))
            .status,
        server.patch(&ada, &[], &json!({})).status,
    ];
    assert_eq!(statuses, [409, 409, 500, 412, 200]);
    let changed = server.patch(&bob, &[], &json!({ "name": "Bob" }));
    assert_eq!(changed.headers["etag"], "\"2\"");

    let facts = "SELECT position, version FROM users.events ORDER BY position";
    assert_eq!(sql(database, "users", facts), ["1 1", "2 1", "3 2"]);
    assert_eq!(head(database), ["3"]);
    come_to_rest(database);
}

#[test]
fn a_feed_that_is_read_again_from_its_beginning_does_nothing_twice() {
    let server = Server::start();
    let database = &server.database;
    let stays = refused(&server, "ada@example.com");
    let leaves = register(&server, "bob@example.com");
    place(&server, &leaves);
    close(&server, &leaves);
    come_to_rest(database);
    let before = (all_orders(database), originals(database), head(database));

    sql(
        database,
        "orders",
        "UPDATE orders.feed_cursors SET position = 0",
    );
    // Nobody writes, so nobody wakes the reader either.
    catch_up(database);

    come_to_rest(database);
    let after = (all_orders(database), originals(database), head(database));
    assert_eq!(after, before);
    assert_eq!(account(database, &stays), "active order-under-way 3");
    place(&server, &stays);
}

#[test]
fn an_old_wish_to_leave_cancels_nothing_though_its_refusal_follows_much_later() {
    const FACTS: usize = 1_200;
    let database = Database::new();
    populate(&database, FACTS);
    // The first user wanted to leave at once, and was refused when everybody else had come.
    let user = sql(
        &database,
        "users",
        "SELECT user_id FROM users.events WHERE position = 1",
    )
    .concat();
    sql(
        &database,
        "users",
        &format!(
            "DELETE FROM users.accounts WHERE id IN
                 (SELECT user_id FROM users.events WHERE position IN (2, {FACTS}));
             UPDATE users.events SET user_id = '{user}', version = 2, standing = 'closing' WHERE position = 2;
             UPDATE users.events SET user_id = '{user}', version = 3 WHERE position = {FACTS};
             UPDATE users.events SET superseded_at = now() WHERE position IN (1, 2);
             UPDATE users.accounts SET version = 3, refusal = 'order-under-way' WHERE id = '{user}'"
        ),
    );
    let server = Server::start_with(database.clone(), |_| {});
    place(&server, &user);

    for _ in 0..2 {
        catch_up(&database);
        assert_eq!(orders_of(&database, &user), ["placed 1"]);
        sql(
            &database,
            "orders",
            "DELETE FROM orders.customers; UPDATE orders.feed_cursors SET position = 0",
        );
    }
    come_to_rest(&database);
    assert_eq!(orders_of(&database, &user), ["placed 1"]);
}

#[test]
fn a_fact_that_comes_again_at_a_later_place_does_nothing() {
    let server = Server::start();
    let database = &server.database;
    let user = refused(&server, "ada@example.com");
    let orders = all_orders(database);
    sql(
        database,
        "users",
        "ALTER TABLE users.events DROP CONSTRAINT events_user_id_version_key",
    );

    for (position, again) in [(4, "2, 'closing'"), (5, "3, 'active'"), (6, "2, 'closing'")] {
        sql(
            database,
            "users",
            &format!(
                "UPDATE users.feed_head SET position = {position};
                 INSERT INTO users.events (position, user_id, version, standing) VALUES ({position}, '{user}', {again})"
            ),
        );
        catch_up(database);
        assert_eq!(all_orders(database), orders);
        assert_eq!(account(database, &user), "active order-under-way 3");
        come_to_rest(database);
    }
    place(&server, &user);
}

#[test]
fn a_fact_that_comes_late_never_overwrites_a_newer_one() {
    for late in ["closing", "closed"] {
        let server = Server::start();
        let database = &server.database;
        let user = register(&server, "ada@example.com");
        for name in ["Ada King", "Ada Lovelace"] {
            let path = format!("/users/{user}");
            assert_eq!(
                server.patch(&path, &[], &json!({ "name": name })).status,
                200
            );
        }
        catch_up(database);
        place(&server, &user);
        let (orders, copy) = (all_orders(database), copies(database));

        // As if the second version had been told last, and of something worse than a name.
        sql(
            database,
            "users",
            &format!(
                "DELETE FROM users.events WHERE position = 2;
                 UPDATE users.feed_head SET position = 4;
                 INSERT INTO users.events (position, user_id, version, standing) VALUES (4, '{user}', 2, '{late}')"
            ),
        );
        catch_up(database);

        assert_eq!(
            history(database, &user).last().unwrap(),
            &format!("2 {late}")
        );
        assert_eq!(copies(database), copy);
        assert_eq!(all_orders(database), orders);
        come_to_rest(database);
        place(&server, &user);
    }
}
