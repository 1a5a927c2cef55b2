use serde_json::Value;

use crate::harness::{Database, Server, eventually, place, register};

fn ids(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["id"].as_str().unwrap())
        .collect()
}

#[test]
fn list_filters_by_customer_and_by_status_and_keeps_each_orders_items() {
    let server = Server::start();
    let (ada, bob) = (
        register(&server, "ada@example.com"),
        register(&server, "bob@example.com"),
    );
    let (first, second, bobs) = (
        place(&server, &ada),
        place(&server, &ada),
        place(&server, &bob),
    );
    server.post(&format!("/orders/{second}/ship"), &Value::Null);

    assert_eq!(
        ids(&server.get("/orders").body),
        [&*first, &*second, &*bobs]
    );
    assert_eq!(
        ids(&server.get(&format!("/orders?customer_id={ada}")).body),
        [&*first, &*second]
    );
    assert_eq!(
        ids(&server
            .get(&format!("/orders?customer_id={ada}&status=shipped"))
            .body),
        [&*second]
    );
    assert_eq!(
        ids(&server
            .get(&format!("/orders?status=placed&after={first}"))
            .body),
        [&*bobs]
    );
    for order in server.get("/orders").body["items"].as_array().unwrap() {
        assert_eq!(order["items"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn list_pages_keep_their_filters() {
    let server = Server::start();
    let ada = register(&server, "ada@example.com");
    let (first, second) = (place(&server, &ada), place(&server, &ada));

    let page = server.get(&format!("/orders?limit=1&customer_id={ada}"));

    assert_eq!(
        page.headers["link"],
        format!("</orders?limit=1&customer_id={ada}&after={first}>; rel=\"next\"")
    );
    let next = server.get(&format!(
        "/orders?limit=1&customer_id={ada}&after={}",
        page.text("/next")
    ));
    assert_eq!(ids(&next.body), [&*second]);
    assert_eq!(next.body["next"], Value::Null);
}

#[test]
fn list_refuses_parameters_that_make_no_sense() {
    let server = Server::start();

    for (query, parameter) in [
        ("status=lost", "status"),
        ("customer_id=me", "customer_id"),
        ("limit=201", "limit"),
    ] {
        let answer = server.get(&format!("/orders?{query}"));
        assert_eq!(
            (answer.status, answer.blames()),
            (400, vec![parameter]),
            "{query}"
        );
    }
}

#[test]
fn each_of_many_who_ask_at_once_gets_the_page_that_was_asked_for() {
    let server = Server::start();
    let mut paths = Vec::new();
    for orders in 0..6 {
        let user = register(&server, &format!("user{orders}@example.com"));
        let placed: Vec<String> = (0..orders).map(|_| place(&server, &user)).collect();
        for limit in [1, 3, 200] {
            paths.push(format!("/customers/{user}?limit={limit}"));
            paths.push(format!("/orders?customer_id={user}&limit={limit}"));
            let after = placed
                .iter()
                .map(|id| format!("/orders?customer_id={user}&limit={limit}&after={id}"));
            paths.extend(after);
        }
    }
    let alone: Vec<Value> = paths.iter().map(|path| server.get(path).body).collect();

    for _ in 0..5 {
        let ask = |path: &String| {
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            server.begin(request.as_bytes())
        };
        let waiting: Vec<_> = paths.iter().map(ask).collect();

        for ((waiting, alone), path) in waiting.into_iter().zip(&alone).zip(&paths) {
            let answer = waiting.end();
            let body: Value =
                serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
            assert_eq!(&body, alone, "{path}");
        }
    }
}

#[test]
fn what_is_read_of_many_orders_is_what_is_shown_even_before_there_are_statistics() {
    let database = Database::new();
    let user = {
        let server = Server::start_with(database.clone(), |_| {});
        register(&server, "ada@example.com")
    };
    let part = database.of("orders");
    let of_another = "01980000-0001-7000-8000-000000000001";
    part.sql(&format!(
        "ALTER TABLE orders.orders SET (autovacuum_enabled = off);
         ALTER TABLE orders.items SET (autovacuum_enabled = off);
         INSERT INTO orders.orders (id, customer_id, currency, total)
         SELECT ('01980000-0001-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
                CASE WHEN n % 4 = 0 THEN '{user}'::uuid ELSE gen_random_uuid() END, 'EUR', 2
         FROM generate_series(1, 40000) n;
         INSERT INTO orders.items (order_id, position, sku, quantity, unit_price)
         SELECT id, position, 'CUP-1', 1, 1 FROM orders.orders, generate_series(1, 2) position"
    ));
    let rows_read = || -> i64 {
        eventually("the sessions that read have ended", || {
            let sessions = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND usename LIKE '%service'";
            part.sql(sessions).is_empty()
        });
        let read = "SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_user_tables
                    WHERE schemaname = 'orders' AND relname IN ('orders', 'items')";
        part.sql(read).concat().parse().unwrap()
    };
    // What the server does of its own accord, and PostgreSQL, may read the tables once meanwhile.
    let read = (0..3).map(|_| {
        let before = rows_read();
        let server = Server::start_with(database.clone(), |_| {});
        for path in [
            format!("/orders?customer_id={user}&limit=10"),
            format!("/orders?customer_id={user}&limit=10&after={of_another}"),
            format!("/customers/{user}?limit=10"),
            format!("/orders/{of_another}"),
        ] {
            assert_eq!(server.get(&path).status, 200, "{path}");
        }
        drop(server);
        rows_read() - before
    });
    let read = read.min().unwrap();

    // 32 orders and two items of each, and one order more of each page to see whether there is another.
    assert!((90..110).contains(&read), "{read} rows were read");
}
