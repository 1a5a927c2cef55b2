use std::thread;

use serde_json::json;

use crate::harness::Server;

#[test]
fn register_answers_201_with_the_user_its_place_and_its_version() {
    let server = Server::start();

    let user = server.post(
        "/users",
        &json!({ "email": " Zoë@Example.com ", "name": "Zoë O’Brien-李" }),
    );

    assert_eq!(user.status, 201);
    assert_eq!(user.body["email"], "zoë@example.com");
    assert_eq!(user.body["name"], "Zoë O’Brien-李");
    assert_eq!(
        user.headers["location"],
        format!("/users/{}", user.text("/id"))
    );
    assert_eq!(user.headers["etag"], "\"1\"");
    assert_eq!(server.get(&user.headers["location"]).body, user.body);
}

#[test]
fn register_answers_409_when_the_email_is_taken_in_whatever_case() {
    let server = Server::start();
    server.post(
        "/users",
        &json!({ "email": "ada@example.com", "name": "Ada" }),
    );

    let second = server.post(
        "/users",
        &json!({ "email": "ADA@example.com", "name": "Another Ada" }),
    );

    assert_eq!(
        (second.status, second.problem().as_str()),
        (409, "email-taken")
    );
}

#[test]
fn of_many_who_register_one_address_at_once_one_gets_it() {
    let server = Server::start();
    let body = json!({ "email": "ada@example.com", "name": "Ada" });

    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let callers: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| server.post("/users", &body).status))
            .collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    });

    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert_eq!(statuses[1..], [409; 15]);
    assert_eq!(
        server.get("/users").body["items"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn register_names_every_fault_at_once() {
    let server = Server::start();

    let answer = server.post(
        "/users",
        &json!({ "email": "ada", "nickname": "A", "a/b~c": 1 }),
    );

    assert_eq!((answer.status, answer.problem().as_str()), (422, "invalid"));
    assert_eq!(
        answer.blames(),
        ["/email", "/name", "/a~1b~0c", "/nickname"]
    );
}

#[test]
fn register_refuses_what_is_no_name_and_no_address() {
    let server = Server::start();
    let long = "x".repeat(201);
    let bad = [
        (json!({ "email": null, "name": "Ada" }), "/email"),
        (json!({ "email": "", "name": "Ada" }), "/email"),
        (json!({ "email": 5, "name": "Ada" }), "/email"),
        (
            json!({ "email": ["a@example.com"], "name": "Ada" }),
            "/email",
        ),
        (
            json!({ "email": "a\u{0}b@example.com", "name": "Ada" }),
            "/email",
        ),
        (
            json!({ "email": format!("{long}@example.com"), "name": "Ada" }),
            "/email",
        ),
        (json!({ "email": "ada@example.com", "name": null }), "/name"),
        (
            json!({ "email": "ada@example.com", "name": " \t " }),
            "/name",
        ),
        (
            json!({ "email": "ada@example.com", "name": "A\u{0}da" }),
            "/name",
        ),
        (
            json!({ "email": "ada@example.com", "name": 1e300 }),
            "/name",
        ),
        (
            json!({ "email": "ada@example.com", "name": { "first": "Ada" } }),
            "/name",
        ),
        (json!({ "email": "ada@example.com", "name": long }), "/name"),
    ];

    for (body, pointer) in bad {
        let answer = server.post("/users", &body);
        assert_eq!(
            (answer.status, answer.blames()),
            (422, vec![pointer]),
            "{body}"
        );
    }
    assert_eq!(server.get("/users").body["items"], json!([]));
}
