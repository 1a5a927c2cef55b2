//! The audit, tried by planting: every kind of breach is made, found by its name, closed by the statement that the finding
//! carries, and undone; and what breaches nothing is not reported.
//!
//! On a cluster of its own, because many a breach concerns the roles and databases that other tests stand on.

use std::{collections::BTreeSet, fs};

use postgres::{Client, NoTls};
use schema_per_service::{
    db::{
        DatabaseUrl,
        audit::{self, Finding, Subject},
        embedded::{DATABASE, Embedded},
    },
    services::SERVICES,
};

use crate::harness::start_cluster;

/// What stands beside the services from the start, and is no breach: a role that may do nothing, a group, a schema and a
/// database of somebody else's.
const NEIGHBOURS: &str = "CREATE ROLE outsider LOGIN ;;
    CREATE ROLE readers ;;
    CREATE SCHEMA third AUTHORIZATION outsider ;;
    CREATE TABLE third.notes (id bigint PRIMARY KEY) ;;
    ALTER TABLE third.notes OWNER TO outsider ;;
    CREATE DATABASE elsewhere ;;
    REVOKE ALL ON DATABASE elsewhere FROM PUBLIC";

const PLANTS: &str = include_str!("plants.sql");
const HARMLESS: &str = include_str!("harmless.sql");

/// One entry of the files: what it is called before and after the colon, its SQL, and how it is undone.
struct Entry {
    rule: &'static str,
    what: &'static str,
    sql: &'static str,
    undo: String,
}

fn entries(file: &'static str) -> Vec<Entry> {
    let blocks = file.split("\n\n").filter_map(|block| {
        let (head, sql) = block.trim().strip_prefix("-- ")?.split_once('\n')?;
        let (rule, what) = head.split_once(": ")?;
        let (sql, undo) = match sql.split_once("-- undo\n") {
            Some((sql, undo)) => (sql, undo.to_owned()),
            None => (sql, revoke_of(sql)),
        };
        Some(Entry {
            rule,
            what,
            sql,
            undo,
        })
    });
    blocks.collect()
}

/// What takes a GRANT back.
fn revoke_of(sql: &str) -> String {
    let Some(grant) = sql.strip_prefix("GRANT ") else {
        return String::new();
    };
    let grant = grant.replace(" WITH GRANT OPTION", "");
    let grant = grant.replace(" WITH ADMIN OPTION", "");
    let (what, to) = grant.trim().rsplit_once(" TO ").unwrap();
    format!("REVOKE {what} FROM {to} CASCADE")
}

struct Site {
    embedded: Embedded,
    serving: Vec<DatabaseUrl>,
    subjects: Vec<Subject>,
    trusted: Vec<String>,
}

impl Site {
    fn new() -> Self {
        let embedded = start_cluster();
        let serving = embedded.prepare(SERVICES).unwrap();
        Self {
            embedded,
            serving,
            subjects: SERVICES.iter().map(Subject::from).collect(),
            trusted: Vec::new(),
        }
    }

    fn url(&self) -> DatabaseUrl {
        self.embedded.admin().with_database(DATABASE)
    }

    fn admin(&self) -> Client {
        Client::connect(self.url().expose(), NoTls).unwrap()
    }

    fn audit(&self) -> Vec<Finding> {
        self.audit_as(&self.url())
    }

    fn audit_as(&self, url: &DatabaseUrl) -> Vec<Finding> {
        audit::run(url, &self.subjects, &self.trusted)
            .unwrap()
            .findings
    }
}

/// Statements between `;;` are run apart, because a few stand in no transaction.
fn run(admin: &mut Client, sql: &str) -> Result<(), String> {
    for part in sql.split(";;").filter(|part| !part.trim().is_empty()) {
        admin
            .batch_execute(part)
            .map_err(|error| match error.as_db_error() {
                Some(error) => format!("{part}: {}", error.message()),
                None => format!("{part}: {error}"),
            })?;
    }
    Ok(())
}

/// A comment says what a person has to decide; all else must close the finding as it stands.
fn is_statement(fix: &str) -> bool {
    !fix.starts_with("--") && !fix.contains('<')
}

fn names(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|found| {
            format!(
                "{}: {} {} {}",
                found.rule, found.role, found.privilege, found.object
            )
        })
        .collect()
}

#[test]
fn every_breach_planted_is_found_by_its_name_and_closed_by_its_fix() {
    plant(0);
}

/// The same for every other plant, so that two processors share the work.
#[test]
fn every_other_breach_planted_is_found_and_closed_too() {
    plant(1);
}

