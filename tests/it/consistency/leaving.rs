//! A user leaves while their orders are placed and shipped. In the end the account is closed and nothing is open, or it stays,
//! and the reason is an order under way.

use std::thread;

use super::{account, catch_up, close, come_to_rest, cursor, head, history, orders_of, ship, sql};
use crate::harness::{Client, Database, Server, an_order, eventually, place, register};

/// All at once; each answer is one that makes sense.
fn leave_order_and_ship(servers: &[Server; 2], user: &str, order: &str) {
    let [one, other]: [&Client; 2] = [&servers[0], &servers[1]];
    thread::scope(|scope| {
        for server in [one, other] {
            scope.spawn(move || {
                for _ in 0..3 {
                    let answer = server.post("/orders", &an_order(user));
                    assert!([201, 409].contains(&answer.status), "{answer:?}");
                }
            });
        }
        scope.spawn(move || assert!([200, 409].contains(&ship(other, order))));
        scope.spawn(move || close(one, user));
    });
}

#[test]
fn whoever_leaves_while_ordering_is_gone_with_nothing_open_or_stays_with_an_order_under_way() {
    const ROUNDS: usize = 24;
    let database = Database::new();
    let servers = [(); 2].map(|()| Server::start_with(database.clone(), |_| {}));
    let users: Vec<(String, String)> = (0..ROUNDS)
        .map(|round| {
            let user = register(&servers[0], &format!("user{round}@example.com"));
            let order = place(&servers[0], &user);
            (user, order)
        })
        .collect();
    catch_up(&database);

    thread::scope(|scope| {
        for some in users.chunks(ROUNDS / 3) {
            let servers = &servers;
            scope.spawn(move || {
                for (user, order) in some {
                    leave_order_and_ship(servers, user, order);
                }
            });
        }
    });

    come_to_rest(&database);
    for (user, _) in &users {
        let orders = orders_of(&database, user);
        let is_under_way = orders.iter().any(|order| order == "shipped 2");
        if is_under_way {
            assert_eq!(
                account(&database, user),
                "active order-under-way 3",
                "{orders:?}"
            );
        } else {
            assert_eq!(account(&database, user), "closed null 3", "{orders:?}");
            assert!(
                orders.iter().all(|order| order == "cancelled 2"),
                "{orders:?}"
            );
        }
        assert_eq!(history(&database, user).len(), 3);
    }
    assert_eq!(head(&database), [(ROUNDS * 3).to_string()]);
}

/// The order is under way in a transaction when the wish to leave comes.
#[test]
fn an_order_that_is_being_placed_when_its_user_leaves_is_not_left_open() {
    let server = Server::start();
    let database = &server.database;
    let user = register(&server, "ada@example.com");
    catch_up(database);
    let mut admin = database.of("orders").admin();
    admin
        .batch_execute("BEGIN; LOCK TABLE orders.items IN EXCLUSIVE MODE")
        .unwrap();
    let waiting = || {
        let query = "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event_type = 'Lock'";
        sql(database, "orders", query).concat()
    };
    let order = an_order(&user).to_string();
    let request = format!(
        "POST /orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{order}",
        order.len()
    );
    let placing = server.begin(request.as_bytes());
    eventually("the order has its row and waits for its items", || {
        waiting() == "1"
    });

    close(&server, &user);
    let is_closed =
        || account(database, &user).starts_with("closed") && cursor(database) == head(database);
    eventually(
        "who decides waits too, or has decided without the order",
        || waiting() == "2" || is_closed(),
    );
    admin.batch_execute("ROLLBACK").unwrap();

    let answer = placing.end();
    come_to_rest(database);
    assert_eq!(account(database, &user), "closed null 3");
    let orders = orders_of(database, &user);
    if answer.starts_with("HTTP/1.1 201 ") {
        assert_eq!(orders, ["cancelled 2"]);
    } else {
        assert_eq!(orders, [""; 0], "{answer}");
    }
}

#[test]
fn a_customer_with_thousands_of_open_orders_leaves_like_any_other() {
    let database = Database::new();
    let server = Server::start_with(database.clone(), |_| {});
    let user = register(&server, "ada@example.com");
    let many = format!(
        "INSERT INTO orders.orders (id, customer_id, currency, total, idempotency_key)
         SELECT gen_random_uuid(), '{user}', 'EUR', 1, gen_random_uuid() FROM generate_series(1, 5000)"
    );
    sql(&database, "orders", &many);

    close(&server, &user);
    come_to_rest(&database);

    assert_eq!(account(&database, &user), "closed null 3");
    let left = "SELECT count(*) FROM orders.orders WHERE status <> 'cancelled' OR idempotency_key IS NOT NULL";
    assert_eq!(sql(&database, "orders", left), ["0"]);
}
