//! Clients that mean harm. None gets in, none keeps the others waiting past their deadline, and none makes us fail.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use schema_per_service::services::SERVICES;
use serde_json::{Value, json};

use super::Stage;
use crate::harness::{Client, Database, Issuer, PROGRAM, Process, an_order, place, register};

/// The longest that a decent client waits for an answer: a head, a body and an answer have 5 seconds at most.
const DEADLINE: Duration = Duration::from_secs(5);

/// A server as a process of its own, which has as many files open as its own limit allows.
struct Besieged {
    server: Process,
    /// A decent client, and its own path.
    decent: Client,
    own: String,
    _database: Database,
    _issuer: Issuer,
}

impl Besieged {
    fn new() -> Self {
        let (database, issuer) = (Database::new(), Issuer::new());
        // As from a shell of the usual kind, whose limit is far below the number of the besiegers.
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -Sn 512 && exec \"$0\"", PROGRAM]);
        command.stderr(Stdio::null()).envs([
            ("LISTEN", "127.0.0.1:0"),
            ("WORKERS", "2"),
            ("ACCEPT", "other-database,durability"),
            ("RATE_LIMIT", "0"),
        ]);
        command.env("TOKEN_KEYS", issuer.file());
        for (service, url) in SERVICES.iter().zip(database.service_urls()) {
            let name = format!("{}_DATABASE_URL", service.name().to_uppercase());
            command.env(name, url.expose());
        }
        let server = Process::from(command);
        let operator = server.client.bearing(&issuer.token("olga", "operator"));
        let ada = register(&operator, "ada@example.com");
        Self {
            decent: server.client.bearing(&issuer.token(&ada, "")),
            own: format!("/users/{ada}"),
            server,
            _database: database,
            _issuer: issuer,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.server.client.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream
    }

    /// A decent client asks for a while, and is answered each time before its deadline.
    fn serves_the_decent(&self, for_how_long: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < for_how_long {
            let asked = Instant::now();
            let answer = self.decent.get(&self.own);
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(asked.elapsed() < DEADLINE, "{:?}", asked.elapsed());
        }
    }
}

/// What a socket holds until the server closes it, which it must.
fn rest(mut stream: &TcpStream) -> String {
    let mut text = Vec::new();
    let ended = stream.read_to_end(&mut text).map_err(|error| error.kind());
    let text = String::from_utf8_lossy(&text).into_owned();
    // A server that closes on unread bytes resets the connection; what came before that counts.
    assert_ne!(ended, Err(ErrorKind::WouldBlock), "it stays open: {text}");
    text
}

#[test]
fn two_thousand_idle_sockets_keep_nobody_out() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let besieged = Besieged::new();

    let idle: Vec<TcpStream> = (0..2_000).map(|_| besieged.connect()).collect();
    besieged.serves_the_decent(Duration::from_secs(7));

    // By now they are closed, each within the time that a head has.
    let mut closed = 0;
    for mut stream in &idle {
        stream
            .set_read_timeout(Some(Duration::from_millis(10)))
            .unwrap();
        closed += u32::from(stream.read_to_end(&mut Vec::new()).is_ok());
    }
    assert!(closed > 1_900, "{closed} of 2000 were closed");
}

#[test]
fn slow_heads_and_slow_bodies_are_cut_off_and_hold_up_nobody() {
    let besieged = Besieged::new();
    let token = besieged.decent.authorization().unwrap();
    let post = format!(
        "POST /orders HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{{"
    );
    let heads: Vec<TcpStream> = (0..200).map(|_| besieged.connect()).collect();
    let bodies: Vec<TcpStream> = (0..200).map(|_| besieged.connect()).collect();
    for mut stream in &bodies {
        stream.write_all(post.as_bytes()).unwrap();
    }

    thread::scope(|scope| {
        scope.spawn(|| {
            for byte in b"GET / HTTP/1.1" {
                for mut stream in heads.iter().chain(&bodies) {
                    let _ = stream.write_all(&[*byte]);
                }
                thread::sleep(Duration::from_millis(500));
            }
        });
        besieged.serves_the_decent(Duration::from_secs(8));
    });

    for stream in heads.iter().chain(&bodies) {
        let answer = rest(stream);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{answer}"
        );
    }
}

