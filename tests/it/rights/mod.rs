//! Who may call: tokens, rights on each object, limits, and attacks on all three.

mod defaults;
mod hostile;
mod limits;
mod tokens;
mod trail;
mod walk;

use crate::harness::{Client, Issuer, Server, register};

/// A server with rights on, and clients for those who call it.
struct Stage {
    issuer: Issuer,
    server: Server,
    operator: Client,
    /// Two users, by their ids.
    ada: String,
    bob: String,
}

impl Stage {
    fn new() -> Self {
        let issuer = Issuer::new();
        let server = issuer.server();
        let operator = server.bearing(&issuer.token("olga", "operator"));
        let [ada, bob] =
            ["ada", "bob"].map(|name| register(&operator, &format!("{name}@example.com")));
        Self {
            issuer,
            server,
            operator,
            ada,
            bob,
        }
    }

    /// A client with the token of a user.
    fn user(&self, id: &str) -> Client {
        self.server.bearing(&self.issuer.token(id, ""))
    }
}
