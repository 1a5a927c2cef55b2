//! One service's data is away, or comes back older than it was. The other goes on, and afterwards both agree.

use std::{fs::File, process::Stdio, time::Duration};

use schema_per_service::config::Config;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    account, all_orders, catch_up, close, come_to_rest, command, copies, cursor, head, history,
    orders_of, originals, run, sql,
};
use crate::harness::{
    Database, Layout, Part, Process, Server, Undo, an_order, eventually, place, register,
};

/// A deadline that a test can wait for.
fn soon(config: &mut Config) {
    config.limits.deadline = Duration::from_secs(2);
}

const TROUBLES: [fn(&Part) -> Undo; 2] = [Part::unplug, Part::freeze];

#[test]
fn while_users_is_away_known_customers_order_others_are_told_to_come_back_and_then_all_is_caught_up()
 {
    let database = Database::alone(Layout::TwoServers);
    let server = Server::start_with(database.clone(), soon);

    for (number, trouble) in TROUBLES.into_iter().enumerate() {
        let known = register(&server, &format!("known{number}@example.com"));
        let leaving = register(&server, &format!("leaving{number}@example.com"));
        place(&server, &leaving);
        catch_up(&database);
        // Nobody reads the feed for a moment, in which somebody comes and somebody wants to go.
        let mut admin = database.of("orders").admin();
        admin
            .batch_execute("BEGIN; SELECT * FROM orders.feed_cursors FOR UPDATE")
            .unwrap();
        close(&server, &leaving);
        let unknown = register(&server, &format!("unknown{number}@example.com"));
        let trouble = trouble(database.of("users"));
        admin.batch_execute("ROLLBACK").unwrap();

        for _ in 0..3 {
            place(&server, &known);
        }
        for stranger in [&unknown, &Uuid::now_v7().to_string()] {
            let answer = server.post("/orders", &an_order(stranger));
            assert_eq!(
                (answer.status, answer.problem().as_str()),
                (503, "unavailable")
            );
            assert_eq!(answer.headers["retry-after"], "1");
        }
        assert_eq!(
            orders_of(&database, &leaving),
            ["placed 1"],
            "nobody asked yet"
        );

        drop(trouble);
        eventually("the unknown is known", || {
            server.post("/orders", &an_order(&unknown)).status == 201
        });
        come_to_rest(&database);
        assert_eq!(account(&database, &leaving), "closed null 3");
        assert_eq!(orders_of(&database, &leaving), ["cancelled 2"]);
        assert_eq!(orders_of(&database, &known), ["placed 1"; 3]);
    }
}

#[test]
fn while_orders_is_away_users_register_change_and_leave_and_then_all_is_settled() {
    let database = Database::alone(Layout::TwoServers);
    let server = Server::start_with(database.clone(), soon);

    for (number, trouble) in TROUBLES.into_iter().enumerate() {
        let user = |name: &str| register(&server, &format!("{name}{number}@example.com"));
        let (leaving, staying) = (user("leaving"), user("staying"));
        place(&server, &leaving);
        let order = place(&server, &staying);
        assert_eq!(super::ship(&server, &order), 200);
        catch_up(&database);

        let trouble = trouble(database.of("orders"));
        close(&server, &leaving);
        close(&server, &staying);
        let new = user("new");
        let path = format!("/users/{new}");
        let changed = server.patch(&path, &[], &json!({ "name": "Ada King" }));
        assert_eq!(changed.status, 200);
        let waits = server.get(&format!("/users/{leaving}"));
        assert_eq!(
            waits.text("/standing"),
            "closing",
            "nobody decides for orders"
        );
        drop(trouble);

        come_to_rest(&database);
        assert_eq!(account(&database, &leaving), "closed null 3");
        assert_eq!(orders_of(&database, &leaving), ["cancelled 2"]);
        assert_eq!(account(&database, &staying), "active order-under-way 3");
        assert_eq!(orders_of(&database, &staying), ["shipped 2"]);
        place(&server, &new);
    }
}

/// What users had when the feed ended at a place, as a backup of then would bring it back.
fn restore_users(database: &Database, head: i64) {
    sql(
        database,
        "users",
        &format!(
            "BEGIN;
             DELETE FROM users.events WHERE position > {head};
             UPDATE users.events SET superseded_at = NULL WHERE (user_id, version) IN
                 (SELECT user_id, max(version) FROM users.events GROUP BY user_id);
             DELETE FROM users.accounts WHERE id NOT IN (SELECT user_id FROM users.events);
             UPDATE users.accounts SET version = events.version, standing = events.standing, refusal = NULL,
                    email = coalesce(email, id || '@example.com'), name = coalesce(name, 'Ada')
               FROM users.events WHERE user_id = id AND superseded_at IS NULL;
             UPDATE users.feed_head SET position = {head};
             UPDATE users.feed_readers SET position = least(position, {head});
             COMMIT"
        ),
    );
}

