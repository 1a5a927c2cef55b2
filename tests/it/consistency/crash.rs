//! The process dies at a point of our choice. Whoever asks again, and the next process, find everything done once.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::process::ExitStatusExt as _,
    time::Duration,
};

use serde_json::json;

use super::{
    account, all_orders, catch_up, come_to_rest, history, is_replayed, orders_of, place_as,
    process, ship, sql,
};
use crate::harness::{Database, Process, Server, an_order, eventually, place, register};

const ABORTED: i32 = 6;

/// Sends a request that the process dies of; it may have been answered before.
fn send_and_die(process: &mut Process, method: &str, path: &str, headers: &str, body: &str) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(process.client.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    // However the connection ends.
    let _ = stream.read_to_end(&mut Vec::new());
    eventually("the process has died", || {
        process.child.try_wait().unwrap().is_some()
    });
    assert_eq!(process.ended().signal(), Some(ABORTED), "it chose to end");
}

/// A new process on the database, which dies at the fault.
fn doomed(database: &Database, fault: &str) -> Process {
    process(database, &[("FAULT", fault)])
}

/// Where closing an account can break off, in the order of things; and what the dead process leaves behind: whether the account
/// still waits, and whether orders still has an answer to give.
const BREAKS: [(&str, Option<(bool, bool)>); 7] = [
    // The wish is committed, and nobody was told. How far the reader of the feed came meanwhile is chance.
    ("users-committed@1", None),
    // What orders decided was about to be committed.
    ("follow-uncommitted@1", Some((true, false))),
    // It is committed, and users does not know it yet.
    ("follow-applied@1", Some((true, true))),
    // Users has committed it too.
    ("users-committed@2", Some((false, true))),
    // Users has said so.
    ("follow-settled@1", Some((false, true))),
    // Orders was about to hear in the feed that its answer has arrived.
    ("follow-uncommitted@2", Some((false, true))),
    // Orders has heard it.
    ("follow-applied@2", Some((false, false))),
];

/// What becomes of a user who wants to leave.
struct Outcome {
    account: &'static str,
    history: [&'static str; 3],
    /// The orders before, and in the end.
    orders: [&'static [&'static str]; 2],
}

/// For each break, closes an account in a process that dies there, and lets the next process go on. `prepare` orders for the
/// user.
fn assert_closing_survives(prepare: impl Fn(&Server, &str), outcome: &Outcome) {
    let database = Database::new();
    let users: Vec<String> = {
        let server = Server::start_with(database.clone(), |_| {});
        let user = |number: usize| {
            let user = register(&server, &format!("user{number}@example.com"));
            prepare(&server, &user);
            user
        };
        let users = (0..BREAKS.len()).map(user).collect();
        catch_up(&database);
        users
    };

    for ((fault, left), user) in BREAKS.into_iter().zip(&users) {
        let mut dying = doomed(&database, fault);
        send_and_die(&mut dying, "DELETE", &format!("/users/{user}"), "", "");
        if let Some((is_closing, is_answered)) = left {
            let answers = format!("SELECT 1 FROM orders.closings WHERE customer_id = '{user}'");
            let found = (
                account(&database, user).starts_with("closing"),
                sql(&database, "orders", &answers) == ["1"],
            );
            assert_eq!(found, (is_closing, is_answered), "{fault}");
            // An effect is there with the answer, or neither is.
            let is_decided = is_answered || !is_closing;
            let orders = outcome.orders[usize::from(is_decided)];
            assert_eq!(orders_of(&database, user), orders, "{fault}");
        }

        let next = Server::start_with(database.clone(), |_| {});
        come_to_rest(&database);
        drop(next);
        assert_eq!(account(&database, user), outcome.account, "{fault}");
        assert_eq!(history(&database, user), outcome.history, "{fault}");
        assert_eq!(orders_of(&database, user), outcome.orders[1], "{fault}");
    }
}