fn plant(start: usize) {
    let site = Site::new();
    let mut admin = site.admin();
    assert_eq!(names(&site.audit()), [""; 0], "a fresh database is clean");
    run(&mut admin, NEIGHBOURS).unwrap();
    assert_eq!(names(&site.audit()), [""; 0], "neighbours are no breach");

    let plants = entries(PLANTS);
    assert!(plants.len() > 300, "only {} were understood", plants.len());
    let plants: Vec<_> = plants.iter().skip(start).step_by(2).collect();
    let mut faults = Vec::new();
    for plants in plants.chunks(10) {
        for plant in plants {
            faults.extend(try_one(&site, &mut admin, plant));
        }
        let left = names(&site.audit());
        let last: Vec<_> = plants.iter().map(|plant| plant.what).collect();
        assert_eq!(left, [""; 0], "one of these is not undone: {last:?}");
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Plants a breach, looks for it, closes it, looks again, and takes it away. Returns what was wrong.
fn try_one(site: &Site, admin: &mut Client, plant: &Entry) -> Vec<String> {
    let Entry { rule, what, .. } = plant;
    if let Err(error) = run(admin, plant.sql) {
        return vec![format!("{what}: cannot be planted: {error}")];
    }
    let mut faults = Vec::new();
    let found = site.audit();
    let meant: Vec<&Finding> = found.iter().filter(|found| found.rule == *rule).collect();
    if meant.is_empty() {
        faults.push(format!("{what}: no {rule}, but {:?}", names(&found)));
    }

    let closable = meant.iter().filter(|found| is_statement(&found.fix));
    let closable: Vec<&&Finding> = closable.collect();
    let fixes: BTreeSet<&str> = closable.iter().map(|found| &*found.fix).collect();
    for fix in fixes {
        if let Err(error) = run(admin, fix) {
            faults.push(format!("{what}: its fix fails: {error}"));
        }
    }
    if !closable.is_empty() {
        let left: BTreeSet<String> = site.audit().iter().map(Finding::id).collect();
        let open = closable.iter().filter(|found| left.contains(&found.id()));
        faults.extend(open.map(|found| format!("{what}: not closed by: {}", found.fix)));
    }

    if let Err(error) = run(admin, &plant.undo) {
        faults.push(format!("{what}: cannot be undone: {error}"));
    }
    faults
}

/// The rules that the plants cannot show: they need other services than ours, or are asked only before serving.
const SHOWN_ELSEWHERE: [&str; 4] = ["shared-role", "wrong-login", "migrations", "durability"];

#[test]
fn every_rule_is_planted() {
    let text = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/db/audit/rules.rs"
    ))
    .unwrap();
    let pairs = text
        .split("pub(super) fn")
        .next()
        .unwrap()
        .split('(')
        .skip(1);
    let rules: BTreeSet<&str> = pairs
        .filter_map(|pair| pair.trim_start().strip_prefix('"')?.split('"').next())
        .collect();
    assert!(
        rules.len() > 30,
        "only {} rules were understood",
        rules.len()
    );

    let planted: BTreeSet<&str> = entries(PLANTS).iter().map(|plant| plant.rule).collect();
    let missing: Vec<_> = rules
        .difference(&planted)
        .filter(|rule| !SHOWN_ELSEWHERE.contains(rule))
        .collect();
    assert!(missing.is_empty(), "nobody plants {missing:?}");
    assert!(
        planted.is_subset(&rules),
        "{:?}",
        planted.difference(&rules).collect::<Vec<_>>()
    );
}