#[test]
fn giant_heads_are_refused() {
    let stage = Stage::new();
    let bearer = format!("Bearer {}", stage.issuer.token(&stage.ada, ""));
    let get = |path: &str, header: &str| {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\nConnection: close\r\n{header}\r\n"
        );
        let mut stream = TcpStream::connect(stage.server.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        // It may be cut off while it still sends.
        let _ = stream.write_all(request.as_bytes());
        rest(&stream)
    };

    assert!(get("/users", "").starts_with("HTTP/1.1 200"));
    assert!(
        get("/users", &format!("X-Large: {}\r\n", "x".repeat(12_000))).starts_with("HTTP/1.1 200")
    );
    for (path, header) in [
        (
            "/users".to_owned(),
            format!("X-Large: {}\r\n", "x".repeat(17_000)),
        ),
        (
            "/users".to_owned(),
            format!("Authorization: Bearer {}\r\n", "x".repeat(40_000)),
        ),
        (
            "/users".to_owned(),
            format!("X-Large: {}\r\n", "x".repeat(200_000)),
        ),
        ("/users".to_owned(), "X-Many: x\r\n".repeat(500)),
        (
            format!("/users?email={}", "x".repeat(17_000)),
            String::new(),
        ),
        (format!("/users/{}", "x".repeat(70_000)), String::new()),
        (format!("/{}", "../".repeat(6_000)), String::new()),
    ] {
        let answer = get(&path, &header);
        let status = answer.get(9..12).unwrap_or("closed");
        assert!(
            ["400", "414", "431", "closed"].contains(&status),
            "{status} for {path:.40} {header:.40}"
        );
    }
    assert!(get("/users", "").starts_with("HTTP/1.1 200"));
}