#[test]
fn an_account_is_closed_and_its_orders_cancelled_once_wherever_the_process_dies() {
    assert_closing_survives(
        |server, user| {
            place(server, user);
            place(server, user);
        },
        &Outcome {
            account: "closed null 3",
            history: ["1 active", "2 closing", "3 closed"],
            orders: [&["placed 1", "placed 1"], &["cancelled 2", "cancelled 2"]],
        },
    );
}

#[test]
fn an_account_with_an_order_under_way_stays_with_all_its_orders_wherever_the_process_dies() {
    let orders: &[&str] = &["shipped 2", "placed 1"];
    assert_closing_survives(
        |server, user| {
            assert_eq!(ship(server, &place(server, user)), 200);
            place(server, user);
        },
        &Outcome {
            account: "active order-under-way 3",
            history: ["1 active", "2 closing", "3 active"],
            orders: [orders, orders],
        },
    );
}

#[test]
fn an_order_that_was_committed_and_not_answered_is_the_one_that_the_same_key_gets_afterwards() {
    let database = Database::new();
    let mut dying = doomed(&database, "orders-committed@1");
    let user = register(&dying.client, "ada@example.com");
    catch_up(&database);
    let headers = "Content-Type: application/json\r\nIdempotency-Key: once\r\n";
    send_and_die(
        &mut dying,
        "POST",
        "/orders",
        headers,
        &an_order(&user).to_string(),
    );
    let committed = all_orders(&database);
    assert_eq!(committed.len(), 1);

    let next = Server::start_with(database.clone(), |_| {});
    let again = [(); 2].map(|()| place_as(&next, &user, "once"));

    for answer in &again {
        assert_eq!((answer.status, is_replayed(answer)), (201, true));
        assert!(committed[0].starts_with(&answer.text("/id")));
    }
    assert_eq!(again[0].body, again[1].body);
    assert_eq!(again[0].body["items"], an_order(&user)["items"]);
    assert_eq!(all_orders(&database), committed);
}

#[test]
fn an_order_whose_process_dies_before_the_commit_was_never_placed_and_its_key_is_free() {
    let database = Database::new();
    let mut dying = process(&database, &[]);
    let user = register(&dying.client, "ada@example.com");
    catch_up(&database);
    let mut admin = database.of("orders").admin();
    admin
        .batch_execute("BEGIN; LOCK TABLE orders.items")
        .unwrap();
    let order = an_order(&user).to_string();
    let request = format!(
        "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nIdempotency-Key: once\r\nContent-Length: {}\r\n\r\n{order}",
        order.len()
    );
    let waiting = dying.client.begin(request.as_bytes());
    let items_wanted =
        "SELECT 1 FROM pg_locks WHERE relation = 'orders.items'::regclass AND NOT granted";
    eventually("the order waits for its items", || {
        !sql(&database, "orders", items_wanted).is_empty()
    });

    dying.signal("KILL");
    dying.ended();
    drop(waiting);
    admin.batch_execute("ROLLBACK").unwrap();

    let next = Server::start_with(database.clone(), |_| {});
    let answer = place_as(&next, &user, "once");
    assert_eq!((answer.status, is_replayed(&answer)), (201, false));
    assert_eq!(orders_of(&database, &user), ["placed 1"]);
}

#[test]
fn a_registration_that_was_committed_and_not_answered_is_there_once_and_its_user_can_order() {
    let database = Database::new();
    let mut dying = doomed(&database, "users-committed@1");
    let ada = json!({ "email": "ada@example.com", "name": "Ada Lovelace" });
    let headers = "Content-Type: application/json\r\n";
    send_and_die(&mut dying, "POST", "/users", headers, &ada.to_string());

    let next = Server::start_with(database.clone(), |_| {});
    let again = next.post("/users", &ada);

    assert_eq!(
        (again.status, again.problem().as_str()),
        (409, "email-taken")
    );
    let found = next.get("/users?email=ada@example.com");
    let user = found.text("/items/0/id");
    assert_eq!(history(&database, &user), ["1 active"]);
    come_to_rest(&database);
    place(&next, &user);
}
