use serde_json::{Value, json};

use crate::harness::{Server, register};

#[test]
fn list_walks_all_users_page_by_page_the_newest_last() {
    let server = Server::start();
    let ids: Vec<String> = (0..7)
        .map(|n| register(&server, &format!("user{n}@example.com")))
        .collect();

    let mut seen = Vec::new();
    let mut path = "/users?limit=3".to_owned();
    loop {
        let page = server.get(&path);
        assert_eq!(page.status, 200, "{page:?}");
        seen.extend(
            page.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|user| user["id"].as_str().unwrap().to_owned()),
        );
        let Some(link) = page.headers.get("link") else {
            assert_eq!(page.body["next"], Value::Null);
            break;
        };
        assert_eq!(
            *link,
            format!(
                "</users?limit=3&after={}>; rel=\"next\"",
                page.text("/next")
            )
        );
        path = link
            .trim_start_matches('<')
            .split('>')
            .next()
            .unwrap()
            .to_owned();
    }

    assert_eq!(seen, ids);
}

#[test]
fn list_finds_a_user_by_address() {
    let server = Server::start();
    let ada = register(&server, "ada@example.com");
    register(&server, "bob@example.com");

    let found = server.get("/users?email=ADA%40example.com");

    assert_eq!(found.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(found.text("/items/0/id"), ada);
    assert_eq!(
        server.get("/users?email=carol%40example.com").body,
        json!({ "items": [], "next": null })
    );
}

#[test]
fn list_refuses_parameters_that_make_no_sense() {
    let server = Server::start();
    let bad = [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("after=1", "after"),
        ("email=nobody", "email"),
        ("email=%00", "email"),
        ("page=2", "page"),
        ("limit=1&limit=2", ""),
    ];

    for (query, parameter) in bad {
        let answer = server.get(&format!("/users?{query}"));
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "invalid-parameter"),
            "{query}"
        );
        assert_eq!(answer.blames(), [parameter], "{query}");
    }
    assert_eq!(server.get("/users?limit=200").status, 200);
}
