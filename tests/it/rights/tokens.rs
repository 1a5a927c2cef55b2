//! What a token must be like, and what forgers try.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::Stage;
use crate::harness::{Answer, Client, Issuer, Server, eventually, now};

/// What the bearer of a token hears of the list of users: 200, or the name of the problem.
fn heard(server: &Client, token: &str) -> String {
    let answer = server.bearing(token).get("/users");
    match answer.status {
        200 => "200".to_owned(),
        401 => {
            assert!(
                answer.headers["www-authenticate"].starts_with("Bearer"),
                "{answer:?}"
            );
            answer.problem()
        }
        _ => panic!("{answer:?}"),
    }
}

fn with(mut claims: Value, changes: &[(&str, Value)]) -> Value {
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    claims
}

fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// A part of a token, as it is written.
fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The token with one of its parts, counted from 0, replaced.
fn replaced(token: &str, at: usize, by: &str) -> String {
    let mut parts: Vec<&str> = token.split('.').collect();
    parts[at] = by;
    parts.join(".")
}

#[test]
fn each_algorithm_that_is_trusted_is_taken_as_jwk_and_as_pem() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let issuer = Issuer::with(algorithm, Some("a key"));
        let server = issuer.server();
        assert_eq!(
            heard(&server, &issuer.token("olga", "operator")),
            "200",
            "{algorithm:?}"
        );

        issuer.write(&issuer.pem());
        eventually("the PEM is read, which has no key id", || {
            let mut header = issuer.header();
            header.kid = Some("any".to_owned());
            heard(
                &server,
                &issuer.sign(&header, &Issuer::claims("olga", "operator")),
            ) == "200"
        });
    }
}

#[test]
fn absent_expired_and_wrong_are_told_apart_and_no_more() {
    let stage = Stage::new();
    let Stage { issuer, server, .. } = &stage;
    let challenge = |answer: &Answer| answer.headers["www-authenticate"].clone();

    let absent = server.get("/users");
    assert_eq!(
        (absent.problem().as_str(), challenge(&absent).as_str()),
        ("token-absent", "Bearer")
    );
    let expired = server
        .bearing(&issuer.expired(&stage.ada, ""))
        .get("/users");
    assert_eq!(expired.problem(), "token-expired");
    assert!(
        challenge(&expired).contains("error=\"invalid_token\""),
        "{expired:?}"
    );

    // A token that has expired and is forged besides is just wrong, word for word like any other.
    let forged = Issuer::new().expired(&stage.ada, "");
    let nonsense = server.bearing("nonsense").get("/users");
    let forged = server.bearing(&forged).get("/users");
    for answer in [&nonsense, &forged] {
        assert_eq!(answer.problem(), "token-wrong");
        assert_eq!(challenge(answer), "Bearer error=\"invalid_token\"");
        assert_eq!(answer.body.get("detail"), None);
    }
    assert_eq!(nonsense.body["title"], forged.body["title"]);
}

#[test]
fn a_token_that_is_not_for_us_or_not_now_is_wrong() {
    let stage = Stage::new();
    let Stage { issuer, server, .. } = &stage;
    let good = Issuer::claims(&stage.ada, "");
    let said = |claims: &Value| heard(server, &issuer.sign(&issuer.header(), claims));

    assert_eq!(said(&good), "200");
    assert_eq!(
        said(&with(
            good.clone(),
            &[("aud", json!(["other", "schema-per-service"]))]
        )),
        "200"
    );
    for (what, claims) in [
        (
            "another audience",
            with(good.clone(), &[("aud", json!("other"))]),
        ),
        (
            "other audiences",
            with(good.clone(), &[("aud", json!(["other", "another"]))]),
        ),
        (
            "an audience that is a number",
            with(good.clone(), &[("aud", json!(1))]),
        ),
        (
            "another issuer",
            with(good.clone(), &[("iss", json!("other"))]),
        ),
        ("no audience", without(good.clone(), "aud")),
        ("no issuer", without(good.clone(), "iss")),
        ("no subject", without(good.clone(), "sub")),
        ("no end", without(good.clone(), "exp")),
        (
            "an end that is a word",
            with(good.clone(), &[("exp", json!("never"))]),
        ),
        (
            "an end before time began",
            with(good.clone(), &[("exp", json!(-1))]),
        ),
        (
            "an empty subject",
            with(good.clone(), &[("sub", json!(""))]),
        ),
        (
            "a long subject",
            with(good.clone(), &[("sub", json!("x".repeat(256)))]),
        ),
        (
            "a subject of two lines",
            with(good.clone(), &[("sub", json!("a\nb"))]),
        ),
        (
            "a subject that is a list",
            with(good.clone(), &[("sub", json!([stage.ada]))]),
        ),
        (
            "scopes that are a list",
            with(good.clone(), &[("scope", json!(["operator"]))]),
        ),
        (
            "not yet",
            with(good.clone(), &[("nbf", json!(now() + 120))]),
        ),
    ] {
        assert_eq!(said(&claims), "token-wrong", "{what}");
    }
}

