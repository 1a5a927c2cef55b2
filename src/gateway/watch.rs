//! The fifth wall at the entrance: nobody is let in before every service was looked at, and none is left unwatched.

use std::{fmt, sync::Arc};

use futures_util::future::join_all;
use tokio::time::{Duration, sleep};

use super::Doors;
use crate::{
    db::{
        Look, Terms,
        audit::{Error, Finding},
    },
    http::Door,
};

/// How soon a service is examined again whose database could not be reached.
const RETRY: Duration = Duration::from_secs(1);

/// Breaches that keep the port closed.
#[derive(Debug)]
pub(crate) struct Refused(Vec<(&'static str, Finding)>);

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the walls do not hold, so nothing is served")?;
        for (number, (service, finding)) in (1..).zip(&self.0) {
            write!(f, "\n{number:>3}. {service}: {finding}")?;
        }
        Ok(())
    }
}

/// Examines every service before the port is opened. A service whose database is away does not keep the others from
/// serving: it stays shut until it was examined.
pub(crate) async fn admit(doors: &Doors, terms: &Terms) -> Result<(), Refused> {
    let mut refused = Vec::new();
    for (name, result) in examine(doors, terms).await {
        match result {
            Ok(look) => refused.extend(look.findings.iter().map(|one| (name, one.clone()))),
            Err(error) => tracing::warn!(service = name, "{name} is not served yet: {error}"),
        }
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(Refused(refused))
    }
}

/// Examines every service again and again, until dropped: each for itself, so that a database that hangs delays no look at
/// another. A breach turns readiness red and stands in the log by its id; `audit` tells the rest.
pub(crate) async fn watch(doors: Doors, terms: Terms, interval: Duration) {
    join_all(
        doors
            .iter()
            .map(|door| watch_one(&**door, &terms, interval)),
    )
    .await;
}

async fn watch_one(door: &dyn Door, terms: &Terms, interval: Duration) {
    let name = door.name();
    let retry = RETRY.min(interval);
    // Its database may have been away when the port was opened; then it is shut, and waits for this look.
    let mut pause = retry;
    let mut blind = false;
    loop {
        sleep(pause).await;
        pause = match door.examine(terms).await {
            Ok(look) => {
                for finding in &look.findings {
                    tracing::error!(
                        service = name,
                        finding = finding.id(),
                        "a wall of {name} is breached; run audit"
                    );
                }
                interval
            }
            Err(error) => {
                if !blind {
                    tracing::warn!(
                        service = name,
                        "the walls of {name} cannot be looked at: {}",
                        reason(&error)
                    );
                }
                blind = true;
                pause = retry;
                continue;
            }
        };
        blind = false;
    }
}

/// Why an examination failed, without the words of PostgreSQL.
const fn reason(error: &Error) -> &'static str {
    match error {
        Error::Unreachable(_) | Error::Silent | Error::NoSchema => "the database does not answer",
        Error::Refused(_) => "the database refuses a question of the audit; run audit",
    }
}

async fn examine(doors: &Doors, terms: &Terms) -> Vec<(&'static str, Result<Arc<Look>, Error>)> {
    join_all(
        doors
            .iter()
            .map(async |door| (door.name(), door.examine(terms).await)),
    )
    .await
}
