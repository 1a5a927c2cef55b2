//! The OpenAPI document: complete, and of the router's own operations. `harness/document.rs` holds every answer against it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{DOCUMENT, Server};

/// Every operation of the document: its method, its path, and itself.
fn operations() -> impl Iterator<Item = (String, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap();
        operations
            .iter()
            .map(|(method, operation)| (method.to_uppercase(), path.as_str(), operation))
    })
}

/// Every value of this name, wherever it stands.
fn each<'v>(name: &str, value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each(name, item, found)),
        Value::Object(fields) => {
            found.extend(fields.get(name));
            fields.values().for_each(|field| each(name, field, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_document_holds_the_routers_operations_and_no_other() {
    let server = Server::start();

    let routed = server
        .operations
        .iter()
        .filter(|operation| operation.method != "HEAD");
    let routed: BTreeSet<_> = routed
        .map(|operation| (operation.method.to_owned(), operation.path))
        .collect();
    let described: BTreeSet<_> = operations()
        .map(|(method, path, _)| (method, path))
        .collect();

    assert_eq!(routed, described);
    assert!(routed.len() > 15, "{routed:?}");
    for (method, path) in described {
        let at = path.replace("{id}", "01900000-0000-7000-8000-000000000000");
        let answer = server.send("OPTIONS", &at, &[], "");
        assert!(
            answer.headers["allow"].contains(&method),
            "{method} {path}: {answer:?}"
        );
    }
}

#[test]
fn a_server_answers_with_the_document_that_the_command_prints_without_a_database() {
    let server = Server::start();

    let answer = server.get("/openapi.json");

    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.body, *DOCUMENT);
    assert_eq!(answer.text("/openapi"), "3.1.0");
}

#[test]
fn each_operation_has_a_name_of_its_own_and_every_reference_leads_somewhere() {
    let names: Vec<&str> = operations()
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap())
        .collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len(), "{names:?}");

    let mut references = Vec::new();
    each("$ref", &DOCUMENT, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let place = reference.as_str().unwrap().trim_start_matches('#');
        assert!(DOCUMENT.pointer(place).is_some(), "{reference}");
    }
    let mut links = Vec::new();
    each("links", &DOCUMENT, &mut links);
    let linked = links
        .iter()
        .flat_map(|links| links.as_object().unwrap().values());
    for link in linked {
        assert!(
            distinct.contains(link["operationId"].as_str().unwrap()),
            "{link}"
        );
    }
}

#[test]
fn an_operation_asks_for_a_token_as_its_rule_does() {
    let server = Server::start();

    for (method, path, operation) in operations() {
        let mut routed = server.operations.iter();
        let routed = routed.find(|it| (it.method, it.path) == (method.as_str(), path));
        let scopes = match routed.unwrap().rule {
            "anyone" => None,
            "owner" => Some(vec![]),
            "register" => Some(vec!["register"]),
            _ => Some(vec!["operator"]),
        };
        let asked = operation["security"].as_array().unwrap();
        let asked = asked.first().map(|token| {
            let scopes = token["token"].as_array().unwrap();
            scopes.iter().map(|scope| scope.as_str().unwrap()).collect()
        });
        assert_eq!(asked, scopes, "{method} {path}");
        assert_eq!(
            operation["responses"].get("401").is_some(),
            scopes.is_some(),
            "{method} {path}"
        );
    }
}

#[test]
fn the_examples_of_requests_are_good_requests() {
    let server = Server::start();
    let example = |name: &str| DOCUMENT["components"]["schemas"][name]["examples"][0].clone();

    let user = server.post("/users", &example("NewUser"));
    assert_eq!(user.status, 201, "{user:?}");
    let mut order = example("NewOrder");
    order["customer_id"] = user.body["id"].clone();
    let order = server.post("/orders", &order);
    assert_eq!(order.status, 201, "{order:?}");
    let at = format!("/users/{}", user.text("/id"));
    let changed = server.patch(&at, &[], &example("UserChange"));
    assert_eq!(changed.status, 200, "{changed:?}");
}

#[test]
fn what_the_parser_bounds_is_bounded_in_the_document_alike() {
    let server = Server::start();
    let schemas = &DOCUMENT["components"]["schemas"];
    let name = &schemas["NewUser"]["properties"]["name"];
    let longest = usize::try_from(name["maxLength"].as_u64().unwrap()).unwrap();
    let register = |at: usize, name: String| {
        let user = serde_json::json!({ "email": format!("u{at}@example.com"), "name": name });
        server.post("/users", &user).status
    };
    assert_eq!(register(longest, "é".repeat(longest)), 201);
    assert_eq!(register(0, "é".repeat(longest + 1)), 422);

    let limit = &DOCUMENT["paths"]["/users"]["get"]["parameters"];
    let limit = limit
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "limit");
    let most = limit.unwrap()["schema"]["maximum"].as_u64().unwrap();
    assert_eq!(server.get(&format!("/users?limit={most}")).status, 200);
    assert_eq!(
        server.get(&format!("/users?limit={}", most + 1)).status,
        400
    );
}

#[test]
fn the_docs_need_nothing_from_elsewhere() {
    let server = Server::start();

    let found = server.get("/docs");
    assert_eq!(found.status, 302);
    let page = server.get(&found.headers["location"]);
    assert_eq!(
        (page.status, page.headers["content-type"].as_str()),
        (200, "text/html")
    );
    let policy = &page.headers["content-security-policy"];
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(!policy.contains("http"), "{policy}");
    for file in [
        "swagger-ui.css",
        "swagger-ui-bundle.js",
        "swagger-initializer.js",
    ] {
        assert_eq!(server.get(&format!("/docs/{file}")).status, 200, "{file}");
    }
    assert_eq!(server.get("/docs/nothing.js").problem(), "unknown-path");
}
