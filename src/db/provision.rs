//! Builds the walls inside PostgreSQL: roles, schemas, limits, and the revocations that close what PUBLIC may do.
//!
//! Two read-only queries compare the catalogs with what should be, and return the statements that are missing; running
//! them is all that is left to do. So a second run finds nothing, and a drifted database is repaired by the same code
//! that first made it.

use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _,
    connection::SimpleConnection as _,
    sql_query,
    sql_types::{Integer, Jsonb, Text},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DatabaseUrl, Service};

const CLUSTER: &str = include_str!("provision_cluster.sql");
const DATABASE: &str = include_str!("provision_database.sql");

/// A database that could not be provisioned.
#[derive(Debug, thiserror::Error)]
#[error("cannot provision the database: {0}")]
pub struct Error(String);

/// What one run is to make true.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The database that the schemas stand in; made when it is missing.
    pub database: &'a str,
    /// Connections that a serving role may hold at once, over all processes that serve.
    pub connections: u16,
}

/// Provisions `services` in one database and returns the statements that were needed: none, when all stood already.
///
/// `admin` must log in as a superuser.
///
/// # Errors
///
/// When the administrator cannot log in, or PostgreSQL refuses a statement.
pub fn run(
    admin: &DatabaseUrl,
    plan: Plan<'_>,
    services: &[Service],
) -> Result<Vec<String>, Error> {
    let list = Value::Array(
        services
            .iter()
            .map(|service| {
                json!({
                    "schema": service.name(),
                    "owner": service.owner_role(),
                    "service": service.service_role(),
                })
            })
            .collect(),
    );
    let mut done = Vec::new();

    let mut cluster = connect(admin)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "catalog queries are this module's work"
    )]
    let query = sql_query(CLUSTER)
        .bind::<Jsonb, _>(&list)
        .bind::<Text, _>(plan.database)
        .bind::<Integer, _>(i32::from(plan.connections));
    let steps: Vec<Step> = query.load(&mut cluster).map_err(|error| refused(&error))?;
    apply(&mut cluster, steps, &mut done)?;

    let mut database = connect(&admin.with_database(plan.database))?;
    #[expect(
        clippy::disallowed_methods,
        reason = "catalog queries are this module's work"
    )]
    let query = sql_query(DATABASE).bind::<Jsonb, _>(&list);
    let steps: Vec<Step> = query.load(&mut database).map_err(|error| refused(&error))?;
    apply(&mut database, steps, &mut done)?;

    Ok(done)
}

/// Gives `role` a new random password and returns it.
///
/// # Errors
///
/// When the administrator cannot log in, or may not change the role.
pub fn new_password(admin: &DatabaseUrl, role: &str) -> Result<SecretString, Error> {
    let password = random_password();
    let statement = format!("ALTER ROLE {role} PASSWORD '{}'", password.expose_secret());
    execute(&mut connect(admin)?, &statement)
        .map_err(|_| Error(format!("{role} cannot be given a password")))?;
    Ok(password)
}

/// 244 random bits in hexadecimal, which needs no quoting anywhere.
pub(super) fn random_password() -> SecretString {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()).into()
}

/// One statement of the plan.
#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    statement: String,
}

fn apply(conn: &mut PgConnection, steps: Vec<Step>, done: &mut Vec<String>) -> Result<(), Error> {
    for Step { statement } in steps {
        // One by one, because CREATE DATABASE stands in no transaction; an interrupted run is finished by the next.
        execute(conn, &statement).map_err(|error| Error(format!("{statement}: {error}")))?;
        done.push(statement);
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "GRANT, REVOKE and their like are no queries"
)]
fn execute(conn: &mut PgConnection, statement: &str) -> diesel::QueryResult<()> {
    conn.batch_execute(statement)
}

fn connect(admin: &DatabaseUrl) -> Result<PgConnection, Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "an administrator's connection, used once and never pooled"
    )]
    PgConnection::establish(admin.expose())
        .map_err(|_| Error("the administrator cannot log in".into()))
}

fn refused(error: &diesel::result::Error) -> Error {
    Error(error.to_string())
}
