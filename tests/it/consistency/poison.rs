//! A fact that cannot be applied holds up nobody: it is set aside, and an operator sees it.

use super::{catch_up, come_to_rest, copies, cursor, head, populate, run, sql};
use crate::harness::{Client, Database, Server, eventually, place, register};

const MANY: usize = 300;
/// The place of the fact that cannot be applied.
const PLACE: usize = 150;

/// Many facts, and a database that will not have one of them. Returns whom it tells of.
fn poisoned() -> (Database, String) {
    let database = Database::new();
    populate(&database, MANY);
    let user = format!("SELECT user_id FROM users.events WHERE position = {PLACE}");
    let user = sql(&database, "users", &user).concat();
    refuse(&database, &user);
    (database, user)
}

/// A constraint that no copy of this user passes.
fn refuse(database: &Database, user: &str) {
    sql(
        database,
        "orders",
        &format!(
            "ALTER TABLE orders.customers ADD CONSTRAINT planted CHECK (id <> '{user}') NOT VALID"
        ),
    );
}

fn relent(database: &Database) {
    sql(
        database,
        "orders",
        "ALTER TABLE orders.customers DROP CONSTRAINT planted",
    );
}

fn set_aside(database: &Database) -> Vec<String> {
    let query = "SELECT position, failure FROM orders.set_aside ORDER BY position";
    sql(database, "orders", query)
}

/// Keeps what was set aside from being tried again by itself.
fn postpone(database: &Database) {
    let statement = "UPDATE orders.set_aside SET next_try_at = now() + interval '1 day'";
    sql(database, "orders", statement);
}

/// What `/health` says: its status, and how many facts are set aside.
fn health(server: &Client) -> (u16, String, i64) {
    let answer = server.get("/health");
    let set_aside = answer.body.pointer("/feeds/0/set_aside").unwrap();
    (
        answer.status,
        answer.text("/status"),
        set_aside.as_i64().unwrap(),
    )
}

