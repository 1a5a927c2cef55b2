//! What can go wrong between a service and its database, in words that are safe to log.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A failure of the database, or of the way to it.
///
/// `Display` and `Debug` are for logs: they name neither SQL nor a constraint, a role or a value. What PostgreSQL had to
/// say beyond that stands in its own log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// No connection could be had: the server is away, refuses us, or all our connections are taken.
    #[error("the database cannot be reached")]
    Unavailable,
    /// As many callers wait already as may wait.
    #[error("too many requests wait for the database")]
    Busy,
    /// The answer did not come before the caller's deadline, or PostgreSQL cut the statement off.
    #[error("the database did not answer in time")]
    TimedOut,
    /// A constraint refused the rows.
    #[error("a constraint refused the rows")]
    Refused(Constraint),
    /// The work panicked; the panic itself is in the log.
    #[error("the work on the database panicked")]
    Panicked,
    /// Anything else: a bug of ours, or a wall that held.
    #[error("the database refused the query ({0})")]
    Failed(&'static str),
}

/// The name of a constraint, kept out of every log.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Constraint(String);

impl Constraint {
    /// Whether this is the constraint `name`.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.0 == name
    }
}

impl std::fmt::Debug for Constraint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("_")
    }
}

impl Error {
    /// A stored row is none that this program would have written: somebody else did, past the checks of the schema.
    pub(crate) const NOT_OURS: Self = Self::Failed("a stored row makes no sense");

    /// Whether one row of many may have caused this, so that the others deserve a try of their own.
    pub(crate) const fn may_be_one_rows_fault(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Panicked | Self::Failed(_) | Self::TimedOut => true,
            Self::Unavailable | Self::Busy => false,
        }
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, information) = error else {
            return Self::Failed("outside the database");
        };
        match kind {
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::ExclusionViolation
            | DatabaseErrorKind::RestrictViolation => Self::Refused(Constraint(
                information.constraint_name().unwrap_or_default().to_owned(),
            )),
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                Self::Unavailable
            }
            DatabaseErrorKind::SerializationFailure => Self::TimedOut,
            DatabaseErrorKind::NotNullViolation => Self::Failed("a value is missing"),
            DatabaseErrorKind::ReadOnlyTransaction => Self::Failed("the transaction is read-only"),
            _ => Self::from_message(information.message()),
        }
    }
}

impl Error {
    /// Diesel keeps no SQLSTATE, so the few conditions that are nobody's bug are known by PostgreSQL's words. Provisioning
    /// sets `lc_messages` to `C` for each role, so these words do not depend on the server's language.
    fn from_message(message: &str) -> Self {
        const CUT_OFF: [&str; 3] = [
            "canceling statement due to",
            "deadlock detected",
            "out of shared memory",
        ];
        const GOING_AWAY: [&str; 4] = [
            "terminating connection",
            "the database system is",
            "server closed the connection",
            "no connection to the server",
        ];

        if CUT_OFF.iter().any(|words| message.starts_with(words)) {
            Self::TimedOut
        } else if GOING_AWAY.iter().any(|words| message.contains(words)) {
            Self::Unavailable
        } else if message.starts_with("permission denied") {
            Self::Failed("permission denied")
        } else {
            Self::Failed("see the log of PostgreSQL")
        }
    }
}
