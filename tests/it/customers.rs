//! `GET /customers/{id}`: one answer out of both services.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Database, Layout, Server, eventually, place, register};

#[test]
fn a_customer_is_the_user_and_the_newest_orders_as_each_service_shows_them() {
    let server = Server::start();
    let user = register(&server, "ada@example.com");
    let orders: Vec<String> = (0..3).map(|_| place(&server, &user)).collect();
    place(&server, &register(&server, "grace@example.com"));

    let customer = server.get(&format!("/customers/{user}?limit=2"));

    assert_eq!(customer.status, 200);
    let show = |path: String| server.get(&path).body;
    assert_eq!(
        customer.body,
        json!({
            "user": show(format!("/users/{user}")),
            "orders": [show(format!("/orders/{}", orders[2])), show(format!("/orders/{}", orders[1]))],
            "missing": [],
        })
    );
}

#[test]
fn a_customer_whom_nobody_knows_is_a_404_and_a_limit_has_its_bounds() {
    let server = Server::start();
    let user = register(&server, "ada@example.com");

    let nobody = server.get(&format!("/customers/{}", Uuid::now_v7()));
    assert_eq!(
        (nobody.status, nobody.problem().as_str()),
        (404, "user-not-found")
    );
    assert_eq!(
        server.get(&format!("/customers/{user}")).body["orders"],
        json!([])
    );
    for (query, blamed) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("sort=1", "sort"),
    ] {
        let answer = server.get(&format!("/customers/{user}?{query}"));
        assert_eq!((answer.status, answer.blames()), (400, vec![blamed]));
    }
    assert_eq!(server.get("/customers/me").status, 400);
}

#[test]
fn when_one_service_cannot_answer_the_others_part_still_comes_and_the_missing_one_is_named() {
    let database = Database::alone(Layout::TwoServers);
    let server = Server::start_with(database, |_| {});
    let user = register(&server, "ada@example.com");
    let order = place(&server, &user);
    let path = format!("/customers/{user}");
    let whole = server.get(&path).body;
    assert_eq!(whole["orders"][0]["id"], order.as_str());

    let away = server.database.of("users").unplug();
    let without_user = server.get(&path);
    assert_eq!(
        (without_user.status, &without_user.body),
        (
            200,
            &json!({ "user": null, "orders": whole["orders"], "missing": ["users"] })
        )
    );
    let both_away = server.database.of("orders").unplug();
    let nothing = server.get(&path);
    assert_eq!(
        (nothing.status, nothing.problem().as_str()),
        (503, "unavailable")
    );
    drop(away);
    let mut without_orders = Value::Null;
    eventually("users is back", || {
        without_orders = server.get(&path).body;
        without_orders["user"].is_object()
    });
    assert_eq!(
        without_orders,
        json!({ "user": whole["user"], "orders": null, "missing": ["orders"] })
    );
    drop(both_away);
}

#[test]
fn a_page_of_many_orders_costs_as_few_statements_as_one_of_a_single_order() {
    const ASKED: i64 = 20;
    const ORDERS: usize = 30;
    let database = Database::new();
    let server = Server::start_with(database.clone(), |_| {});
    let user = register(&server, "ada@example.com");
    for _ in 0..ORDERS {
        place(&server, &user);
    }
    drop(server);
    let part = database.of("orders");
    // Each statement of a read is a transaction. A session adds its own to the sum when it ends, as with its server.
    let statements = |limit: usize| -> i64 {
        let count = || -> i64 {
            let sum = "SELECT xact_commit FROM pg_stat_database WHERE datname = $1";
            let row = part.elsewhere().query_one(sum, &[&part.name()]);
            row.unwrap().get(0)
        };
        let mut sessions = part.elsewhere();
        let mut ended = || {
            eventually("its sessions have ended", || {
                let of = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
                let row = sessions.query_one(of, &[&part.name()]).unwrap();
                row.get::<_, i64>(0) == 0
            });
        };
        ended();
        let before = count();
        let server = Server::start_with(database.clone(), |_| {});
        for _ in 0..ASKED {
            let customer = server.get(&format!("/customers/{user}?limit={limit}"));
            assert_eq!(customer.body["orders"].as_array().unwrap().len(), limit);
        }
        drop(server);
        ended();
        count() - before
    };

    let (one, many) = (statements(1), statements(ORDERS));

    // The rest of a server's life costs some as well, and not always as many.
    assert!(
        (one - many).abs() < 5 * ASKED,
        "{one} for one order, {many} for {ORDERS}"
    );
    assert!(one > 2 * ASKED, "only {one} statements were seen");
}
