//! Brings one service's schema to this binary's version, as the service's owner.
//!
//! Diesel writes the history into `__diesel_schema_migrations`, unqualified; provisioning pins the owner's `search_path`
//! to the service's schema, so each service has a history of its own and two sets may use one version number.

use diesel::{Connection as _, PgConnection, RunQueryDsl as _, sql_query, sql_types::Text};
use diesel_migrations::MigrationHarness as _;

use super::{DatabaseUrl, Service};

/// A schema that could not be brought to this binary's version.
#[derive(Debug, thiserror::Error)]
#[error("cannot migrate {service}: {reason}")]
pub struct Error {
    service: &'static str,
    reason: String,
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
    #[expect(
        clippy::disallowed_methods,
        reason = "migrations run once, as the owner, before any pool exists"
    )]
    let mut conn = PgConnection::establish(url.expose())
        .map_err(|_| fail("the owner cannot log in".into()))?;

    let schema =
        diesel::select(functions::current_schema()).get_result::<Option<String>>(&mut conn);
    if schema.map_err(|e| fail(e.to_string()))?.as_deref() != Some(service.name()) {
        return Err(fail(format!(
            "the owner's search_path is not {}; provision the database first",
            service.name()
        )));
    }
    take_lock(&mut conn, service).map_err(|e| fail(e.to_string()))?;

    let done = conn
        .run_pending_migrations(service.migrations())
        .map_err(|e| fail(e.to_string()))?;
    Ok(done.iter().map(ToString::to_string).collect())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a function of PostgreSQL's own, declared where the wall is"
)]
mod functions {
    diesel::define_sql_function! {
        /// The schema that unqualified names go to.
        fn current_schema() -> diesel::sql_types::Nullable<diesel::sql_types::Text>;
    }
}

/// Diesel takes no lock of its own (diesel-rs/diesel#3707): of four migrators at once, three used to fail. This lock is
/// the session's and ends with it, whichever way the process ends.
fn take_lock(conn: &mut PgConnection, service: &Service) -> diesel::QueryResult<()> {
    const LOCK: &str = "SELECT set_config('lock_timeout', '60s', false), \
                               pg_advisory_lock(hashtextextended('migrate ' || $1, 0)), \
                               set_config('lock_timeout', '5s', false)";
    #[expect(
        clippy::disallowed_methods,
        reason = "a lock is no table's business, so Diesel has no word for it"
    )]
    sql_query(LOCK)
        .bind::<Text, _>(service.name())
        .execute(conn)?;
    Ok(())
}
