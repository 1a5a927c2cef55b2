//! What a test stands on: a server of its own, on a database of its own.

mod client;
mod cluster;
mod document;
mod issuer;
mod process;
mod server;
mod trouble;

pub(crate) use self::{
    client::{Answer, Client, Waiting},
    cluster::{Database, Layout, Part, connect, sqlstate, start_cluster},
    document::DOCUMENT,
    issuer::{Issuer, now},
    process::{PROGRAM, Printed, Process, command},
    server::Server,
    trouble::{Undo, postmaster, signal},
};

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Registers a user and returns its id.
pub(crate) fn register(server: &Client, email: &str) -> String {
    let user = server.post("/users", &json!({ "email": email, "name": "Ada Lovelace" }));
    assert_eq!(user.status, 201, "{user:?}");
    user.text("/id")
}

/// An order of two items, 1,098 minor units in all.
pub(crate) fn an_order(customer: &str) -> Value {
    json!({
        "customer_id": customer,
        "currency": "EUR",
        "items": [
            { "sku": "TEA-100", "quantity": 2, "unit_price": 499 },
            { "sku": "CUP-1", "quantity": 1, "unit_price": 100 },
        ],
    })
}

/// Places [`an_order`] and returns its id.
pub(crate) fn place(server: &Client, customer: &str) -> String {
    let order = server.post("/orders", &an_order(customer));
    assert_eq!(order.status, 201, "{order:?}");
    order.text("/id")
}

/// Waits until it holds, and fails when it does not within a minute.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