#[test]
fn a_users_database_from_a_backup_is_noticed_and_after_rebuild_all_goes_on() {
    let database = Database::new();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut serve = command(&database, &["serve"]);
    serve.stderr(Stdio::from(File::create(&log).unwrap()));
    let server = Process::from(serve);
    let client = &server.client;
    let ada = register(client, "ada@example.com");
    register(client, "bob@example.com");
    for name in ["Ada King", "Ada Lovelace"] {
        let path = format!("/users/{ada}");
        assert_eq!(
            client.patch(&path, &[], &json!({ "name": name })).status,
            200
        );
    }
    place(client, &ada);
    catch_up(&database);
    assert_eq!(cursor(&database), ["4"]);

    restore_users(&database, 1);
    eventually("the log tells what to do", || {
        let log = std::fs::read_to_string(&log).unwrap();
        log.contains("the feed is not the one that was read; after a restore, run rebuild")
    });
    let assert_is_noticed = || {
        let health = client.get("/health");
        let (status, feed) = (&health.body["status"], &health.body["feeds"][0]);
        assert_eq!(
            (health.status, status, &feed["restored"]),
            (200, &Value::from("degraded"), &Value::from(true))
        );
        assert_eq!(cursor(&database), ["4"]);
    };
    assert_is_noticed();
    // New facts at old places are not taken for those that were read, nor is a place of that number when the feed has one again.
    let carol = register(client, "carol@example.com");
    place(client, &carol);
    for number in 0..6 {
        register(client, &format!("{number}@example.com"));
        assert_is_noticed();
    }
    assert_eq!(head(&database), ["8"]);

    let (code, told) = run(&database, &["rebuild"]);

    assert_eq!(code, 0, "{told}");
    assert_eq!(copies(&database), originals(&database));
    assert_eq!(client.get("/health").body["status"], "up");
    assert_eq!(orders_of(&database, &ada), ["placed 1"]);
    close(client, &carol);
    come_to_rest(&database);
    assert_eq!(
        history(&database, &carol),
        ["1 active", "2 closing", "3 closed"]
    );
    assert_eq!(orders_of(&database, &carol), ["cancelled 2"]);
}

#[test]
fn a_wish_to_leave_that_a_backup_of_users_brings_back_is_answered_again() {
    let server = Server::start();
    let database = &server.database;
    let user = register(&server, "ada@example.com");
    place(&server, &user);
    close(&server, &user);
    come_to_rest(database);
    restore_users(database, 2);
    assert_eq!(account(database, &user), "closing null 2");

    assert_eq!(run(database, &["rebuild"]).0, 0);

    come_to_rest(database);
    assert_eq!(account(database, &user), "closed null 3");
    assert_eq!(orders_of(database, &user), ["cancelled 2"]);
}

#[test]
fn an_orders_database_from_a_backup_hears_again_who_has_left_meanwhile() {
    let database = Database::new();
    let server = Server::start_with(database.clone(), |_| {});
    let [left, stayed] = ["ada", "bob"].map(|name| {
        let user = register(&server, &format!("{name}@example.com"));
        place(&server, &user);
        user
    });
    let shipped = server
        .get(&format!("/orders?customer_id={stayed}"))
        .text("/items/0/id");
    assert_eq!(super::ship(&server, &shipped), 200);
    catch_up(&database);
    close(&server, &left);
    close(&server, &stayed);
    come_to_rest(&database);
    drop(server);
    // A backup of the time when both had registered and ordered.
    let at = "SELECT at FROM users.events WHERE position = 2";
    let at = sql(&database, "users", at).concat();
    sql(
        &database,
        "orders",
        &format!(
            "UPDATE orders.feed_cursors SET position = 2, at = '{at}';
             UPDATE orders.customers SET version = 1, standing = 'active';
             UPDATE orders.orders SET status = 'placed', version = 1;
             DELETE FROM orders.steps"
        ),
    );

    let server = Server::start_with(database.clone(), |_| {});

    come_to_rest(&database);
    assert_eq!(account(&database, &left), "closed null 3");
    assert_eq!(orders_of(&database, &left), ["cancelled 2"]);
    assert_eq!(account(&database, &stayed), "active order-under-way 3");
    assert_eq!(orders_of(&database, &stayed), ["placed 1"]);
    place(&server, &stayed);
    assert_eq!(all_orders(&database).len(), 3);
}
