//! The page in headless Chromium, scene by scene. `tests/browser/run` sets it up and runs these; tests/browser/look.mjs says what
//! has to be true of each.

use std::{
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{looks_often, page, verdict};
use crate::harness::{Client, Database, Issuer, Layout, Server, eventually, place, register};

/// Looks at the page of this server in a browser.
fn look(server: &Server, scene: &str, tokens: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/browser");
    let mut node = Command::new("node");
    node.current_dir(folder)
        .args(["look.mjs", scene, &format!("http://{}", server.address)])
        .args(tokens);
    assert!(node.status().unwrap().success(), "{scene}");
}

/// Callers of every kind, until dropped.
struct Traffic {
    stop: Arc<AtomicBool>,
    callers: Vec<thread::JoinHandle<()>>,
}

impl Traffic {
    fn start(server: &Server) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let caller = |number: usize| {
            let (client, stop) = (Client::new(server.address), Arc::clone(&stop));
            thread::spawn(move || {
                let user = register(&client, &format!("caller{number}@example.com"));
                let order = place(&client, &user);
                let mut turn = number;
                while !stop.load(Ordering::Relaxed) {
                    turn += 1;
                    match turn % 23 {
                        0 => drop(client.get("/users/nobody")),
                        1..5 => drop(place(&client, &user)),
                        5..12 => drop(client.get(&format!("/users/{user}"))),
                        _ => drop(client.get(&format!("/orders/{order}"))),
                    }
                    // So that it is a plot and no wall.
                    thread::sleep(std::time::Duration::from_millis(fastrand::u64(1..60)));
                }
            })
        };
        let callers = (0..12).map(caller).collect();
        Self { stop, callers }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for caller in self.callers.drain(..) {
            let _ = caller.join();
        }
    }
}

#[test]
#[ignore = "needs Chromium: tests/browser/run"]
fn all_is_well() {
    let server = Server::start();
    let _traffic = Traffic::start(&server);

    look(&server, "well", &[]);
}

#[test]
#[ignore = "needs Chromium: tests/browser/run"]
fn a_wall_is_breached() {
    let server = Server::start_with(Database::new(), looks_often);
    let mut admin = server.database.admin();
    admin
        .batch_execute(
            "GRANT USAGE ON SCHEMA users TO orders_service; GRANT SELECT ON users.accounts TO orders_service",
        )
        .unwrap();
    eventually("the page is red", || {
        verdict(&page(&server)).starts_with("A wall is")
    });

    look(&server, "breach", &[]);
}

#[test]
#[ignore = "needs Chromium: tests/browser/run"]
fn a_database_is_away() {
    let database = Database::alone(Layout::TwoServers);
    let server = Server::start_with(database.clone(), |_| {});
    let _undo = database.of("users").unplug();
    eventually("the page is red", || {
        verdict(&page(&server)).starts_with("users does not")
    });

    look(&server, "away", &[]);
}

#[test]
#[ignore = "needs Chromium: tests/browser/run"]
fn a_token_is_asked_for() {
    let issuer = Issuer::new();
    let server = issuer.server();
    let user = issuer.token("01900000-0000-7000-8000-000000000000", "");
    let operator = issuer.token("olga", "operator");

    look(&server, "token", &[&user, &operator]);
}