#[test]
fn a_clock_may_differ_by_the_leeway_and_a_replay_ends_with_it() {
    let issuer = Issuer::new();
    let server = issuer.server_with(|config| config.callers.token_leeway = 3);
    let token = |from: i64, to: i64| {
        let at = |seconds: i64| json!(i64::try_from(now()).unwrap() + seconds);
        let claims = Issuer::claims("olga", "operator");
        issuer.sign(
            &issuer.header(),
            &with(claims, &[("nbf", at(from)), ("exp", at(to))]),
        )
    };

    assert_eq!(heard(&server, &token(2, 60)), "200");
    assert_eq!(heard(&server, &token(-60, -5)), "token-expired");
    assert_eq!(heard(&server, &token(8, 60)), "token-wrong");
    // One that was good, and is remembered, is not remembered for longer than it is good.
    let short = token(-60, -1);
    assert_eq!(heard(&server, &short), "200");
    eventually("the replay is refused", || {
        heard(&server, &short) == "token-expired"
    });
    // An issuer's own skew does not stretch it: the end counts, whenever it says that it was made.
    let claims = with(
        Issuer::claims("olga", "operator"),
        &[("exp", json!(now() - 10)), ("iat", json!(now() + 600))],
    );
    assert_eq!(
        heard(&server, &issuer.sign(&issuer.header(), &claims)),
        "token-expired"
    );
}

#[test]
fn no_token_chooses_its_algorithm() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let issuer = Issuer::with(algorithm, Some("a key"));
        let server = issuer.server();
        let good = issuer.token("olga", "operator");
        assert_eq!(heard(&server, &good), "200");
        let signature = good.rsplit('.').next().unwrap();
        let claims = part(&Issuer::claims("olga", "operator"));

        for name in [
            "none", "None", "nOnE", "", "HS256", "HS512", "RS512", "PS256", "ES384", "RS256",
            "ES256", "EdDSA",
        ] {
            let header = part(&json!({ "alg": name, "typ": "JWT", "kid": "a key" }));
            for signature in ["", signature] {
                let forged = format!("{header}.{claims}.{signature}");
                assert_eq!(
                    heard(&server, &forged),
                    "token-wrong",
                    "{algorithm:?} as {name}"
                );
            }
            assert_eq!(heard(&server, &format!("{header}.{claims}")), "token-wrong");
        }
        // The public key, which everyone has, taken for a shared secret: the classic.
        let public = issuer.public();
        let secrets = [
            issuer.pem(),
            public.to_string(),
            public["x"].to_string(),
            public["n"].to_string(),
            String::new(),
        ];
        for secret in secrets {
            for family in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let mut header = Header::new(family);
                header.kid = Some("a key".to_owned());
                let key = EncodingKey::from_secret(secret.as_bytes());
                let forged = encode(&header, &Issuer::claims("olga", "operator"), &key).unwrap();
                assert_eq!(
                    heard(&server, &forged),
                    "token-wrong",
                    "{algorithm:?} as {family:?}"
                );
            }
        }
    }
}

