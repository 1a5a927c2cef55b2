//! Brings one service's schema to this binary's version, as the service's owner; and tells which version it has.
//!
//! Diesel writes the history into `__diesel_schema_migrations`, unqualified; provisioning pins the owner's `search_path`
//! to the service's schema, so each service has a history of its own and two sets may use one version number.

use std::collections::BTreeSet;

use diesel::{
    PgConnection, QueryableByName, RunQueryDsl as _,
    pg::Pg,
    sql_query,
    sql_types::{Bool, Text},
};
use diesel_migrations::MigrationHarness as _;

use super::{DatabaseUrl, Service, connect::connect};

/// A schema that could not be brought to this binary's version, or not be looked at.
#[derive(Debug, thiserror::Error)]
#[error("cannot migrate {service}: {reason}")]
pub struct Error {
    service: &'static str,
    reason: String,
}

/// The migrations of a schema, by version.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Those that have run.
    pub applied: BTreeSet<String>,
    /// Those that this binary has and the schema lacks.
    pub pending: BTreeSet<String>,
    /// Those that have run and that this binary does not know: a newer one was here.
    pub unknown: BTreeSet<String>,
}

/// Runs the migrations that `service` still lacks and returns their names.
///
/// Safe to call from several processes at once: they queue on a lock of the service. `url` must log in as the service's
/// owner.
///
/// # Errors
///
/// When the owner cannot log in, does not stand in its own schema, or a migration fails; earlier ones stay.
pub fn run(service: &Service, url: &DatabaseUrl) -> Result<Vec<String>, Error> {
    let fail = |reason: String| Error {
        service: service.name(),
        reason,
    };
    let mut conn = connect(url).map_err(|why| fail(format!("the owner cannot log in: {why}")))?;

    if !stands_at_home(&mut conn, service).map_err(|e| fail(e.to_string()))? {
        let owner = service.owner_role();
        return Err(fail(format!(
            "this login is not {owner}, or its search_path is not {}; run provision",
            service.name()
        )));
    }
    take_lock(&mut conn, service).map_err(|e| fail(e.to_string()))?;
    let done = conn
        .run_pending_migrations(service.migrations())
        .map_err(|e| fail(e.to_string()))?;
    Ok(done.iter().map(ToString::to_string).collect())
}

/// Compares the schema with this binary. A plain SELECT, so that the serving role can ask too: Diesel's own question
/// begins by creating the history.
///
/// # Errors
///
/// When the database cannot be reached or the history cannot be read.
pub fn status(service: &Service, url: &DatabaseUrl) -> Result<Status, Error> {
    let fail = |reason: String| Error {
        service: service.name(),
        reason,
    };
    let mut conn = connect(url).map_err(|why| fail(format!("cannot log in: {why}")))?;
    status_on(&mut conn, service).map_err(|e| fail(e.to_string()))
}

/// [`status`] on a connection that is there already.
pub(super) fn status_on(conn: &mut PgConnection, service: &Service) -> diesel::QueryResult<Status> {
    let history = format!("{}.__diesel_schema_migrations", service.name());
    #[expect(
        clippy::disallowed_methods,
        reason = "the history is no service's table"
    )]
    let exists = sql_query("SELECT to_regclass($1) IS NOT NULL AS yes").bind::<Text, _>(&history);
    let applied: BTreeSet<String> = if exists.get_result::<Answer>(conn)?.yes {
        #[expect(
            clippy::disallowed_methods,
            reason = "the history is no service's table"
        )]
        let rows: Vec<Version> = sql_query(format!("SELECT version FROM {history}")).load(conn)?;
        rows.into_iter().map(|row| row.version).collect()
    } else {
        BTreeSet::new()
    };
    let known: BTreeSet<String> =
        diesel::migration::MigrationSource::<Pg>::migrations(&service.migrations())
            .map_err(diesel::result::Error::QueryBuilderError)?
            .iter()
            .map(|migration| migration.name().version().to_string())
            .collect();
    let pending = known.difference(&applied).cloned().collect();
    let unknown = applied.difference(&known).cloned().collect();
    Ok(Status {
        applied,
        pending,
        unknown,
    })
}

/// Whether unqualified names, and so Diesel's history, go to the service's own schema, and the login is its owner.
fn stands_at_home(conn: &mut PgConnection, service: &Service) -> diesel::QueryResult<bool> {
    #[expect(
        clippy::disallowed_methods,
        reason = "asks who we are, which is no table's business"
    )]
    let query =
        sql_query("SELECT coalesce(current_schema() = $1 AND session_user = $2, false) AS yes")
            .bind::<Text, _>(service.name())
            .bind::<Text, _>(service.owner_role());
    Ok(query.get_result::<Answer>(conn)?.yes)
}

/// Diesel takes no lock of its own (diesel-rs/diesel#3707): of four migrators at once, three used to fail. This lock is
/// the session's and ends with it, whichever way the process ends.
fn take_lock(conn: &mut PgConnection, service: &Service) -> diesel::QueryResult<()> {
    const LOCK: &str = "SELECT set_config('lock_timeout', '60s', false), \
                               pg_advisory_lock(hashtextextended('migrate ' || $1, 0)), \
                               set_config('lock_timeout', '5s', false)";
    #[expect(clippy::disallowed_methods, reason = "a lock is no table's business")]
    sql_query(LOCK)
        .bind::<Text, _>(service.name())
        .execute(conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}
