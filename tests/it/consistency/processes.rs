//! Two servers on one database: neither knows of the other, and everything is done once.

use std::{io::Write as _, net::TcpStream, thread};

use serde_json::json;

use super::{
    account, all_orders, assert_each_move_began_where_the_last_ended, catch_up, close,
    come_to_rest, copies, is_replayed, note_moves, orders_of, place_as, process, sql,
};
use crate::harness::{Client, Database, Server, an_order, eventually, place, register};

/// Seconds until the walls are looked at again. What these tests plant to watch the database is a breach.
const LATER: u64 = 3_600;

fn two_servers() -> (Database, [Server; 2]) {
    let database = Database::new();
    let servers = [(); 2].map(|()| {
        Server::start_with(database.clone(), |config| {
            config.audit_interval = LATER;
        })
    });
    (database, servers)
}

#[test]
fn of_two_servers_each_fact_is_applied_by_one() {
    let (database, servers) = two_servers();
    note_moves(&database);

    thread::scope(|scope| {
        for writer in 0..8 {
            let server: &Client = &servers[writer % 2];
            let other: &Client = &servers[(writer + 1) % 2];
            scope.spawn(move || {
                for number in 0..6 {
                    let user = register(server, &format!("user{writer}.{number}@example.com"));
                    place(other, &user);
                    let path = format!("/users/{user}");
                    let changed = other.patch(&path, &[], &json!({ "name": "Ada King" }));
                    assert_eq!(changed.status, 200);
                    if number % 2 == 0 {
                        close(server, &user);
                    }
                }
            });
        }
    });

    come_to_rest(&database);
    assert_eq!(copies(&database).len(), 48);
    assert_each_move_began_where_the_last_ended(&database);
    let odd = "SELECT customers.standing, status, orders.version
                 FROM orders.orders JOIN orders.customers ON customers.id = customer_id
                WHERE (customers.standing, status, orders.version)
                      NOT IN (('active', 'placed', 1), ('closed', 'cancelled', 2))";
    assert_eq!(sql(&database, "orders", odd), [""; 0]);
}

#[test]
fn a_key_that_comes_to_two_servers_at_once_places_one_order() {
    const ROUNDS: usize = 20;
    let (database, servers) = two_servers();
    let user = register(&servers[0], "ada@example.com");

    for round in 0..ROUNDS {
        let key = round.to_string();
        let answers = thread::scope(|scope| {
            let one = |server| {
                let (user, key) = (&user, &key);
                scope.spawn(move || place_as(server, user, key))
            };
            let [a, b] = &servers;
            [a, b, a, b]
                .map(|server| one(server))
                .map(|asker| asker.join().unwrap())
        });

        let firsts = answers.iter().filter(|answer| !is_replayed(answer)).count();
        assert_eq!(firsts, 1, "{answers:?}");
        for answer in &answers {
            assert_eq!(answer.status, 201);
            assert_eq!(answer.body, answers[0].body);
        }
    }
    assert_eq!(all_orders(&database).len(), ROUNDS);
}

/// A server takes many orders in one transaction. If two took the same keys each in an order of its own, one could hold what
/// the other waits for.
#[test]
fn many_keys_that_come_to_two_servers_in_different_order_do_not_lock_each_other_out() {
    const KEYS: usize = 30;
    let (database, servers) = two_servers();
    let user = register(&servers[0], "ada@example.com");
    catch_up(&database);
    let order = an_order(&user).to_string();
    let request = |key: usize| {
        format!(
            "POST /orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{order}",
            order.len()
        )
    };
    // A table so slow that the orders meet; and a sequence counts what a transaction that fails has tried, too.
    sql(
        &database,
        "orders",
        "CREATE SEQUENCE public.tries;
         CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
             'BEGIN PERFORM nextval(''public.tries''), pg_sleep(0.003); RETURN NEW; END';
         CREATE TRIGGER slow BEFORE INSERT ON orders.orders FOR EACH ROW EXECUTE FUNCTION public.slow()",
    );
    let there: Vec<_> = (0..KEYS)
        .map(|key| servers[0].begin(request(key).as_bytes()))
        .collect();
    let back: Vec<_> = (0..KEYS)
        .rev()
        .map(|key| servers[1].begin(request(key).as_bytes()))
        .collect();

    for waiting in there.into_iter().chain(back) {
        let answer = waiting.end();
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    }
    assert_eq!(all_orders(&database).len(), KEYS);
    let tries = "SELECT last_value FROM public.tries";
    let none_failed = (2 * KEYS).to_string();
    assert_eq!(sql(&database, "orders", tries), [none_failed]);
}

#[test]
fn a_user_who_registered_at_one_server_orders_at_the_other_at_once() {
    let (database, [one, other]) = two_servers();
    catch_up(&database);
    // Whoever holds the place in the feed keeps everybody from reading on.
    let mut admin = database.of("orders").admin();
    admin
        .batch_execute("BEGIN; SELECT * FROM orders.feed_cursors FOR UPDATE")
        .unwrap();

    let user = register(&one, "ada@example.com");
    place(&other, &user);

    assert_eq!(orders_of(&database, &user), ["placed 1"]);
    admin.batch_execute("ROLLBACK").unwrap();
    come_to_rest(&database);
}

#[test]
fn of_two_processes_the_one_that_lives_takes_over_from_the_one_that_was_killed() {
    let database = Database::new();
    let later = LATER.to_string();
    let [mut killed, survivor] =
        [(); 2].map(|()| process(&database, &[("AUDIT_INTERVAL", &later)]));
    note_moves(&database);
    let early = register(&killed.client, "ada@example.com");
    place(&killed.client, &early);

    // Somebody registers and leaves all the time, until nobody listens any more.
    let address = killed.client.address;
    let busy = thread::spawn(move || {
        for number in 0.. {
            let user = json!({ "email": format!("{number}@example.com"), "name": "Ada" });
            let body = user.to_string();
            let request = format!(
                "POST /users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let answered = TcpStream::connect(address).and_then(|mut stream| {
                stream.write_all(request.as_bytes())?;
                std::io::read_to_string(stream)
            });
            if answered.is_err() {
                break;
            }
        }
    });
    let moves = "SELECT count(*) >= 5 FROM public.moves";
    eventually("the feed is being read", || {
        sql(&database, "orders", moves) == ["t"]
    });
    close(&killed.client, &early);
    killed.signal("KILL");
    killed.ended();
    busy.join().unwrap();

    let late = register(&survivor.client, "bob@example.org");
    place(&survivor.client, &late);
    close(&survivor.client, &late);

    come_to_rest(&database);
    for user in [&early, &late] {
        assert_eq!(account(&database, user), "closed null 3");
        assert_eq!(orders_of(&database, user), ["cancelled 2"]);
    }
    assert_each_move_began_where_the_last_ended(&database);
}
