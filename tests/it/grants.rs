//! The fourth wall: what PostgreSQL lets each role do. Services and tables come from the list and the catalog, so a new
//! one is covered without an edit here.

use std::collections::BTreeSet;

use postgres::Client;
use schema_per_service::{db::Service, services::SERVICES};

use crate::harness::{Database, sqlstate};

const DENIED: &str = "42501";

/// Every pair of a service and another.
fn pairs() -> impl Iterator<Item = (&'static Service, &'static Service)> {
    let pairs = SERVICES
        .iter()
        .flat_map(|one| SERVICES.iter().map(move |other| (one, other)));
    pairs.filter(|(one, other)| one.name() != other.name())
}

fn tables(admin: &mut Client, service: &Service) -> Vec<String> {
    let rows = admin.query(
        "SELECT relname::text FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'p') ORDER BY 1",
        &[&service.name()],
    );
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

fn first_column(admin: &mut Client, schema: &str, table: &str) -> String {
    let row = admin.query_one(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = format('%I.%I', $1::text, $2::text)::regclass AND attnum = 1",
        &[&schema, &table],
    );
    row.unwrap().get(0)
}

#[test]
fn no_service_reaches_a_table_of_another_in_any_way() {
    let database = Database::new();
    let mut admin = database.admin();

    let mut tried = 0;
    for (one, other) in pairs() {
        let schema = other.name();
        let mut service = database.as_service(one);
        for table in tables(&mut admin, other) {
            let column = first_column(&mut admin, schema, &table);
            for statement in [
                format!("SELECT FROM {schema}.{table}"),
                format!("INSERT INTO {schema}.{table} DEFAULT VALUES"),
                format!("UPDATE {schema}.{table} SET {column} = {column}"),
                format!("DELETE FROM {schema}.{table}"),
                format!("TRUNCATE {schema}.{table}"),
                format!("DROP TABLE {schema}.{table}"),
                format!("COPY {schema}.{table} TO STDOUT"),
                format!("SELECT '{schema}.{table}'::regclass"),
            ] {
                assert_eq!(
                    sqlstate(&mut service, &statement),
                    DENIED,
                    "{} may: {statement}",
                    one.service_role()
                );
                tried += 1;
            }
            // REFERENCES is for those who may create tables, which a serving role may not; its owner may.
            let foreign_key = format!(
                "CREATE TABLE {}.spy (id uuid REFERENCES {schema}.{table})",
                one.name()
            );
            assert_eq!(sqlstate(&mut service, &foreign_key), DENIED);
            assert_eq!(
                sqlstate(&mut database.as_owner(one), &foreign_key),
                DENIED,
                "{} may: {foreign_key}",
                one.owner_role()
            );
        }
    }
    assert!(tried > 0, "there was nothing to try");
}

#[test]
fn no_role_of_a_service_builds_in_anothers_schema_or_in_a_shared_one() {
    let database = Database::new();

    for (one, other) in pairs() {
        for mut role in [database.as_service(one), database.as_owner(one)] {
            for statement in [
                format!("CREATE TABLE {}.spy ()", other.name()),
                format!("DROP SCHEMA {} CASCADE", other.name()),
                "CREATE TABLE public.spy ()".to_owned(),
                "CREATE SCHEMA spy".to_owned(),
                "CREATE TEMP TABLE spy ()".to_owned(),
            ] {
                assert_eq!(sqlstate(&mut role, &statement), DENIED, "{statement}");
            }
        }
    }
}

#[test]
fn no_role_of_a_service_becomes_another_role() {
    let database = Database::new();

    for (one, other) in pairs() {
        for mut role in [database.as_service(one), database.as_owner(one)] {
            for name in [
                other.service_role(),
                other.owner_role(),
                "postgres".to_owned(),
            ] {
                assert_eq!(
                    sqlstate(&mut role, &format!("SET ROLE {name}")),
                    DENIED,
                    "{name}"
                );
                assert_eq!(
                    sqlstate(&mut role, &format!("SET SESSION AUTHORIZATION {name}")),
                    DENIED,
                    "{name}"
                );
            }
        }
        assert_eq!(
            sqlstate(
                &mut database.as_service(one),
                &format!("SET ROLE {}", one.owner_role())
            ),
            DENIED
        );
    }
}

/// The control without which the refusals above would prove nothing: the same statements, each at home.
#[test]
fn each_role_does_at_home_what_it_may_not_do_abroad() {
    let database = Database::new();
    let mut admin = database.admin();

    for service in SERVICES {
        let (mut serving, mut owner) = (database.as_service(service), database.as_owner(service));
        let schema = service.name();
        for table in tables(&mut admin, service) {
            assert_eq!(
                sqlstate(&mut serving, &format!("SELECT FROM {schema}.{table}")),
                "00000",
                "{table}"
            );
            assert_eq!(
                sqlstate(
                    &mut owner,
                    &format!("BEGIN; TRUNCATE {schema}.{table} CASCADE; ROLLBACK")
                ),
                "00000"
            );
        }
        assert_eq!(
            sqlstate(
                &mut owner,
                &format!("CREATE TABLE {schema}.own (); DROP TABLE {schema}.own")
            ),
            "00000"
        );
        assert_eq!(
            sqlstate(&mut serving, &format!("CREATE TABLE {schema}.own ()")),
            DENIED
        );
        assert_eq!(
            sqlstate(
                &mut serving,
                &format!("SET ROLE {}", service.service_role())
            ),
            "00000"
        );
    }
}

/// What the migrations grant, as the catalog must show it: not a verb more, not one fewer.
#[test]
fn each_serving_role_has_the_verbs_that_its_migrations_grant_and_no_others() {
    let database = Database::new();
    let mut admin = database.admin();

    for service in SERVICES {
        let granted = granted_by_migrations(service);
        assert!(!granted.is_empty());
        assert_eq!(
            in_the_catalog(&mut admin, service),
            granted,
            "{}",
            service.name()
        );
    }
}

/// `table verb` or `table verb column`, read from the GRANT statements of all up.sql files in their order.
fn granted_by_migrations(service: &Service) -> BTreeSet<String> {
    let mut granted = BTreeSet::new();
    for sql in crate::migrations::scripts(service, "up.sql") {
        for statement in sql
            .split(';')
            .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
        {
            let statement = statement.rsplit("-- ").next().unwrap_or_default();
            let Some(at) = statement.find("GRANT ") else {
                continue;
            };
            let (verbs, rest) = statement[at + "GRANT ".len()..].split_once(" ON ").unwrap();
            let (table, role) = rest.split_once(" TO ").unwrap();
            assert_eq!(role, service.service_role(), "{statement}");
            let mut rest = verbs;
            while !rest.is_empty() {
                let end = rest.find([',', '(']).unwrap_or(rest.len());
                let verb = rest[..end].trim();
                if rest[end..].starts_with('(') {
                    let close = rest.find(')').unwrap();
                    for column in rest[end + 1..close].split(", ") {
                        granted.insert(format!("{table} {verb} {column}"));
                    }
                    rest = rest[close + 1..].trim_start_matches(", ");
                } else {
                    granted.insert(format!("{table} {verb}"));
                    rest = rest[end..].trim_start_matches(", ");
                }
            }
        }
    }
    granted
}

fn in_the_catalog(admin: &mut Client, service: &Service) -> BTreeSet<String> {
    let rows = admin.query(
        "SELECT concat_ws(' ', relname, privilege_type, column_name)
           FROM (SELECT relname, relnamespace, relacl, NULL FROM pg_class
                 UNION ALL
                 SELECT relname, relnamespace, attacl, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
                ) AS objects (relname, relnamespace, acl, column_name),
                aclexplode(acl)
          WHERE relnamespace = $1::text::regnamespace AND grantee = $2::text::regrole",
        &[&service.name(), &service.service_role()],
    );
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

#[test]
fn provisioning_again_changes_nothing_and_repairs_what_drifted() {
    let database = Database::new();
    assert_eq!(database.provision(), Vec::<String>::new());

    let name = database.name();
    let mut admin = database.admin();
    admin
        .batch_execute(&format!(
            "GRANT USAGE ON SCHEMA users TO orders_service;
             GRANT TEMP ON DATABASE {name} TO PUBLIC;
             GRANT EXECUTE ON FUNCTION pg_catalog.pg_notify(text, text) TO PUBLIC;
             ALTER SCHEMA orders OWNER TO postgres;
             ALTER ROLE users_service IN DATABASE {name} SET statement_timeout = 0"
        ))
        .unwrap();

    assert_eq!(database.provision().len(), 5);
    assert_eq!(database.provision(), Vec::<String>::new());
}
