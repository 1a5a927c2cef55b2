//! One connection, made outside any pool; and why it could not be made, in words that are safe to log.

use std::{
    mem,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use diesel::{Connection as _, PgConnection};

use super::DatabaseUrl;

/// A database that cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(&'static str);

/// Held by each login while it is under way. OpenSSL tidies up when the process exits, and a login that still goes on then
/// crashes it.
static LOGINS: RwLock<()> = RwLock::new(());

/// Begins a login; it is over when the guard is dropped.
pub(super) fn login() -> RwLockReadGuard<'static, ()> {
    LOGINS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Lets no login begin any more and waits for those under way, each of which has an end. For the end of the process only.
pub(crate) fn end_logins() {
    mem::forget(LOGINS.write().unwrap_or_else(PoisonError::into_inner));
}

/// Connects, for work that happens once: provisioning, migration, an audit.
pub(super) fn connect(url: &DatabaseUrl) -> Result<PgConnection, Unreachable> {
    let _login = login();
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that connects outside a pool"
    )]
    PgConnection::establish(url.for_libpq().expose())
        .map_err(|error| Unreachable::because(&error.to_string()))
}

impl Unreachable {
    /// Says in our own words what libpq said: its message names roles, addresses and databases.
    pub(super) fn because(message: &str) -> Self {
        const REASONS: [(&str, &str); 15] = [
            ("the database system is", STARTS_OR_STOPS),
            ("password authentication failed", "the login is refused"),
            ("no password supplied", "the login is refused"),
            ("is not permitted to log in", "the login is refused"),
            (
                "permission denied for database",
                "the role may not enter the database",
            ),
            (
                "is not currently accepting connections",
                "the database accepts no connections",
            ),
            ("does not exist", "there is no such database or role"),
            ("too many connections", "the role has no connection left"),
            ("too many clients", "the server has no connection left"),
            (
                "remaining connection slots",
                "the server has no connection left",
            ),
            ("Connection refused", "nobody listens there"),
            ("No such file or directory", "nobody listens there"),
            ("could not translate host name", "there is no such host"),
            (
                "certificate",
                "the server's certificate is not to be trusted",
            ),
            ("timeout expired", "it does not answer"),
        ];
        let reason = REASONS.iter().find(|(words, _)| message.contains(words));
        Self(reason.map_or("the connection failed", |(_, reason)| reason))
    }

    /// Whether the server is only on its way up or down.
    pub(super) fn is_passing(self) -> bool {
        self.0 == STARTS_OR_STOPS
    }
}

const STARTS_OR_STOPS: &str = "the server starts or stops";