fn metrics(server: &Client) -> String {
    server.raw(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
}

#[test]
fn one_fact_that_fails_is_set_aside_and_all_before_and_after_it_are_applied() {
    let (database, user) = poisoned();

    let server = Server::start_with(database.clone(), |_| {});

    catch_up(&database);
    assert_eq!(copies(&database).len(), MANY - 1);
    assert_eq!(
        set_aside(&database),
        [format!("{PLACE} a constraint refused the rows")]
    );
    assert_eq!(health(&server), (200, "degraded".to_owned(), 1));
    let gauge = r#"feed_set_aside_facts{feed="users",reader="orders"} 1"#;
    assert!(metrics(&server).contains(gauge), "{}", metrics(&server));
    let next = register(&server, "ada@example.org");
    catch_up(&database);
    place(&server, &next);
    assert_eq!(copies(&database).len(), MANY);

    relent(&database);
    eventually("it is tried again by itself", || {
        set_aside(&database).is_empty()
    });
    come_to_rest(&database);
    assert_eq!(health(&server), (200, "up".to_owned(), 0));
    place(&server, &user);
}

#[test]
fn a_fact_that_fails_again_is_tried_later_and_later_and_at_least_once_an_hour() {
    let (database, _) = poisoned();
    let _server = Server::start_with(database.clone(), |_| {});
    catch_up(&database);
    let seconds_until_tried_after = |attempts: i64| {
        postpone(&database);
        // From here on it is due, so the next try, and the delay after it, begin later than this.
        let due = format!(
            "UPDATE orders.set_aside SET attempts = {attempts}, next_try_at = clock_timestamp()
             RETURNING next_try_at"
        );
        let due = sql(&database, "orders", &due).concat();
        let next = format!(
            "SELECT floor(extract(epoch FROM next_try_at - '{due}')), next_try_at < clock_timestamp() + interval '1 hour'
               FROM orders.set_aside WHERE attempts = {attempts} + 1"
        );
        let mut delay = Vec::new();
        eventually("it is tried again", || {
            delay = sql(&database, "orders", &next);
            !delay.is_empty()
        });
        let (seconds, is_within_the_hour) = delay[0].split_once(' ').unwrap();
        assert_eq!(is_within_the_hour, "t");
        seconds.parse::<u32>().unwrap()
    };

    for (attempts, delay) in [
        (1, 2),
        (2, 4),
        (5, 32),
        (10, 1_024),
        (12, 3_600),
        (40, 3_600),
    ] {
        let seconds = seconds_until_tried_after(attempts);
        // As much more as the try itself took.
        assert!(
            (delay..delay + 60).contains(&seconds),
            "{seconds} s after {attempts} attempts"
        );
    }
}

#[test]
fn replay_applies_what_was_set_aside_and_tells_when_it_fails_again() {
    let (database, user) = poisoned();
    let server = Server::start_with(database.clone(), |_| {});
    catch_up(&database);
    postpone(&database);

    let failed = format!("orders: fact {PLACE} failed again: a constraint refused the rows\n");
    assert_eq!(run(&database, &["replay"]), (1, failed));
    postpone(&database);
    relent(&database);
    let applied = format!("orders: fact {PLACE} is applied\n");
    assert_eq!(run(&database, &["replay"]), (0, applied));
    let nothing = "nothing was set aside\n".to_owned();
    assert_eq!(run(&database, &["replay"]), (0, nothing));

    come_to_rest(&database);
    assert_eq!(health(&server), (200, "up".to_owned(), 0));
    place(&server, &user);
}

#[test]
fn a_standing_that_this_program_does_not_know_is_set_aside_and_the_customer_stays_as_known() {
    let server = Server::start();
    let database = &server.database;
    let user = register(&server, "ada@example.com");
    catch_up(database);
    sql(
        database,
        "users",
        &format!(
            "ALTER TABLE users.events DROP CONSTRAINT events_standing_check;
             UPDATE users.feed_head SET position = 2;
             INSERT INTO users.events (position, user_id, version, standing) VALUES (2, '{user}', 2, 'asleep')"
        ),
    );
    let next = register(&server, "bob@example.com");

    catch_up(database);

    let failure = "2 the standing is none that this program knows";
    assert_eq!(set_aside(database), [failure]);
    assert_eq!(health(&server), (200, "degraded".to_owned(), 1));
    assert_eq!(cursor(database), head(database));
    place(&server, &user);
    place(&server, &next);
    postpone(database);
    let (code, told) = run(database, &["replay"]);
    assert_eq!(code, 1);
    assert!(told.contains("fact 2 failed again"), "{told}");
}

#[test]
fn a_wish_to_leave_that_was_set_aside_is_answered_once_it_can_be_applied() {
    for command in ["replay", "rebuild"] {
        let server = Server::start();
        let database = &server.database;
        let user = register(&server, "ada@example.com");
        place(&server, &user);
        catch_up(database);
        refuse(database, &user);
        super::close(&server, &user);
        catch_up(database);
        postpone(database);
        assert_eq!(set_aside(database).len(), 1);

        relent(database);
        let (code, told) = run(database, &[command]);

        assert_eq!(code, 0, "{told}");
        assert_eq!(run(database, &["replay"]).0, 0);
        come_to_rest(database);
        assert_eq!(
            super::account(database, &user),
            "closed null 3",
            "{command}"
        );
        assert_eq!(super::orders_of(database, &user), ["cancelled 2"]);
    }
}

#[test]
fn an_old_wish_to_leave_that_is_set_aside_when_the_feed_is_read_again_cancels_nothing() {
    let server = Server::start();
    let database = &server.database;
    let user = register(&server, "ada@example.com");
    assert_eq!(super::ship(&server, &place(&server, &user)), 200);
    super::close(&server, &user);
    come_to_rest(database);
    assert_eq!(super::account(database, &user), "active order-under-way 3");
    let shipped = &server.get("/orders?status=shipped").text("/items/0/id");
    let delivered = server.post(
        &format!("/orders/{shipped}/deliver"),
        &serde_json::Value::Null,
    );
    assert_eq!(delivered.status, 200);
    place(&server, &user);
    let orders = super::all_orders(database);

    refuse(database, &user);
    let (code, told) = run(database, &["rebuild"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(
        set_aside(database).len(),
        3,
        "all that is known of the user"
    );
    relent(database);
    assert_eq!(run(database, &["replay"]).0, 0);

    eventually("all is applied", || set_aside(database).is_empty());
    come_to_rest(database);
    assert_eq!(super::account(database, &user), "active order-under-way 3");
    assert_eq!(super::all_orders(database), orders);
}