#[test]
fn no_token_brings_its_own_key() {
    let stage = Stage::new();
    let Stage { issuer, server, .. } = &stage;
    let forger = Issuer::with(Algorithm::EdDSA, Some("first"));
    let claims = Issuer::claims("olga", "operator");
    let header = |more: &Value| {
        let mut header = json!({ "alg": "EdDSA", "typ": "JWT" });
        header
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        header
    };
    for more in [
        json!({ "kid": "first" }),
        json!({ "kid": "first", "jwk": forger.public() }),
        json!({ "jku": "http://127.0.0.1:1/keys" }),
        json!({ "x5u": "http://127.0.0.1:1/keys", "x5c": ["AAAA"] }),
        json!({ "kid": "../../../../dev/null" }),
        json!({ "kid": "first' OR '1'='1" }),
        json!({ "kid": "first\u{0}" }),
        json!({ "kid": "" }),
        json!({ "kid": ["first"] }),
        json!({ "kid": "x".repeat(4_000) }),
    ] {
        let told = more.to_string();
        assert_eq!(
            heard(server, &forger.sign_as(&header(&more), &claims)),
            "token-wrong",
            "{told}"
        );
    }
    // The key is ours, and what stands in the header is not for us.
    for more in [
        json!({ "kid": "second" }),
        json!({ "kid": "FIRST" }),
        json!({ "kid": "first", "crit": ["exp"], "exp": 1 }),
        json!({ "kid": "first", "crit": [] }),
        json!({ "kid": "first", "typ": "JWE" }),
        json!({ "kid": "first", "typ": "dpop+jwt" }),
    ] {
        let told = more.to_string();
        assert_eq!(
            heard(server, &issuer.sign_as(&header(&more), &claims)),
            "token-wrong",
            "{told}"
        );
    }
    assert_eq!(
        heard(
            server,
            &issuer.sign_as(&header(&json!({ "kid": "first" })), &claims)
        ),
        "200"
    );
    assert_eq!(
        heard(
            server,
            &issuer.sign_as(&header(&json!({ "typ": "at+jwt" })), &claims)
        ),
        "200"
    );
}

#[test]
fn a_token_that_was_tampered_with_is_wrong_even_beside_the_good_one_that_is_remembered() {
    let stage = Stage::new();
    let Stage { issuer, server, .. } = &stage;
    let good = issuer.token(&stage.ada, "");
    assert_eq!(heard(server, &good), "200");

    let more = part(&Issuer::claims(&stage.ada, "operator"));
    let another = part(&Issuer::claims(&stage.bob, ""));
    let mut flipped = good.clone().into_bytes();
    let last = flipped.len() - 10;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    for (what, token) in [
        ("more scopes", replaced(&good, 1, &more)),
        ("another subject", replaced(&good, 1, &another)),
        ("no signature", replaced(&good, 2, "")),
        ("half a signature", good[..good.len() - 40].to_owned()),
        ("a flipped bit", String::from_utf8(flipped).unwrap()),
        (
            "another's signature",
            replaced(
                &good,
                2,
                issuer.token(&stage.bob, "").rsplit('.').next().unwrap(),
            ),
        ),
        ("a part more", format!("{good}.e30")),
        ("a space within", good.replacen('.', ". ", 1)),
        ("padding", format!("{good}==")),
        ("nothing", "..".to_owned()),
        (
            "very much",
            format!(
                "{}.{}.{}",
                "A".repeat(4_000),
                "A".repeat(4_000),
                "A".repeat(4_000)
            ),
        ),
    ] {
        assert_eq!(heard(server, &token), "token-wrong", "{what}");
    }
    assert_eq!(heard(server, &good), "200");
}

#[test]
fn a_token_is_read_from_one_header_and_from_nowhere_else() {
    let stage = Stage::new();
    let good = stage.issuer.token(&stage.ada, "");
    let bearer = format!("Bearer {good}");
    let heard =
        |headers: &[(&str, &str)], path: &str| stage.server.send("GET", path, headers, "").status;

    assert_eq!(heard(&[("Authorization", &bearer)], "/users"), 200);
    assert_eq!(
        heard(&[("authorization", &format!("bearer {good}"))], "/users"),
        200
    );
    for headers in [
        vec![("Authorization", good.as_str())],
        vec![("Authorization", "Bearer")],
        vec![("Authorization", "Basic b2xnYTpvbGdh")],
        vec![("Authorization", &bearer), ("Authorization", &bearer)],
        vec![("Authorization", &bearer), ("Authorization", "Bearer x")],
        vec![("Cookie", &format!("access_token={good}"))],
        vec![("X-Authorization", &bearer)],
        vec![("Proxy-Authorization", &bearer)],
    ] {
        assert_eq!(heard(&headers, "/users"), 401, "{headers:?}");
    }
    assert_eq!(heard(&[], &format!("/users?access_token={good}")), 401);
}

