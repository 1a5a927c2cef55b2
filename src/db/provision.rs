//! Builds the walls inside PostgreSQL: roles, schemas, limits, and the revocations that close what PUBLIC may do.
//!
//! Two read-only queries compare the catalogs with what should be, and return the statements that are missing; running
//! them is all that is left to do. So a second run finds nothing, and a drifted database is repaired by the same code
//! that first made it.

use diesel::{
    PgConnection, QueryableByName, RunQueryDsl as _,
    connection::SimpleConnection as _,
    sql_query,
    sql_types::{Bool, Integer, Jsonb, Text},
};
use postgres_protocol::password::scram_sha_256;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DatabaseUrl, Service, connect::connect};

const CLUSTER: &str = include_str!("provision_cluster.sql");
const DATABASE: &str = include_str!("provision_database.sql");

/// A database that could not be provisioned.
#[derive(Debug, thiserror::Error)]
#[error("cannot provision the database: {0}")]
pub struct Error(String);

/// What is to be true of one database.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// How the administrator logs in: a superuser or, on a managed server, a role that may create roles and databases.
    pub admin: &'a DatabaseUrl,
    /// The database that the schemas stand in; made when it is missing.
    pub database: &'a str,
    /// Connections that a serving role may hold at once, over all processes that serve.
    pub connections: u16,
    /// The services that keep their data there.
    pub services: &'a [Service],
}

/// What a run did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The statements that were needed, in their order; none when all stood already.
    pub done: Vec<String>,
    /// The statements that the server refused, and so what stays open: a managed server lets nobody change `pg_catalog`.
    pub open: Vec<String>,
}

/// What is set and what is closed, for provisioning to make so and for the audit to find otherwise.
///
/// `settings` are what each role's sessions start with: `serves` tells the serving roles from the owners. Besides, each role's
/// `search_path` is its own schema. `lc_messages` is here because Diesel hides the SQLSTATE, and the program knows a few
/// conditions by English words.
///
/// `functions` are those of `pg_catalog`, by their signatures, with which one role can starve, signal or outwit another, and
/// which PostgreSQL opens to everyone: advisory locks fill the cluster's one lock table; large objects belong to no schema;
/// the `*_to_xml` family, `ts_stat` and `ts_rewrite` run a query out of a text, so that they turn one injected expression into
/// any query.
pub(super) fn wanted() -> Value {
    json!({
        "settings": [
            { "serves": true, "name": "statement_timeout", "value": "3s" },
            { "serves": true, "name": "lock_timeout", "value": "1s" },
            { "serves": true, "name": "idle_in_transaction_session_timeout", "value": "5s" },
            { "serves": true, "name": "temp_file_limit", "value": "64MB" },
            { "serves": true, "name": "lc_messages", "value": "C" },
            { "serves": false, "name": "lock_timeout", "value": "5s" },
        ],
        "functions": concat!(
            r"^(pg_(try_)?advisory_|lo_|lowrite\(|loread\(",
            r"|(query|cursor|table|schema|database)_to_xml|ts_stat\(|ts_rewrite\(tsquery,text\)",
            r"|pg_notify\(|pg_export_snapshot\(|pg_logical_emit_message\(|pg_sleep(_for|_until)?\()",
        ),
    })
}

