//! Every operation of the router, tried by everyone, against the rule that stands beside its route.

use serde_json::{Value, json};

use super::Stage;
use crate::harness::{Answer, Client, Issuer, an_order, place, register};

/// Who tries an operation on what belongs to a user.
const CALLERS: [&str; 7] = [
    "no token",
    "wrong key",
    "expired",
    "register",
    "other user",
    "right user",
    "operator",
];

/// What each of [`CALLERS`] hears, by the rule: a status, or 0 for whatever the operation answers to one who may.
fn heard(rule: &str, path: &str, method: &str) -> [u16; 7] {
    // Somebody else's object is missing, a list is empty, and an order for somebody else is one for nobody.
    let others = match (path.contains("{id}"), method) {
        (true, _) => 404,
        (false, "POST") => 422,
        (false, _) => 0,
    };
    match rule {
        "anyone" => [0; 7],
        "owner" => [401, 401, 401, others, others, 0, 0],
        "register" => [401, 401, 401, 0, 403, 403, 0],
        "operator" => [401, 401, 401, 403, 403, 403, 0],
        "operator-on-object" => [401, 401, 401, 404, 404, 403, 0],
        other => panic!("there is no rule {other}"),
    }
}

impl Stage {
    fn caller(&self, name: &str, owner: &str) -> Client {
        let issuer = &self.issuer;
        let token = match name {
            "no token" => return Client::new(self.server.address),
            "wrong key" => Issuer::new().token("olga", "operator"),
            "expired" => issuer.expired("olga", "operator"),
            "register" => issuer.token("sign-up", "register"),
            "other user" => issuer.token(&self.ada, ""),
            "right user" => issuer.token(owner, ""),
            "operator" => issuer.token("olga", "operator"),
            other => panic!("there is no caller {other}"),
        };
        self.server.bearing(&token)
    }

    /// The object that an operation is about, there for one try.
    fn object(&self, path: &str, owner: &str) -> String {
        if !path.starts_with("/orders") {
            return owner.to_owned();
        }
        let order = place(&self.operator, owner);
        if path.ends_with("/deliver") {
            self.operator
                .send("POST", &format!("/orders/{order}/ship"), &[], "");
        }
        order
    }

    /// All that belongs to a user.
    fn belongings(&self, owner: &str) -> [Value; 2] {
        [
            format!("/users/{owner}"),
            format!("/orders?customer_id={owner}"),
        ]
        .map(|path| self.operator.get(&path).body)
    }
}

/// A request that does what the operation is for.
fn call(client: &Client, method: &str, path: &str, object: &str, owner: &str) -> Answer {
    let at = path.replace("{id}", object).replace("{file}", "index.html");
    match (method, path) {
        ("POST", "/users") => {
            let email = format!("new-{owner}@example.com");
            client.post(&at, &json!({ "email": email, "name": "New" }))
        }
        ("POST", "/orders") => client.post(&at, &an_order(owner)),
        ("PATCH", _) => client.patch(&at, &[], &json!({ "name": "Somebody" })),
        _ => client.send(method, &at, &[], ""),
    }
}

#[test]
fn every_operation_answers_everyone_as_its_rule_says_and_a_refusal_changes_nothing() {
    let stage = Stage::new();
    let mut tries = 0;
    for operation in &stage.server.operations {
        let expected = heard(operation.rule, operation.path, operation.method);
        for (name, expected) in CALLERS.iter().zip(expected) {
            let owner = register(&stage.operator, &format!("owner{tries}@example.com"));
            let object = stage.object(operation.path, &owner);
            let before = stage.belongings(&owner);

            let client = stage.caller(name, &owner);
            let answer = call(&client, operation.method, operation.path, &object, &owner);

            let told = format!("{name}: {operation:?} answers {answer:?}");
            let is_known = ["users", "orders", "gateway"].contains(&operation.service);
            if expected == 0 && is_known {
                assert!((200..400).contains(&answer.status), "{told}");
            } else if expected == 0 {
                // Of a service that came later: whoever may is let through to it. Its own tests know what for.
                assert!(answer.status < 500, "{told}");
                assert!(![401, 403].contains(&answer.status), "{told}");
            } else {
                assert_eq!(answer.status, expected, "{told}");
                assert_eq!(stage.belongings(&owner), before, "{told}");
            }
            tries += 1;
        }
    }
    assert!(tries > 150, "only {tries} tries");
}

