use std::thread;

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Server, register};

#[test]
fn change_keeps_what_is_not_named_and_raises_the_version() {
    let server = Server::start();
    let path = format!("/users/{}", register(&server, "ada@example.com"));

    let changed = server.patch(&path, &[], &json!({ "name": "Ada King" }));

    assert_eq!(
        (changed.status, changed.headers["etag"].as_str()),
        (200, "\"2\"")
    );
    assert_eq!(changed.body["name"], "Ada King");
    assert_eq!(changed.body["email"], "ada@example.com");
    assert_eq!(server.get(&path).body, changed.body);
}

#[test]
fn a_change_that_changes_nothing_leaves_the_version_alone() {
    let server = Server::start();
    let path = format!("/users/{}", register(&server, "ada@example.com"));

    for nothing in [json!({}), json!({ "email": "ADA@example.com" })] {
        let answer = server.patch(&path, &[], &nothing);
        assert_eq!(
            (answer.status, answer.headers["etag"].as_str()),
            (200, "\"1\""),
            "{nothing}"
        );
    }
}

#[test]
fn change_goes_through_only_from_a_version_that_if_match_names() {
    let server = Server::start();
    let path = format!("/users/{}", register(&server, "ada@example.com"));
    let change =
        |tag: &str, name: &str| server.patch(&path, &[("If-Match", tag)], &json!({ "name": name }));

    assert_eq!(change("\"1\"", "Second").status, 200);
    for stale in ["\"1\"", "W/\"2\"", "\"other\"", "\"02\"", "\"+2\"", "2", ""] {
        let answer = change(stale, "Lost update");
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (412, "precondition-failed"),
            "{stale}"
        );
    }
    assert_eq!(change("\"9\", \"2\"", "Third").status, 200);
    assert_eq!(change("*", "Fourth").status, 200);
    assert_eq!(server.get(&path).body["name"], "Fourth");
}

#[test]
fn of_two_who_change_the_same_version_one_wins() {
    let server = Server::start();
    let path = format!("/users/{}", register(&server, "ada@example.com"));

    let mut statuses = thread::scope(|scope| {
        let change = |name: &'static str| {
            server
                .patch(&path, &[("If-Match", "\"1\"")], &json!({ "name": name }))
                .status
        };
        let (one, two) = (
            scope.spawn(move || change("One")),
            scope.spawn(move || change("Two")),
        );
        [one.join().unwrap(), two.join().unwrap()]
    });

    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[test]
fn change_answers_409_when_the_new_address_is_taken() {
    let server = Server::start();
    register(&server, "ada@example.com");
    let bob = format!("/users/{}", register(&server, "bob@example.com"));

    let answer = server.patch(&bob, &[], &json!({ "email": "ada@example.com" }));

    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (409, "email-taken")
    );
    assert_eq!(server.get(&bob).body["email"], "bob@example.com");
}

#[test]
fn change_refuses_to_remove_a_field_and_to_add_an_unknown_one() {
    let server = Server::start();
    let path = format!("/users/{}", register(&server, "ada@example.com"));

    let answer = server.patch(&path, &[], &json!({ "email": null, "name": "", "id": "1" }));

    assert_eq!(
        (answer.status, answer.blames()),
        (422, vec!["/email", "/name", "/id"])
    );
}

#[test]
fn change_answers_404_when_nobody_has_the_id() {
    let server = Server::start();

    let answer = server.patch(
        &format!("/users/{}", Uuid::now_v7()),
        &[],
        &json!({ "name": "Nobody" }),
    );

    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (404, "user-not-found")
    );
}
