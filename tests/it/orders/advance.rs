use std::thread;

use serde_json::Value;
use uuid::Uuid;

use crate::harness::{Answer, Server, place, register};

fn advance(server: &Server, order: &str, step: &str) -> Answer {
    server.post(&format!("/orders/{order}/{step}"), &Value::Null)
}

#[test]
fn an_order_is_placed_then_shipped_then_delivered_and_each_step_may_be_repeated() {
    let server = Server::start();
    let order = place(&server, &register(&server, "ada@example.com"));

    for (step, status, etag) in [
        ("ship", "shipped", "\"2\""),
        ("deliver", "delivered", "\"3\""),
    ] {
        for _ in 0..2 {
            let answer = advance(&server, &order, step);
            assert_eq!(
                (answer.status, answer.text("/status").as_str()),
                (200, status)
            );
            assert_eq!(answer.headers["etag"], etag);
        }
    }
}

#[test]
fn an_order_takes_no_step_that_its_status_does_not_allow() {
    let server = Server::start();
    let customer = register(&server, "ada@example.com");
    let after = |steps: &[&str]| {
        let order = place(&server, &customer);
        for step in steps {
            assert_eq!(advance(&server, &order, step).status, 200);
        }
        order
    };

    for (steps, refused) in [
        (&[][..], "deliver"),
        (&["cancel"], "ship"),
        (&["cancel"], "deliver"),
        (&["ship"], "cancel"),
        (&["ship", "deliver"], "cancel"),
        (&["ship", "deliver"], "ship"),
    ] {
        let order = after(steps);
        let before = server.get(&format!("/orders/{order}")).body;
        let answer = advance(&server, &order, refused);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (409, "wrong-status"),
            "{steps:?} {refused}"
        );
        assert_eq!(server.get(&format!("/orders/{order}")).body, before);
    }
}

#[test]
fn an_order_that_is_shipped_and_cancelled_at_once_ends_as_one_of_them() {
    let server = Server::start();
    let customer = register(&server, "ada@example.com");

    for _ in 0..8 {
        let order = place(&server, &customer);
        let mut statuses = thread::scope(|scope| {
            let steps = ["ship", "cancel"].map(|step| {
                let (server, order) = (&server, &order);
                scope.spawn(move || advance(server, order, step).status)
            });
            steps.map(|step| step.join().unwrap())
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(
            server.get(&format!("/orders/{order}")).headers["etag"],
            "\"2\""
        );
    }
}

#[test]
fn a_step_of_an_order_that_is_not_there_answers_404() {
    let server = Server::start();

    for step in ["cancel", "ship", "deliver"] {
        let answer = advance(&server, &Uuid::now_v7().to_string(), step);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (404, "order-not-found")
        );
    }
}

#[test]
fn a_step_goes_through_only_from_a_version_that_if_match_names() {
    let server = Server::start();
    let order = place(&server, &register(&server, "ada@example.com"));
    let ship = |tag: &str| {
        let path = format!("/orders/{order}/ship");
        server.send("POST", &path, &[("If-Match", tag)], "").status
    };

    assert_eq!([ship("\"2\""), ship("\"01\"")], [412, 412]);
    assert_eq!(ship("\"1\""), 200);
    assert_eq!(
        ship("\"1\""),
        200,
        "it is shipped already, so repeating is fine"
    );
}