#[test]
fn what_breaches_nothing_is_not_reported() {
    let mut site = Site::new();
    site.trusted = vec!["backup".to_owned()];
    let mut admin = site.admin();
    run(&mut admin, NEIGHBOURS).unwrap();

    let mut faults = Vec::new();
    let entries = entries(HARMLESS);
    assert!(entries.len() > 20, "only {} were understood", entries.len());
    for Entry { what, sql, .. } in &entries {
        run(&mut admin, sql).unwrap_or_else(|error| panic!("{what}: {error}"));
        let found = names(&site.audit());
        if faults.iter().all(|(_, before)| *before != found) && !found.is_empty() {
            faults.push((what, found));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Whoever looks sees the same, and sees it again the next time.
#[test]
fn the_findings_and_their_ids_depend_neither_on_who_looks_nor_on_when() {
    let site = Site::new();
    let mut admin = site.admin();
    run(&mut admin, NEIGHBOURS).unwrap();
    let planted: &[&str] = &[
        "GRANT USAGE ON SCHEMA users TO orders_service",
        "GRANT SELECT ON users.accounts TO PUBLIC",
        "GRANT pg_read_all_data TO outsider",
        "GRANT TEMP ON DATABASE app TO orders_service",
        "GRANT CONNECT ON DATABASE elsewhere TO PUBLIC",
        "GRANT SELECT ON pg_authid TO outsider",
        "GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC",
        "ALTER TABLE orders.orders ADD CONSTRAINT spy FOREIGN KEY (customer_id) REFERENCES users.accounts",
        "CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
             AS $$ BEGIN RETURN (SELECT count(*) FROM users.accounts); END $$",
        "CREATE VIEW orders.spies AS SELECT id FROM users.accounts",
        "ALTER ROLE orders_service IN DATABASE app SET statement_timeout = 0",
        "ALTER ROLE users_service BYPASSRLS",
        "CREATE PUBLICATION leak FOR ALL TABLES",
        "CREATE EXTENSION IF NOT EXISTS file_fdw",
        "SELECT lo_create(4711)",
        "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER door FOREIGN DATA WRAPPER nothing;
         CREATE USER MAPPING FOR orders_service SERVER door OPTIONS (password 'secret')",
    ];
    for sql in planted {
        run(&mut admin, sql).unwrap();
    }

    let found = site.audit();
    assert!(found.len() > planted.len(), "{:#?}", names(&found));
    let plan = site.embedded.plan(DATABASE, SERVICES);
    for service in SERVICES {
        let owner = site.embedded.login(&plan, &service.owner_role()).unwrap();
        assert_eq!(site.audit_as(&owner), found, "{}", service.owner_role());
    }
    for serving in &site.serving {
        assert_eq!(site.audit_as(serving), found);
    }

    let ids = |findings: &[Finding]| findings.iter().map(Finding::id).collect::<Vec<_>>();
    assert_eq!(ids(&site.audit()), ids(&found));
    let distinct: BTreeSet<String> = ids(&found).into_iter().collect();
    assert_eq!(distinct.len(), found.len(), "two findings have one id");
    for finding in &found {
        assert!(!finding.to_string().contains("secret"), "{finding}");
    }
}

/// Names that follow nobody's rule, and one role where there should be two.
#[test]
fn a_database_that_others_made_is_audited_by_its_own_names() {
    let mut site = Site::new();
    let mut admin = site.admin();
    run(
        &mut admin,
        r#"CREATE ROLE "Bill-Admin" LOGIN CONNECTION LIMIT 5; CREATE ROLE "Bill App" LOGIN CONNECTION LIMIT 5;
           CREATE ROLE shop LOGIN CONNECTION LIMIT 5;
           CREATE SCHEMA "Bill.ing" AUTHORIZATION "Bill-Admin"; CREATE SCHEMA shop AUTHORIZATION shop;
           CREATE TABLE "Bill.ing"."In voices" (id bigint PRIMARY KEY, "to" text);
           ALTER TABLE "Bill.ing"."In voices" OWNER TO "Bill-Admin";
           CREATE FUNCTION shop.spy() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM "Bill.ing"."In voices" $$;
           GRANT USAGE ON SCHEMA "Bill.ing" TO shop; GRANT SELECT ("to") ON "Bill.ing"."In voices" TO shop"#,
    )
    .unwrap();
    site.subjects = vec![
        "billing=Bill.ing,Bill-Admin,Bill App".parse().unwrap(),
        "shop=shop,shop,shop".parse().unwrap(),
    ];

    let found = site.audit();
    for (rule, object) in [
        ("shared-role", "shop"),
        ("foreign-grant", r#"schema "Bill.ing""#),
        ("foreign-grant", r#"column "Bill.ing"."In voices"."to""#),
        ("cross-schema-code", r#"schema "Bill.ing""#),
        ("object-owner", "shop.spy()"),
        ("setting-missing", "statement_timeout"),
    ] {
        assert!(
            found
                .iter()
                .any(|finding| finding.rule == rule && finding.object == object),
            "no {rule} {object} in {:#?}",
            names(&found)
        );
    }

    // What can be closed by statements is closed by these, whatever the names.
    for _ in 0..2 {
        for finding in site.audit() {
            if is_statement(&finding.fix) {
                // A statement may have nothing left to do, when another went before it.
                let _ = run(&mut admin, &finding.fix);
            }
        }
    }
    let left = site.audit();
    let left: Vec<_> = left
        .iter()
        .filter(|finding| is_statement(&finding.fix))
        .collect();
    assert!(left.is_empty(), "{left:#?}");

    for (shared, subjects) in [
        (
            "one owner for two",
            [
                "a=users,users_owner,users_service",
                "b=orders,users_owner,orders_service",
            ],
        ),
        (
            "one service for two",
            [
                "a=users,users_owner,users_service",
                "b=orders,orders_owner,users_service",
            ],
        ),
        (
            "one schema for two",
            [
                "a=users,users_owner,users_service",
                "b=users,orders_owner,orders_service",
            ],
        ),
        (
            "an owner that serves another",
            [
                "a=users,users_owner,users_service",
                "b=orders,orders_owner,users_owner",
            ],
        ),
    ] {
        site.subjects = subjects.map(|subject| subject.parse().unwrap()).into();
        assert!(
            site.audit()
                .iter()
                .any(|finding| finding.rule == "shared-role"),
            "{shared}"
        );
    }
}
