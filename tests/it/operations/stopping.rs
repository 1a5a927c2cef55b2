//! SIGTERM and Ctrl-C: whatever was accepted is answered, and what was answered is true.

use std::{
    collections::{HashMap, HashSet},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use serde_json::json;

use super::{Logged, requests};
use crate::harness::eventually;

/// A request as its client saw it.
struct Sent {
    id: String,
    /// The status, and the user that was registered; `None` when the connection ended without an answer.
    answer: Option<(u64, Option<String>)>,
    /// Whether the client was told that the connection ends.
    was_last: bool,
}

/// One request and its answer.
fn ask(stream: &mut BufReader<TcpStream>, id: &str, head: &str, body: &str) -> Sent {
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: x\r\nX-Request-Id: {id}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let mut answer = || {
        stream.get_mut().write_all(request.as_bytes()).ok()?;
        let (mut status, mut length, mut was_last) = (None, 0, false);
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let line = line.trim().to_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.split(' ').next()?.parse().ok();
            } else if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            } else if line == "connection: close" {
                was_last = true;
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        Some((status?, body["id"].as_str().map(str::to_owned), was_last))
    };
    let answer = answer();
    Sent {
        id: id.to_owned(),
        was_last: answer.as_ref().is_some_and(|(.., was_last)| *was_last),
        answer: answer.map(|(status, user, _)| (status, user)),
    }
}

fn connect(address: SocketAddr) -> Option<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).ok()?;
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).ok()?;
    Some(BufReader::new(stream))
}

/// Registers and reads by turns until the server does not answer any more, on one connection or with a new one each time.
fn client(address: SocketAddr, name: &str, keeps: bool, asked: &AtomicUsize) -> Vec<Sent> {
    let mut sent: Vec<Sent> = Vec::new();
    let mut kept = None;
    loop {
        let Some(mut stream) = kept.take().or_else(|| connect(address)) else {
            return sent;
        };
        let number = sent.len();
        let id = format!("{name}-{number}");
        let user = json!({ "email": format!("{id}@example.com"), "name": "Ada" }).to_string();
        let (head, body) = if number.is_multiple_of(2) {
            ("POST /users", &*user)
        } else {
            ("GET /orders", "")
        };
        sent.push(ask(&mut stream, &id, head, body));
        asked.fetch_add(1, Ordering::Relaxed);
        match sent.last() {
            Some(last) if last.answer.is_none() || keeps && last.was_last => return sent,
            _ => kept = keeps.then_some(stream),
        }
    }
}

/// Stops a server in the middle of all that, and returns what each client saw, those that keep their connection first.
fn stop_under_load(logged: Logged, signal: &str) -> [Vec<Vec<Sent>>; 2] {
    let asked = AtomicUsize::new(0);
    let address = logged.server.client.address;
    let mut database = None;
    let mut log = String::new();
    let seen: Vec<Vec<Sent>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..48)
            .map(|number| {
                let asked = &asked;
                scope
                    .spawn(move || client(address, &format!("client-{number}"), number < 32, asked))
            })
            .collect();
        eventually("the load is on", || asked.load(Ordering::Relaxed) > 1_000);
        let kept;
        (log, kept) = logged.end_by(signal);
        database = Some(kept);
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });

    // Whatever the server began it ended, and its client heard of it.
    let heard: HashMap<&str, u64> = seen
        .iter()
        .flatten()
        .filter_map(|sent| Some((&*sent.id, sent.answer.as_ref()?.0)))
        .collect();
    for line in requests(&log) {
        let id = line["request_id"].as_str().unwrap();
        assert_eq!(line["status"].as_u64(), heard.get(id).copied(), "{line}");
    }
    // What was answered is there, and nothing else is.
    let answered: HashSet<&str> = seen
        .iter()
        .flatten()
        .filter_map(|sent| sent.answer.as_ref()?.1.as_deref())
        .collect();
    let stored = database
        .unwrap()
        .of("users")
        .sql("SELECT id FROM users.accounts");
    assert_eq!(answered, stored.iter().map(|id| &**id).collect());
    let mut kept = seen;
    let fresh = kept.split_off(32);
    [kept, fresh]
}

#[test]
fn nothing_that_was_begun_is_left_unanswered() {
    stop_under_load(Logged::start(&[]), "INT");
}

#[test]
fn with_time_for_it_every_connection_ends_with_an_answer_that_says_so() {
    let [kept, _] = stop_under_load(Logged::start(&[("GRACE", "2")]), "TERM");

    for sent in kept {
        let last = sent.last().unwrap();
        assert!(last.answer.is_some() && last.was_last, "{}", last.id);
    }
}

#[test]
fn readiness_is_red_while_a_server_waits_to_stop_and_it_answers_all_else() {
    let logged = Logged::start(&[("GRACE", "3600")]);
    let client = &logged.server.client;
    assert_eq!(client.get("/health/ready").status, 200);

    logged.server.signal("TERM");

    eventually("readiness is red", || {
        client.get("/health/ready").status == 503
    });
    assert_eq!(client.get("/health/live").status, 200);
    assert_eq!(client.get("/users").status, 200);
    // Another one does not wait.
    let mut server = logged.server;
    eventually("it ends", || {
        server.signal("TERM");
        server.child.try_wait().unwrap().is_some()
    });
    assert!(server.ended().success());
}
