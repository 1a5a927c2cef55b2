use std::thread;

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Server, an_order, register};

#[test]
fn place_answers_201_with_the_order_its_total_its_place_and_its_version() {
    let server = Server::start();
    let customer = register(&server, "ada@example.com");

    let order = server.post("/orders", &an_order(&customer));

    assert_eq!(order.status, 201);
    assert_eq!(order.body["customer_id"], customer.as_str());
    assert_eq!(order.body["status"], "placed");
    assert_eq!(order.body["currency"], "EUR");
    assert_eq!(order.body["total"], 1_098);
    assert_eq!(order.body["items"], an_order(&customer)["items"]);
    assert_eq!(
        order.headers["location"],
        format!("/orders/{}", order.text("/id"))
    );
    assert_eq!(order.headers["etag"], "\"1\"");
    assert_eq!(server.get(&order.headers["location"]).body, order.body);
}

#[test]
fn place_answers_422_when_nobody_has_the_customers_id() {
    let server = Server::start();

    let answer = server.post("/orders", &an_order(&Uuid::now_v7().to_string()));

    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (422, "unknown-customer")
    );
    assert_eq!(answer.blames(), ["/customer_id"]);
}

#[test]
fn many_who_order_at_once_each_get_their_own_order_and_the_stranger_gets_none() {
    let server = Server::start();
    let customers: Vec<String> = (0..12)
        .map(|n| register(&server, &format!("user{n}@example.com")))
        .collect();
    let stranger = Uuid::now_v7().to_string();

    thread::scope(|scope| {
        for (n, customer) in customers.iter().enumerate() {
            let server = &server;
            scope.spawn(move || {
                let mut order = an_order(customer);
                order["items"][0]["quantity"] = json!(n + 1);
                let placed = server.post("/orders", &order);
                assert_eq!(placed.status, 201, "{placed:?}");
                assert_eq!(placed.body["customer_id"], customer.as_str());
                assert_eq!(placed.body["total"], 499 * (n + 1) + 100);
            });
        }
        scope.spawn(|| assert_eq!(server.post("/orders", &an_order(&stranger)).status, 422));
    });

    let all = server.get("/orders?limit=200").body;
    assert_eq!(all["items"].as_array().unwrap().len(), customers.len());
}

#[test]
fn place_names_every_fault_of_every_item_at_once() {
    let server = Server::start();
    let order = json!({
        "customer_id": "me",
        "currency": "Euro",
        "items": [
            { "sku": "TEA", "quantity": 1, "unit_price": 1 },
            { "sku": "no spaces", "quantity": 0, "unit_price": -1, "note": "x" },
            { "quantity": 1.5, "unit_price": "1" },
            null,
            7,
        ],
        "total": 3,
    });

    let answer = server.post("/orders", &order);

    assert_eq!((answer.status, answer.problem().as_str()), (422, "invalid"));
    assert_eq!(
        answer.blames(),
        [
            "/customer_id",
            "/currency",
            "/items/1/sku",
            "/items/1/quantity",
            "/items/1/unit_price",
            "/items/1/note",
            "/items/2/sku",
            "/items/2/quantity",
            "/items/2/unit_price",
            "/items/3",
            "/items/4",
            "/total",
        ]
    );
}

#[test]
fn an_order_has_1_to_100_items_and_a_total_that_every_reader_can_hold() {
    let server = Server::start();
    let customer = register(&server, "ada@example.com");
    let of = |count: usize, unit_price: u64| {
        let item = json!({ "sku": "TEA", "quantity": 1, "unit_price": unit_price });
        server.post(
            "/orders",
            &json!({ "customer_id": customer, "currency": "JPY", "items": vec![item; count] }),
        )
    };
    let most: u64 = (1 << 53) - 1;

    assert_eq!(of(100, 1).body["total"], 100);
    assert_eq!(of(1, most).body["total"], most);
    for (answer, pointer) in [
        (of(0, 1), "/items"),
        (of(101, 1), "/items"),
        (of(2, most), "/items"),
        (of(1, most + 1), "/items/0/unit_price"),
        (of(1, u64::MAX), "/items/0/unit_price"),
    ] {
        assert_eq!(
            (answer.status, answer.blames()),
            (422, vec![pointer]),
            "{answer:?}"
        );
    }
}

#[test]
fn a_small_body_of_faults_makes_no_large_answer() {
    let server = Server::start();

    let answer = server.post("/orders", &json!({ "items": vec![json!({}); 5_000] }));

    assert_eq!(answer.status, 422);
    assert!(answer.blames().contains(&"/items"));
    assert_eq!(answer.blames().len(), 100);
}