#[test]
fn what_is_somebody_elses_answers_word_for_word_like_what_is_missing() {
    let stage = Stage::new();
    let ada = stage.user(&stage.ada);
    let order = place(&stage.operator, &stage.bob);
    let nobody = "01900000-0000-7000-8000-000000000000";

    for operation in stage
        .server
        .operations
        .iter()
        .filter(|operation| operation.path.contains("{id}"))
        .filter(|operation| ["owner", "operator-on-object"].contains(&operation.rule))
    {
        let theirs = if operation.path.starts_with("/orders") {
            &order
        } else {
            &stage.bob
        };
        let [mut theirs, mut missing] = [theirs, nobody]
            .map(|object| call(&ada, operation.method, operation.path, object, &stage.bob));
        for answer in [&mut theirs, &mut missing] {
            // What differs from answer to answer: the occurrence, the time, and the caller's limit.
            answer.body["instance"].take();
            for header in ["x-request-id", "traceparent", "date", "ratelimit"] {
                answer.headers.remove(header);
            }
        }
        assert_eq!(theirs.status, 404, "{operation:?}");
        assert_eq!(
            (theirs.headers, theirs.body),
            (missing.headers, missing.body),
            "{operation:?}"
        );
    }
    let order_for = |customer: &str| {
        let answer = ada.post("/orders", &an_order(customer));
        (
            answer.status,
            answer.problem(),
            answer.body["errors"].clone(),
        )
    };
    assert_eq!(order_for(&stage.bob), order_for(nobody));
}

#[test]
fn a_list_holds_what_is_the_callers_and_nothing_else_whatever_it_is_asked_for() {
    let stage = Stage::new();
    let (ada, bob) = (stage.user(&stage.ada), &stage.bob);
    let own = place(&ada, &stage.ada);
    let theirs = place(&stage.operator, bob);

    let ids = |client: &Client, path: &str| -> Vec<String> {
        let answer = client.get(path);
        assert_eq!(answer.status, 200, "{answer:?}");
        let items = answer.body["items"].as_array().unwrap();
        let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
        items.iter().map(id).collect()
    };
    assert_eq!(ids(&ada, "/users"), [stage.ada.as_str()]);
    assert_eq!(ids(&ada, "/users?email=bob%40example.com"), [""; 0]);
    assert_eq!(ids(&ada, "/orders"), [own.as_str()]);
    assert_eq!(ids(&ada, "/orders?status=placed"), [own.as_str()]);
    assert_eq!(ids(&ada, &format!("/orders?customer_id={bob}")), [""; 0]);
    assert_eq!(ids(&ada, &format!("/orders?after={own}")), [""; 0]);
    assert_eq!(
        ids(&stage.operator, "/orders"),
        [own.as_str(), theirs.as_str()]
    );
    assert_eq!(ids(&stage.operator, "/users"), [stage.ada.as_str(), bob]);
    // A subject that is nobody's id owns nothing.
    let nobody = stage.user("nobody");
    assert_eq!(ids(&nobody, "/users"), [""; 0]);
    assert_eq!(ids(&nobody, "/orders"), [""; 0]);
}

#[test]
fn a_user_lives_a_whole_life_with_a_token_of_their_own() {
    let stage = Stage::new();
    let ada = stage.user(&stage.ada);
    let own = format!("/users/{}", stage.ada);

    assert_eq!(ada.get(&own).text("/email"), "ada@example.com");
    assert_eq!(
        ada.patch(&own, &[], &json!({ "name": "Countess" })).status,
        200
    );
    let order = place(&ada, &stage.ada);
    assert_eq!(ada.get(&format!("/orders/{order}")).status, 200);
    assert_eq!(
        ada.get(&format!("/customers/{}", stage.ada)).body["orders"][0]["id"],
        order.as_str()
    );
    assert_eq!(
        ada.send("POST", &format!("/orders/{order}/cancel"), &[], "")
            .status,
        200
    );
    assert_eq!(ada.send("DELETE", &own, &[], "").status, 202);
}