impl Plan<'_> {
    /// The statements that are missing, without running any.
    ///
    /// # Errors
    ///
    /// When the administrator cannot log in or cannot read the catalogs.
    pub fn missing(&self) -> Result<Vec<String>, Error> {
        let mut cluster = self.connect()?;
        let mut statements = self.missing_in_cluster(&mut cluster)?;
        if self.exists(&mut cluster)? {
            cluster = self.connect_inside()?;
        }
        statements.extend(self.missing_in_database(&mut cluster)?);
        Ok(statements)
    }

    /// Runs what is missing.
    ///
    /// # Errors
    ///
    /// When the administrator cannot log in, or something without which nothing works cannot be made.
    pub fn run(&self) -> Result<Report, Error> {
        let mut done = Vec::new();

        let mut cluster = self.connect()?;
        let steps = self.missing_in_cluster(&mut cluster)?;
        let refused = apply(&mut cluster, steps, &mut done);
        if !self.exists(&mut cluster)? {
            return Err(Error(refused.join("; ")));
        }

        let mut inside = self.connect_inside()?;
        let borrowed = self.borrow_owners(&mut inside)?;
        let steps = self.missing_in_database(&mut inside)?;
        apply(&mut inside, steps, &mut done);
        for owner in borrowed {
            // Only what we gave ourselves; the next run revokes it if this one breaks off.
            let _ = execute(&mut inside, &format!("REVOKE {owner} FROM CURRENT_USER"));
        }

        // PostgreSQL answers some refused revocations with a warning only, so ask again what is missing.
        let open = self.missing()?;
        let vital = [
            "CREATE",
            "ALTER SCHEMA",
            "GRANT CONNECT",
            "GRANT USAGE ON SCHEMA",
        ];
        if let Some(vital) = open
            .iter()
            .find(|step| vital.iter().any(|word| step.starts_with(word)))
        {
            return Err(Error(format!("the server refuses: {vital}")));
        }
        done.retain(|step| !open.contains(step));
        Ok(Report { done, open })
    }

    /// Sets `role`'s password, unless it is this one already. Returns whether it was set.
    ///
    /// # Errors
    ///
    /// When the administrator may not change the role.
    pub fn ensure_password(&self, role: &str, password: &SecretString) -> Result<bool, Error> {
        if connect(&self.login(role, password)).is_ok() {
            return Ok(false);
        }
        self.set_password(role, password)?;
        Ok(true)
    }

    /// Sets `role`'s password. The server, and so its log, sees the SCRAM verifier only.
    ///
    /// # Errors
    ///
    /// When the administrator may not change the role.
    pub fn set_password(&self, role: &str, password: &SecretString) -> Result<(), Error> {
        let verifier = scram_sha_256(password.expose_secret().as_bytes());
        let statement = format!("ALTER ROLE {role} PASSWORD '{verifier}'");
        execute(&mut self.connect()?, &statement)
            .map_err(|_| Error(format!("{role} cannot be given a password")))
    }

    /// The URL by which `role` logs in to the plan's database.
    pub fn login(&self, role: &str, password: &SecretString) -> DatabaseUrl {
        self.admin
            .with_login(role, password)
            .with_database(self.database)
    }

    fn connect(&self) -> Result<PgConnection, Error> {
        connect(self.admin).map_err(|why| Error(format!("the administrator cannot log in: {why}")))
    }

    fn connect_inside(&self) -> Result<PgConnection, Error> {
        connect(&self.admin.with_database(self.database)).map_err(|why| {
            Error(format!(
                "the administrator cannot log in to {}: {why}",
                self.database
            ))
        })
    }

    fn list(&self) -> Value {
        let names = |service: &Service| json!({ "schema": service.name(), "owner": service.owner_role(), "service": service.service_role() });
        self.services.iter().map(names).collect()
    }

    fn missing_in_cluster(&self, conn: &mut PgConnection) -> Result<Vec<String>, Error> {
        #[expect(
            clippy::disallowed_methods,
            reason = "catalog queries are this module's work"
        )]
        let query = sql_query(CLUSTER)
            .bind::<Jsonb, _>(self.list())
            .bind::<Text, _>(self.database)
            .bind::<Integer, _>(i32::from(self.connections));
        statements(query.load(conn))
    }

    fn missing_in_database(&self, conn: &mut PgConnection) -> Result<Vec<String>, Error> {
        #[expect(
            clippy::disallowed_methods,
            reason = "catalog queries are this module's work"
        )]
        let query = sql_query(DATABASE)
            .bind::<Jsonb, _>(self.list())
            .bind::<Text, _>(self.database)
            .bind::<Jsonb, _>(wanted());
        statements(query.load(conn))
    }

    fn exists(&self, conn: &mut PgConnection) -> Result<bool, Error> {
        #[expect(
            clippy::disallowed_methods,
            reason = "catalog queries are this module's work"
        )]
        let query =
            sql_query("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS answer")
                .bind::<Text, _>(self.database);
        Ok(query
            .get_result::<Answer>(conn)
            .map_err(|error| Error(error.to_string()))?
            .answer)
    }

    /// An administrator who is no superuser can make a schema for a role, and set its defaults, only as its member. Makes
    /// it one of each owner for the time being.
    fn borrow_owners(&self, conn: &mut PgConnection) -> Result<Vec<String>, Error> {
        #[expect(
            clippy::disallowed_methods,
            reason = "catalog queries are this module's work"
        )]
        let query =
            sql_query("SELECT rolsuper AS answer FROM pg_roles WHERE rolname = current_user");
        if query
            .get_result::<Answer>(conn)
            .map_err(|error| Error(error.to_string()))?
            .answer
        {
            return Ok(Vec::new());
        }
        let owners = self.services.iter().map(Service::owner_role);
        Ok(owners
            .filter(|owner| execute(conn, &format!("GRANT {owner} TO CURRENT_USER")).is_ok())
            .collect())
    }
}

/// 244 random bits in hexadecimal, which needs no quoting anywhere.
pub fn random_password() -> SecretString {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()).into()
}

/// One statement of a plan.
#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    statement: String,
}

/// Yes or no.
#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    answer: bool,
}

fn statements(steps: diesel::QueryResult<Vec<Step>>) -> Result<Vec<String>, Error> {
    let steps = steps.map_err(|error| Error(error.to_string()))?;
    Ok(steps.into_iter().map(|step| step.statement).collect())
}

/// Runs the steps and returns why some were refused. One by one, because `CREATE DATABASE` stands in no transaction; an
/// interrupted run is finished by the next.
fn apply(conn: &mut PgConnection, steps: Vec<String>, done: &mut Vec<String>) -> Vec<String> {
    let mut refused = Vec::new();
    for step in steps {
        match execute(conn, &step) {
            Ok(()) => done.push(step),
            Err(error) => refused.push(format!("{step}: {error}")),
        }
    }
    refused
}

#[expect(
    clippy::disallowed_methods,
    reason = "GRANT, REVOKE and their like are no queries"
)]
fn execute(conn: &mut PgConnection, statement: &str) -> diesel::QueryResult<()> {
    conn.batch_execute(statement)
}
