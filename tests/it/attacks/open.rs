//! What stays open. When an entry fails, the way it names has closed: strike it here and in SECURITY.md.

use std::fs;

use postgres::{Client, Config, NoTls, fallible_iterator::FallibleIterator as _};
use schema_per_service::services::SERVICES;

use super::{Scene, says, scenes};
use crate::harness::Database;

/// Whether a way is open still. A small step along it proves that; nobody needs to fill the disk.
type Way = fn(&mut Stage) -> bool;

/// Each under the heading that it has in SECURITY.md; without a way where the smallest step would hurt the other tests.
const OPEN: &[(&str, Option<Way>)] = &[
    (
        "Names in the catalog",
        Some(|stage| {
            stage.one("SELECT attname FROM pg_attribute WHERE attrelid = {oid} AND attnum = 2") == "secret"
                && stage.one("SELECT count(*) > 0 FROM pg_proc WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = '{other}')") == "t"
        }),
    ),
    (
        "Row counts and sizes",
        Some(|stage| {
            stage.one("SELECT reltuples FROM pg_class WHERE oid = {oid}") == "100"
                && stage.one("SELECT n_live_tup > 0 FROM pg_stat_user_tables WHERE relid = {oid}")
                    == "t"
                && stage.one("SELECT pg_relation_size({oid}) > 0") == "t"
        }),
    ),
    (
        "Roles, databases, sessions and locks",
        Some(|stage| {
            stage.other("BEGIN; SELECT FROM {table}");
            stage.one("SELECT count(*) FROM pg_roles WHERE rolname = '{other_owner}'") == "1"
                && stage.one("SELECT count(*) > 1 FROM pg_database") == "t"
                && stage.one("SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = '{other_service}' AND application_name IS NOT NULL") == "t"
                && stage.one("SELECT count(*) > 0 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE usename = '{other_service}' AND relation IS NOT NULL") == "t"
        }),
    ),
    (
        "LISTEN and NOTIFY",
        Some(|stage| {
            stage.other("LISTEN {other}_events");
            stage.one("NOTIFY {other}_events, 'forged'");
            // A server sends what was signalled before it is ready for the next query.
            stage.other("SELECT 1");
            let mut heard = stage.other.notifications();
            heard
                .iter()
                .next()
                .unwrap()
                .is_some_and(|notice| notice.payload() == "forged")
        }),
    ),
    (
        "A role's own session limits",
        Some(|stage| {
            let mut loose = stage.login.clone();
            let mut loose = loose
                .options("-c statement_timeout=0")
                .connect(NoTls)
                .unwrap();
            says(&mut loose, "SHOW statement_timeout") == "0"
                && stage.one("SET statement_timeout = 0; SHOW statement_timeout") == "0"
                && stage.one("SET lock_timeout = 0; SHOW lock_timeout") == "0"
                && stage.one("SET idle_in_transaction_session_timeout = 0; SHOW idle_in_transaction_session_timeout") == "0"
                && stage.one("SET synchronous_commit = off; SHOW synchronous_commit") == "off"
        }),
    ),
    (
        "A role's own settings, for good",
        Some(|stage| {
            stage.one("BEGIN; ALTER ROLE {own_service} IN DATABASE {database} SET statement_timeout = 0;
                       SELECT count(*) FROM pg_db_role_setting JOIN pg_roles r ON r.oid = setrole
                        WHERE rolname = '{own_service}' AND 'statement_timeout=0' = ANY (setconfig)") == "1"
        }),
    ),
    (
        "A role's own password",
        Some(|stage| {
            stage.one("BEGIN; ALTER ROLE {own_service} PASSWORD 'spy'; SELECT 'done'") == "done"
        }),
    ),
    (
        "A role's own default privileges",
        Some(|stage| {
            stage.one("BEGIN; ALTER DEFAULT PRIVILEGES IN SCHEMA {other} GRANT SELECT ON TABLES TO {other_service};
                       SELECT count(*) FROM pg_default_acl WHERE defaclnamespace <> 0") == "1"
        }),
    ),
    (
        "What an owner gives away",
        Some(|stage| {
            stage.one_owner("BEGIN; GRANT USAGE ON SCHEMA {own} TO {other_service}; GRANT SELECT ON {own}.prey TO {other_service};
                             SELECT has_schema_privilege('{other_service}', '{own}', 'USAGE')") == "t"
        }),
    ),
    (
        "The lock of the migrations",
        Some(|stage| {
            stage.one_owner("SELECT pg_advisory_lock(42)");
            stage.other_owner("SET lock_timeout = '100ms'; SELECT pg_advisory_lock(42)") == "55P03"
        }),
    ),
    (
        "The lock table, by nested savepoints",
        Some(|stage| {
            let write = "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {other_service}";
            stage.one(&format!(
                "BEGIN; SAVEPOINT a; {write}; SAVEPOINT b; {write};
                 SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'transactionid'"
            )) == "3"
        }),
    ),
    (
        "Idle transactions",
        Some(|stage| {
            stage.one("SET idle_in_transaction_session_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
            stage.other_owner("SET lock_timeout = '100ms'");
            stage.other_owner("CREATE INDEX CONCURRENTLY ON {other}.prey (secret)") == "55P03"
        }),
    ),
    (
        "Rows of the catalog, by grants that grant nothing",
        Some(|stage| {
            stage.one("BEGIN; REVOKE CONNECT ON DATABASE {database} FROM {own_service}");
            stage.admin("SET lock_timeout = '100ms'; GRANT CONNECT ON DATABASE {database} TO {other_service}") == "55P03"
        }),
    ),
    (
        "Serializable transactions",
        Some(|stage| {
            stage.one("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM {own_table}");
            stage.other("SET statement_timeout = '100ms'; BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE");
            stage.other("SELECT count(*) FROM {table}") == "57014"
        }),
    ),
    (
        "Processor time",
        Some(|stage| {
            stage.one("SET statement_timeout = 0; SELECT count(*) FROM generate_series(1, 1000)")
                == "1000"
        }),
    ),
    (
        "Memory",
        Some(|stage| {
            stage.one("SET work_mem = '1TB'; SELECT length(repeat('x', 1000000))") == "1000000"
        }),
    ),
    (
        "Disk",
        Some(|stage| {
            stage.one(
                "SELECT bool_or(has_table_privilege(oid, 'INSERT')) FROM pg_class
                        WHERE relnamespace = '{own}'::regnamespace AND relkind = 'r'",
            ) == "t"
        }),
    ),
    ("Connections before login", None),
];

/// Who acts: the two serving roles, the two owners, and the administrator.
struct Stage {
    scene: Scene,
    login: Config,
    one: Client,
    other: Client,
    one_owner: Client,
    other_owner: Client,
    admin: Client,
}

impl Stage {
    fn new(database: &Database, scene: Scene) -> Self {
        let at = SERVICES
            .iter()
            .position(|service| service.name() == scene.one.name())
            .unwrap();
        Self {
            login: database.service_urls()[at].expose().parse().unwrap(),
            one: database.as_service(scene.one),
            other: database.as_service(scene.other),
            one_owner: database.as_owner(scene.one),
            other_owner: database.as_owner(scene.other),
            admin: database.admin(),
            scene,
        }
    }

    fn one(&mut self, statements: &str) -> String {
        says(&mut self.one, &self.scene.expand(statements)[0])
    }

    fn other(&mut self, statements: &str) -> String {
        says(&mut self.other, &self.scene.expand(statements)[0])
    }

    fn one_owner(&mut self, statements: &str) -> String {
        says(&mut self.one_owner, &self.scene.expand(statements)[0])
    }

    fn other_owner(&mut self, statements: &str) -> String {
        says(&mut self.other_owner, &self.scene.expand(statements)[0])
    }

    fn admin(&mut self, statements: &str) -> String {
        says(&mut self.admin, &self.scene.expand(statements)[0])
    }

    fn clear(&mut self) {
        for client in [
            &mut self.one,
            &mut self.other,
            &mut self.one_owner,
            &mut self.other_owner,
            &mut self.admin,
        ] {
            client
                .batch_execute("ROLLBACK; RESET ALL; UNLISTEN *")
                .unwrap();
        }
    }
}

#[test]
fn what_stays_open_is_open_still() {
    let database = Database::new();
    let mut closed = Vec::new();

    for scene in scenes(&database) {
        let mut stage = Stage::new(&database, scene);
        for (heading, way) in OPEN {
            if way.is_some_and(|way| !way(&mut stage)) {
                closed.push(format!("{heading}, from {}", stage.scene.one.name()));
            }
            stage.clear();
        }
    }

    assert!(
        closed.is_empty(),
        "closed, so strike it from SECURITY.md: {closed:?}"
    );
}

#[test]
fn security_md_lists_exactly_what_stays_open() {
    let paper = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/SECURITY.md")).unwrap();
    let section = paper
        .split("\n## ")
        .find(|section| section.starts_with("What stays open\n"))
        .unwrap();
    let rows = section
        .lines()
        .filter_map(|line| line.strip_prefix("| **")?.split("** |").next());

    let headings: Vec<&str> = OPEN.iter().map(|(heading, _)| *heading).collect();
    assert_eq!(rows.collect::<Vec<_>>(), headings);
}
