use serde_json::Value;

use crate::harness::{Server, place, register};

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