/// Two lengths, or a length and chunks: a proxy before us may see other requests in this than we do.
#[test]
fn no_request_hides_in_another() {
    let stage = Stage::new();
    let bearer = format!("Bearer {}", stage.issuer.token("olga", "operator"));
    let hidden = format!(
        "DELETE /users/{} HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\n\r\n",
        stage.ada
    );
    let attack = |lines: &str, body: &str| {
        let request = format!(
            "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{lines}\r\n{body}"
        );
        let stream = TcpStream::connect(stage.server.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        (&stream).write_all(request.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        rest(&stream)
    };
    let chunked = format!("0\r\n\r\n{hidden}");
    let longer = format!("Content-Length: {}\r\n", chunked.len());
    for lines in [
        format!("{longer}Transfer-Encoding: chunked\r\n"),
        format!("Transfer-Encoding: chunked\r\n{longer}"),
        format!("{longer}Transfer-Encoding: Chunked\r\n"),
        format!("{longer}Transfer-Encoding: gzip, chunked\r\n"),
        format!("{longer}Transfer-Encoding: chunked, identity\r\n"),
        format!("{longer}Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"),
        format!("{longer}Transfer-Encoding: xchunked\r\n"),
        format!("{longer}Transfer-Encoding : chunked\r\n"),
        format!("{longer} Transfer-Encoding: chunked\r\n"),
        format!("{longer}Transfer-Encoding:\u{b}chunked\r\n"),
        format!("{longer}X: y\r\n Transfer-Encoding: chunked\r\n"),
        format!("{longer}X: y\nTransfer-Encoding: chunked\r\n"),
        "Transfer-Encoding: xchunked\r\n".to_owned(),
        "Transfer-Encoding: chunked, chunked\r\n".to_owned(),
        format!("Content-Length: 0\r\n{longer}"),
        format!("{longer}Content-Length: 0\r\n"),
        "Content-Length: 0, 5\r\n".to_owned(),
        "Content-Length: -1\r\n".to_owned(),
        "Content-Length: +5\r\n".to_owned(),
        "Content-Length: 0x5\r\n".to_owned(),
        "Content-Length: 5 5\r\n".to_owned(),
        "Content-Length: 99999999999999999999\r\n".to_owned(),
    ] {
        let answer = attack(&lines, &chunked);
        for head in answer.split("HTTP/1.1 ").skip(1) {
            assert!(head.starts_with('4'), "{lines:?}: {answer}");
        }
        assert_eq!(standing(&stage), "active", "{lines:?}: {answer}");
    }
    for body in [
        format!("ffffffffffffffff0\r\n{hidden}"),
        format!("5;{}\r\n{{}}   \r\n0\r\n\r\n", "x".repeat(20_000)),
        format!("-1\r\n{hidden}"),
        format!("0x2\r\n{{}}\r\n0\r\n\r\n{hidden}"),
        format!("2 \n{{}}\n0\n\n{hidden}"),
    ] {
        let answer = attack("Transfer-Encoding: chunked\r\n", &body);
        for head in answer.split("HTTP/1.1 ").skip(1) {
            assert!(head.starts_with('4'), "{body:.40}: {answer}");
        }
        assert_eq!(standing(&stage), "active", "{body:.40}: {answer}");
    }
}

fn standing(stage: &Stage) -> Value {
    stage.operator.get(&format!("/users/{}", stage.ada)).body["standing"].clone()
}

#[test]
fn a_compressed_body_is_not_unpacked() {
    let stage = Stage::new();
    let bomb = Command::new("sh")
        .args(["-c", "head -c 10000000 /dev/zero | gzip -9"])
        .output()
        .unwrap()
        .stdout;
    assert!((1_000..16_000).contains(&bomb.len()), "{}", bomb.len());
    let token = stage.operator.authorization().unwrap();
    for encoding in ["gzip", "x-gzip", "deflate", "gzip, gzip", "identity"] {
        let head = format!(
            "POST /users HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
            bomb.len()
        );
        let answer = stage.server.raw(&[head.as_bytes(), &bomb].concat());
        assert!(answer.starts_with("HTTP/1.1 400"), "{encoding}: {answer}");
    }
}

#[test]
fn nobody_sets_what_is_not_theirs_to_set() {
    let stage = Stage::new();
    let ada = stage.user(&stage.ada);
    let own = format!("/users/{}", stage.ada);
    let before = stage.operator.get(&own).body;
    for (name, value) in [
        ("id", json!(stage.bob)),
        ("standing", json!("closed")),
        ("version", json!(99)),
        ("refusal", json!("x")),
        ("registered_at", json!("2000-01-01T00:00:00Z")),
        ("scope", json!("operator")),
        ("subject", json!("olga")),
        ("__proto__", json!({ "operator": true })),
    ] {
        let change = json!({ "name": "Countess", name: value });
        assert_eq!(ada.patch(&own, &[], &change).status, 422, "{change}");
        let new = json!({ "email": "new@example.com", "name": "New", name: value });
        assert_eq!(stage.operator.post("/users", &new).status, 422, "{new}");
    }
    assert_eq!(stage.operator.get(&own).body, before);
    for (name, value) in [
        ("id", json!(stage.bob)),
        ("status", json!("delivered")),
        ("total", json!(0)),
        ("placed_at", json!("2000-01-01T00:00:00Z")),
        ("subject", json!("olga")),
    ] {
        let mut order = an_order(&stage.ada);
        order[name] = value;
        assert_eq!(ada.post("/orders", &order).status, 422, "{order}");
    }
    assert_eq!(ada.get("/orders").body["items"], json!([]));
}

#[test]
fn a_parameter_given_twice_opens_nothing() {
    let stage = Stage::new();
    let (ada, id, other) = (stage.user(&stage.ada), &stage.ada, &stage.bob);
    place(&stage.operator, other);
    for path in [
        format!("/orders?customer_id={id}&customer_id={other}"),
        format!("/orders?customer_id={other}&customer_id={id}"),
        format!("/orders?customer_id={id}&CUSTOMER_ID={other}"),
        format!("/orders?customer_id[]={other}"),
        format!("/orders?customer_id={id},{other}"),
        format!("/orders?customer_id={id}%00{other}"),
        "/orders?customer_id=*".to_owned(),
        format!("/customers/{id}?id={other}"),
        format!("/users/{id}?id={other}&user_id={other}"),
    ] {
        let answer = ada.get(&path);
        assert!(
            answer.status == 400 || answer.status == 200,
            "{path}: {answer:?}"
        );
        assert!(
            !answer.body.to_string().contains(other.as_str()),
            "{path}: {answer:?}"
        );
    }
    let twice = format!(
        "{{\"customer_id\": \"{id}\", \"customer_id\": \"{other}\", \"currency\": \"EUR\", \"items\": [{{\"sku\": \"A\", \"quantity\": 1, \"unit_price\": 1}}]}}"
    );
    let answer = ada.send(
        "POST",
        "/orders",
        &[("Content-Type", "application/json")],
        &twice,
    );
    assert_eq!(answer.status, 422);
}

#[test]
fn no_guess_and_no_detour_leads_to_what_is_somebody_elses() {
    let stage = Stage::new();
    let ada = stage.user(&stage.ada);
    let (bob, order) = (&stage.bob, place(&stage.operator, &stage.bob));
    // Ids grow with time, so neighbours are near; and none of them answers.
    let number = u128::from_str_radix(&bob.replace('-', ""), 16).unwrap();
    for step in 1..200_u128 {
        let guess = uuid::Uuid::from_u128(number - 100 + step);
        assert_eq!(ada.get(&format!("/users/{guess}")).status, 404);
    }
    for path in [
        format!("/users/{}", bob.to_uppercase()),
        format!("/users/{}", bob.replace('-', "")),
        format!("/users/%7B{bob}%7D"),
        format!("/users/urn:uuid:{bob}"),
        format!("/users/{}/../{bob}", stage.ada),
        format!("/users/{}%2f..%2f{bob}", stage.ada),
        format!("/users/{bob}/"),
        format!("//users/{bob}"),
        format!("/./users/{bob}"),
        format!("/users/{bob};x=y"),
        format!("/users/{bob}%00"),
        format!("/USERS/{bob}"),
        format!("/orders/{}", order.to_uppercase()),
        format!("/orders/{order}/"),
        "/users//feed".to_owned(),
        "/users/feed/".to_owned(),
        "/users/feed%20".to_owned(),
        "/users/./feed".to_owned(),
        "/users/%66eed".to_owned(),
        "/metrics/".to_owned(),
        "/health/../metrics".to_owned(),
        "/health/..%2fmetrics".to_owned(),
        "/customers/../users".to_owned(),
    ] {
        let answer = stage.server.raw(
            format!(
                "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
                stage.issuer.token(&stage.ada, "")
            )
            .as_bytes(),
        );
        let status = &answer[9..12];
        assert!(["400", "403", "404"].contains(&status), "{path}: {answer}");
    }
    for (name, value) in [
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Original-URL", "/users/feed"),
        ("X-Rewrite-URL", "/users/feed"),
        ("X-User-Id", bob.as_str()),
        ("X-Scope", "operator"),
        ("X-Forwarded-Host", "localhost"),
        ("X-Forwarded-User", bob.as_str()),
    ] {
        assert_eq!(
            ada.send("GET", &format!("/users/{bob}"), &[(name, value)], "")
                .status,
            404,
            "{name}"
        );
        assert_eq!(
            ada.send("GET", "/users/feed", &[(name, value)], "").status,
            403,
            "{name}"
        );
    }
    assert_eq!(ada.send("TRACE", "/users", &[], "").status, 405);
}
