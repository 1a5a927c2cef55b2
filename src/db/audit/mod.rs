//! Finds every way across a wall, in any database and for any list of services.
//!
//! The audit only reads catalogs, so any role that may connect can run it: an operator's, CI's, or a service's own. Each
//! part is one query over a common start (`services.sql`) and yields a row for each breach. No row, no breach.

mod report;
mod rules;

use std::str::FromStr;

use diesel::{
    PgConnection, QueryableByName, RunQueryDsl as _,
    connection::SimpleConnection as _,
    sql_query,
    sql_types::{Jsonb, Text},
};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    DatabaseUrl, Service,
    connect::{Unreachable, connect},
    provision,
};

pub use self::rules::is_known;

const COMMON: &str = include_str!("services.sql");
const PARTS: [&str; 6] = [
    include_str!("roles.sql"),
    include_str!("owners.sql"),
    include_str!("grants.sql"),
    include_str!("databases.sql"),
    include_str!("crossings.sql"),
    include_str!("doors.sql"),
];
const MATRIX: &str = include_str!("matrix.sql");

/// A database that could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be reached.
    #[error("cannot look at the database: {0}")]
    Unreachable(#[from] Unreachable),
    /// It is another database than the services'.
    #[error("no service's schema stands in this database; name the right one in the URL")]
    NoSchema,
    /// It did not answer in time.
    #[error("cannot look at the database: it does not answer")]
    Silent,
    /// It did not answer the audit's questions.
    #[error("cannot look at the database: it refused a question of the audit ({0})")]
    Refused(#[from] diesel::result::Error),
}

/// A service as the audit sees it: four names, which need not follow this project's rule.
///
/// ```
/// use schema_per_service::db::audit::Subject;
///
/// let theirs: Subject = "billing=bill,bill_admin,bill_app".parse().unwrap();
///
/// assert_eq!((&*theirs.schema, &*theirs.owner, &*theirs.service), ("bill", "bill_admin", "bill_app"));
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Subject {
    /// What the service is called.
    pub name: String,
    /// The schema that is its own.
    pub schema: String,
    /// The role that owns the schema.
    pub owner: String,
    /// The role that serves.
    pub service: String,
}

/// One way across a wall.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub struct Finding {
    /// The kind of breach.
    #[diesel(sql_type = Text)]
    pub rule: String,
    /// Who gets across, or what does.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// What it gets at.
    #[diesel(sql_type = Text)]
    pub object: String,
    /// How.
    #[diesel(sql_type = Text)]
    pub privilege: String,
    /// The statement that closes it; where no single one does, a comment that says how.
    #[diesel(sql_type = Text)]
    pub fix: String,
}

/// What a role reaches in a schema, in words; empty for nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName, Serialize)]
pub struct Reach {
    /// A role that can log in.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// A service's schema.
    #[diesel(sql_type = Text)]
    pub schema: String,
    /// What the role reaches there.
    #[diesel(sql_type = Text)]
    pub reach: String,
}

/// What an audit saw.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Every role by every schema.
    pub matrix: Vec<Reach>,
    /// Every way across a wall, the same in the same order each time.
    pub findings: Vec<Finding>,
}

/// Audits the database at `url`, which may log in as anyone who may connect. `trusted` roles may reach everything.
///
/// # Errors
///
/// When the database cannot be reached or does not answer.
pub fn run(url: &DatabaseUrl, services: &[Subject], trusted: &[String]) -> Result<Report, Error> {
    let mut conn = connect(url)?;
    ready(&mut conn)?;
    if !services.is_empty() && standing_here(&mut conn, "", services)?.is_empty() {
        return Err(Error::NoSchema);
    }
    look(&mut conn, services, trusted)
}

/// [`run`] with the login of one service: those services whose schema stands elsewhere are left out.
///
/// # Errors
///
/// When the database cannot be reached or does not answer.
pub fn run_as(
    url: &DatabaseUrl,
    own: &str,
    services: &[Subject],
    trusted: &[String],
) -> Result<Report, Error> {
    let mut conn = connect(url)?;
    ready(&mut conn)?;
    let services = standing_here(&mut conn, own, services)?;
    look(&mut conn, &services, trusted)
}

fn look(
    conn: &mut PgConnection,
    services: &[Subject],
    trusted: &[String],
) -> Result<Report, Error> {
    let findings = findings(conn, services, trusted)?;
    let matrix = matrix(conn, services, trusted)?;
    Ok(Report { matrix, findings })
}

/// What every role that can log in reaches in every service's schema.
pub(super) fn matrix(
    conn: &mut PgConnection,
    services: &[Subject],
    trusted: &[String],
) -> Result<Vec<Reach>, diesel::result::Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "catalog queries are this module's work"
    )]
    let query = sql_query(format!("{COMMON}\n{MATRIX}"));
    query
        .bind::<Jsonb, _>(json!(services))
        .bind::<Jsonb, _>(json!(trusted))
        .load(conn)
}

