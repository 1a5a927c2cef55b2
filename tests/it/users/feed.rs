use serde_json::{Value, json};

use crate::harness::{Server, eventually, register};

fn facts(server: &Server, query: &str) -> Vec<Value> {
    let page = server.get(&format!("/users/feed{query}"));
    assert_eq!(page.status, 200, "{page:?}");
    page.body["items"].as_array().unwrap().clone()
}

#[test]
fn the_feed_tells_every_change_in_its_order_and_nothing_personal() {
    let server = Server::start();
    let ada = register(&server, "ada@example.com");
    let grace = register(&server, "grace@example.com");
    let path = format!("/users/{ada}");
    server.patch(&path, &[], &json!({ "name": "Ada King" }));
    server.patch(&path, &[], &json!({ "name": "Ada King" }));
    server.post(
        "/users",
        &json!({ "email": "ada@example.com", "name": "Another Ada" }),
    );
    server.send("DELETE", &path, &[], "");
    eventually("the account is closed", || facts(&server, "").len() == 5);

    let told = facts(&server, "");

    let expected = [
        (1, &ada, 1, "active", true),
        (2, &grace, 1, "active", false),
        (3, &ada, 2, "active", true),
        (4, &ada, 3, "closing", true),
        (5, &ada, 4, "closed", false),
    ];
    for (fact, (position, user, version, standing, superseded)) in told.iter().zip(expected) {
        let mut fact = fact.clone();
        assert!(
            fact.as_object_mut()
                .unwrap()
                .remove("at")
                .unwrap()
                .is_string()
        );
        assert_eq!(
            fact,
            json!({ "position": position, "user_id": user, "version": version, "standing": standing, "superseded": superseded })
        );
    }
}

#[test]
fn the_feed_is_read_page_by_page_and_on_from_any_place() {
    let server = Server::start();
    for number in 0..5 {
        register(&server, &format!("user{number}@example.com"));
    }

    let first = server.get("/users/feed?limit=2");
    assert_eq!(first.text("/next"), "2");
    assert_eq!(
        first.headers["link"],
        "</users/feed?limit=2&after=2>; rel=\"next\""
    );
    let positions = |query: &str| -> Vec<i64> {
        let facts = facts(&server, query);
        facts
            .iter()
            .map(|fact| fact["position"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(positions("?limit=2&after=2"), [3, 4]);
    assert_eq!(positions("?after=4"), [5]);
    assert_eq!(positions("?after=5"), [0; 0]);
    for after in ["-1", "x", "1.5", ""] {
        let answer = server.get(&format!("/users/feed?after={after}"));
        assert_eq!(
            (answer.status, answer.blames()),
            (400, vec!["after"]),
            "{after}"
        );
    }
}