#[test]
fn keys_change_while_it_serves_and_what_the_old_ones_signed_is_forgotten() {
    let (first, second) = (
        Issuer::new(),
        Issuer::with(Algorithm::ES256, Some("second")),
    );
    let server = first.server();
    let [old, new] = [&first, &second].map(|issuer| issuer.token("olga", "operator"));
    assert_eq!(
        [heard(&server, &old), heard(&server, &new)],
        ["200", "token-wrong"]
    );

    first.publish(&[&first, &second]);
    eventually("both are known", || heard(&server, &new) == "200");
    assert_eq!(heard(&server, &old), "200");
    // A file that is no use leaves the keys as they are.
    for broken in [
        "",
        "{",
        "{\"keys\": []}",
        "{\"keys\": [{\"kty\": \"oct\", \"k\": \"c2VjcmV0\"}]}",
    ] {
        first.write(broken);
        std::thread::sleep(Duration::from_millis(1_200));
        assert_eq!(
            [heard(&server, &old), heard(&server, &new)],
            ["200", "200"],
            "{broken}"
        );
    }
    first.publish(&[&second]);
    eventually("the first is withdrawn", || {
        heard(&server, &old) == "token-wrong"
    });
    assert_eq!(heard(&server, &new), "200");
}

#[test]
fn of_two_keys_the_one_that_the_id_names_counts_and_without_an_id_any() {
    let (first, second) = (
        Issuer::new(),
        Issuer::with(Algorithm::EdDSA, Some("second")),
    );
    first.publish(&[&first, &second]);
    let server = first.server();
    let claims = Issuer::claims("olga", "operator");

    let mut header = second.header();
    assert_eq!(heard(&server, &second.sign(&header, &claims)), "200");
    header.kid = Some("first".to_owned());
    assert_eq!(
        heard(&server, &second.sign(&header, &claims)),
        "token-wrong"
    );
    header.kid = None;
    assert_eq!(heard(&server, &second.sign(&header, &claims)), "200");
}

/// Starts a server with this file of keys, and returns why it does not start.
fn refusal(text: &str) -> String {
    let issuer = Issuer::new();
    issuer.write(text);
    Server::refusal(|config| config.callers.token_keys = Some(issuer.file()))
}

#[test]
fn a_file_that_holds_a_secret_a_weak_key_or_no_key_is_refused_without_repeating_it() {
    let issuer = Issuer::new();
    let mut private = issuer.public();
    private["d"] = json!("c2VjcmV0LXNlY3JldA");
    let mut encrypts = issuer.public();
    encrypts["use"] = json!("enc");
    let mut confused = issuer.public();
    confused["alg"] = json!("RS256");
    let weak = json!({ "kty": "RSA", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode([0xc5; 128]) });
    for (text, reason) in [
        (String::new(), "neither PEM nor JSON"),
        ("[]".to_owned(), "no JWK Set"),
        (
            json!({ "keys": [private] }).to_string(),
            "a private key or a shared secret",
        ),
        (
            json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0LXNlY3JldA" }] }).to_string(),
            "a shared secret",
        ),
        (
            json!({ "keys": [encrypts] }).to_string(),
            "no key for EdDSA",
        ),
        (
            json!({ "keys": [confused] }).to_string(),
            "no key for EdDSA",
        ),
        (json!({ "keys": [weak] }).to_string(), "no key for EdDSA"),
        (
            "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LXNlY3JldA\n-----END PRIVATE KEY-----\n"
                .to_owned(),
            "a private key",
        ),
        (
            "-----BEGIN PUBLIC KEY-----\nc2VjcmV0LXNlY3JldA\n-----END PUBLIC KEY-----\n".to_owned(),
            "a PEM key is no",
        ),
    ] {
        let said = refusal(&text);
        assert!(said.contains(reason), "{said}");
        assert!(!said.contains("c2VjcmV0"), "{said}");
    }
}
