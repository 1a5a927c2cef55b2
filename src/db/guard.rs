//! The fifth wall: a service looks at what it can reach before it serves, and again while it does.
//!
//! It asks the questions of the [`audit`] with the service's own login, and a few that only concern who serves: that the migrations
//! are this program's, and that the server keeps what it acknowledges.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use diesel::{
    PgConnection, QueryableByName, RunQueryDsl as _, sql_query, sql_types::Bool, sql_types::Text,
};
use jiff::Timestamp;

use super::{
    DatabaseUrl, Service,
    audit::{self, Finding, Reach, Subject},
    connect::connect,
    migrate::{self, Status},
};

/// What an examination goes by.
#[derive(Clone, Debug)]
pub struct Terms {
    /// All services, because each is a stranger to the others.
    pub services: &'static [Service],
    /// Rules whose breaches are known and accepted.
    pub accept: Vec<String>,
    /// Roles that may reach everything.
    pub trust: Vec<String>,
}

/// Whether a service may serve.
#[derive(Debug, Default)]
pub(super) struct Guard {
    admitted: AtomicBool,
    breached: AtomicBool,
    last: Mutex<Option<Arc<Look>>>,
}

/// What an examination saw of a service's database, with no more than the service's own login.
#[derive(Debug)]
pub(crate) struct Look {
    /// When.
    pub(crate) at: Timestamp,
    /// Every breach that is not accepted.
    pub(crate) findings: Vec<Finding>,
    /// What each role reaches in the schema of each service that stands there; empty for a login that is a stranger's.
    pub(crate) matrix: Vec<Reach>,
    /// The version of the service's schema.
    pub(crate) migrations: Status,
}

impl Guard {
    /// Whether an examination ever came out clean; until then no connection is lent.
    pub(super) fn admits(&self) -> bool {
        self.admitted.load(Ordering::Acquire)
    }

    /// Whether the last examination found a breach.
    pub(super) fn is_breached(&self) -> bool {
        self.breached.load(Ordering::Acquire)
    }

    /// Takes note of an examination that the database answered with an error: what cannot be looked at is not clean.
    pub(super) fn note_refusal(&self) {
        self.breached.store(true, Ordering::Release);
    }

    /// Takes note of an examination.
    pub(super) fn note(&self, look: Arc<Look>) {
        let is_clean = look.findings.is_empty();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
        self.breached.store(!is_clean, Ordering::Release);
        if is_clean {
            self.admitted.store(true, Ordering::Release);
        }
    }

    /// The last examination that saw something.
    pub(super) fn last(&self) -> Option<Arc<Look>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}

/// Looks at what `service` can reach with this login.
pub(super) fn examine(
    url: &DatabaseUrl,
    service: &Service,
    terms: &Terms,
) -> Result<Look, audit::Error> {
    let mut conn = connect(url)?;
    audit::ready(&mut conn)?;
    let mut look = Look {
        at: Timestamp::now(),
        findings: Vec::new(),
        matrix: Vec::new(),
        migrations: Status::default(),
    };
    if let Some(stranger) = wrong_login(&mut conn, service, terms.services)? {
        // What a stranger can reach says nothing about the service.
        look.findings.push(stranger);
        return Ok(look);
    }
    look.migrations = migrate::status_on(&mut conn, service)?;
    look.findings
        .extend(wrong_version(service, &look.migrations));
    look.findings.extend(lost_in_a_crash(&mut conn, service)?);
    let subjects: Vec<Subject> = terms.services.iter().map(Subject::from).collect();
    let subjects = audit::standing_here(&mut conn, service.name(), &subjects)?;
    look.findings
        .extend(audit::findings(&mut conn, &subjects, &terms.trust)?);
    look.findings
        .retain(|finding| !finding.is_accepted(&terms.accept));
    look.matrix = audit::matrix(&mut conn, &subjects, &terms.trust)?;
    Ok(look)
}

fn wrong_login(
    conn: &mut PgConnection,
    service: &Service,
    services: &[Service],
) -> Result<Option<Finding>, diesel::result::Error> {
    #[derive(QueryableByName)]
    struct Login {
        #[diesel(sql_type = Text)]
        role: String,
        #[diesel(sql_type = Bool)]
        superuser: bool,
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "asks who we are, which is no table's business"
    )]
    let query = sql_query(
        "SELECT rolname::text AS role, rolsuper AS superuser FROM pg_roles WHERE rolname = session_user",
    );
    let Login { role, superuser } = query.get_result(conn)?;
    if role == service.service_role() {
        return Ok(None);
    }
    let whose = services
        .iter()
        .find(|other| [other.service_role(), other.owner_role()].contains(&role));
    let privilege = match whose {
        _ if superuser => "logs in as a superuser, whom no wall stops".to_owned(),
        Some(owner) if owner.name() == service.name() => {
            "logs in as the role that migrates, which owns everything".to_owned()
        }
        Some(other) => format!(
            "logs in as a role of {}: the URLs are swapped, or one is used twice",
            other.name()
        ),
        None => "logs in as a role that is none of its own".to_owned(),
    };
    let fix = format!(
        "-- serve {} with the login of {}",
        service.name(),
        service.service_role()
    );
    Ok(Some(Finding {
        rule: "wrong-login".to_owned(),
        role,
        object: service.name().to_owned(),
        privilege,
        fix,
    }))
}

fn wrong_version(service: &Service, status: &Status) -> Option<Finding> {
    let list =
        |versions: &BTreeSet<String>| versions.iter().cloned().collect::<Vec<_>>().join(", ");
    let (privilege, fix) = if !status.pending.is_empty() {
        (format!("lacks {}", list(&status.pending)), "-- run migrate")
    } else if !status.unknown.is_empty() {
        (
            format!(
                "has {}, which this program does not know",
                list(&status.unknown)
            ),
            "-- run the newer program",
        )
    } else {
        return None;
    };
    Some(Finding {
        rule: "migrations".to_owned(),
        role: service.service_role(),
        object: format!("schema {}", service.name()),
        privilege,
        fix: fix.to_owned(),
    })
}

fn lost_in_a_crash(
    conn: &mut PgConnection,
    service: &Service,
) -> Result<Vec<Finding>, diesel::result::Error> {
    #[derive(QueryableByName)]
    struct Setting {
        #[diesel(sql_type = Text)]
        name: String,
    }

    #[expect(clippy::disallowed_methods, reason = "reads the server's settings")]
    let off = sql_query(
        "SELECT name FROM pg_settings
          WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name",
    )
    .load::<Setting>(conn)?;
    let finding = |Setting { name }| Finding {
        rule: "durability".to_owned(),
        role: "the server".to_owned(),
        object: format!("setting {name}"),
        privilege: "off".to_owned(),
        fix: format!("ALTER SYSTEM SET {name} = on"),
    };
    let mut findings: Vec<Finding> = off.into_iter().map(finding).collect();

    #[expect(clippy::disallowed_methods, reason = "catalog queries are the wall's work")]
    let unlogged = sql_query(
        "SELECT oid::regclass::text AS name FROM pg_class
          WHERE relpersistence = 'u' AND relkind IN ('r', 'p') AND relnamespace = to_regnamespace($1) ORDER BY name",
    )
    .bind::<Text, _>(service.name())
    .load::<Setting>(conn)?;
    findings.extend(unlogged.into_iter().map(|Setting { name }| Finding {
        rule: "durability".to_owned(),
        role: "the server".to_owned(),
        privilege: "not logged".to_owned(),
        fix: format!("ALTER TABLE {name} SET LOGGED"),
        object: format!("table {name}"),
    }));
    Ok(findings)
}
