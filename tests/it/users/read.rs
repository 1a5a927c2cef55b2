use uuid::Uuid;

use crate::harness::{Server, register};

#[test]
fn read_answers_304_to_a_client_that_has_the_version() {
    let server = Server::start();
    let path = format!("/users/{}", register(&server, "ada@example.com"));
    let read_with = |tag: &str| server.send("GET", &path, &[("If-None-Match", tag)], "");

    for known in ["\"1\"", "\"7\", \"1\"", "W/\"1\"", "*"] {
        let answer = read_with(known);
        assert_eq!(
            (answer.status, answer.headers["etag"].as_str()),
            (304, "\"1\""),
            "{known}"
        );
    }
    assert_eq!(read_with("\"2\"").status, 200);
}

#[test]
fn read_answers_404_when_nobody_has_the_id() {
    let server = Server::start();

    let answer = server.get(&format!("/users/{}", Uuid::now_v7()));

    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (404, "user-not-found")
    );
}

#[test]
fn read_answers_400_when_the_id_is_no_uuid() {
    let server = Server::start();
    let id = Uuid::now_v7();

    for bad in [
        "1",
        "ada",
        "%00",
        &id.simple().to_string(),
        &id.urn().to_string(),
        "..%2f..",
        &"9".repeat(3000),
    ] {
        let answer = server.get(&format!("/users/{bad}"));
        assert_eq!((answer.status, answer.blames()), (400, vec!["id"]), "{bad}");
    }
}

#[test]
fn head_answers_as_get_does_without_the_body() {
    let server = Server::start();
    let path = format!("/users/{}", register(&server, "ada@example.com"));

    let head = server.send("HEAD", &path, &[], "");

    assert_eq!((head.status, head.headers["etag"].as_str()), (200, "\"1\""));
    assert!(head.body.is_null());
}