/// Readies a connection for questions. Names are written with their schema unless the path leads to it, so a path of its own
/// makes every login see the same; and what a role set for its own sessions must not blind the audit.
pub(super) fn ready(conn: &mut PgConnection) -> Result<(), diesel::result::Error> {
    #[expect(clippy::disallowed_methods, reason = "SET is no query, and concerns this session only")]
    conn.batch_execute("SET search_path = pg_catalog, pg_temp; SET statement_timeout = '10s'; SET lock_timeout = '1s'")
}

/// Keeps those services whose schema stands in this database, and `own` in any case.
pub(super) fn standing_here(
    conn: &mut PgConnection,
    own: &str,
    services: &[Subject],
) -> Result<Vec<Subject>, diesel::result::Error> {
    #[derive(QueryableByName)]
    struct Schema {
        #[diesel(sql_type = Text)]
        name: String,
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "catalog queries are this module's work"
    )]
    let here: Vec<Schema> =
        sql_query("SELECT nspname::text AS name FROM pg_namespace").load(conn)?;
    let stands = |other: &&Subject| {
        other.name == own || here.iter().any(|schema| schema.name == other.schema)
    };
    Ok(services.iter().filter(stands).cloned().collect())
}

/// Asks all questions on one connection.
pub(super) fn findings(
    conn: &mut PgConnection,
    services: &[Subject],
    trusted: &[String],
) -> Result<Vec<Finding>, diesel::result::Error> {
    let mut findings: Vec<Finding> = Vec::new();
    for part in PARTS {
        #[expect(
            clippy::disallowed_methods,
            reason = "catalog queries are this module's work"
        )]
        let query = sql_query(format!("{COMMON}\n{part}"))
            .bind::<Jsonb, _>(json!(services))
            .bind::<Jsonb, _>(json!(trusted))
            .bind::<Jsonb, _>(provision::wanted());
        findings.extend(query.load::<Finding>(conn)?);
    }
    findings.sort();
    findings.dedup();
    Ok(findings)
}

impl Finding {
    /// A name for this very breach that is the same in every run and tells nothing but its kind, so that it may stand in a
    /// log.
    pub fn id(&self) -> String {
        let what = [&*self.rule, &self.role, &self.object, &self.privilege].join("\0");
        let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, what.as_bytes())
            .simple()
            .to_string();
        format!("{}-{}", self.rule, &hash[..8])
    }

    /// Whether it is accepted, by its rule or by its own id.
    pub fn is_accepted(&self, accepted: &[String]) -> bool {
        accepted
            .iter()
            .any(|name| *name == self.rule || *name == self.id())
    }

    /// What the breach allows.
    pub fn allows(&self) -> &'static str {
        rules::allows(&self.rule)
    }
}

impl From<&Service> for Subject {
    fn from(service: &Service) -> Self {
        Self {
            name: service.name().to_owned(),
            schema: service.name().to_owned(),
            owner: service.owner_role(),
            service: service.service_role(),
        }
    }
}

impl FromStr for Subject {
    type Err = &'static str;

    /// Reads `name=schema,owner,role`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = text
            .split_once('=')
            .map(|(name, rest)| (name, rest.split(',').map(str::trim).collect::<Vec<_>>()));
        match names {
            Some((name, parts)) if parts.len() == 3 && !name.is_empty() && !parts.contains(&"") => {
                Ok(Self {
                    name: name.to_owned(),
                    schema: parts[0].to_owned(),
                    owner: parts[1].to_owned(),
                    service: parts[2].to_owned(),
                })
            }
            Some(_) | None => Err("must be name=schema,owner,role"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_from_its_four_names() {
        let subject: Subject = "billing=bill,bill_admin,bill_app".parse().unwrap();

        assert_eq!((&*subject.name, &*subject.schema), ("billing", "bill"));
        assert_eq!(
            (&*subject.owner, &*subject.service),
            ("bill_admin", "bill_app")
        );
        for bad in [
            "",
            "billing",
            "billing=a,b",
            "billing=a,b,c,d",
            "=a,b,c",
            "billing=a,,c",
        ] {
            assert!(bad.parse::<Subject>().is_err(), "{bad}");
        }
    }

    #[test]
    fn every_rule_of_the_queries_says_what_it_allows() {
        for part in PARTS {
            for line in part.lines() {
                let Some(rule) = line.trim_start().strip_prefix("SELECT ").map(|rest| {
                    rest.trim_start_matches("DISTINCT '")
                        .trim_start_matches('\'')
                }) else {
                    continue;
                };
                if let Some((rule, _)) = rule.split_once('\'')
                    && rule.contains('-')
                    && rule
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                {
                    assert!(
                        rules::RULES.iter().any(|(name, _)| *name == rule),
                        "{rule} is not explained"
                    );
                }
            }
        }
    }
}
