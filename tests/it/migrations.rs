//! Each service's migrations: apart from the other's, up and down, and said in full.

use std::{fs, path::Path, thread};

use diesel::{Connection as _, PgConnection};
use diesel_migrations::MigrationHarness as _;
use postgres::Client;
use schema_per_service::{
    db::{Service, migrate},
    services::SERVICES,
};

use crate::harness::{Database, Server, place, register};

/// The texts of all scripts called `name` of a service, in the order of their versions.
pub(crate) fn scripts(service: &Service, name: &str) -> Vec<String> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("migrations_{}", service.name()));
    let mut migrations: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    migrations.retain(|path| path.is_dir());
    migrations.sort();
    migrations
        .iter()
        .map(|migration| fs::read_to_string(migration.join(name)).unwrap())
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "a test may log in as the owner")]
fn owner(database: &Database, service: &Service) -> PgConnection {
    PgConnection::establish(database.owner_url(service).expose()).unwrap()
}

/// Everything that a schema holds, one line each, as the catalog tells it.
fn described(admin: &mut Client, service: &Service) -> Vec<String> {
    let rows = admin.query(
        "SELECT concat_ws(' ', 'column', c.relname, attname, format_type(atttypid, atttypmod), attnotnull,
                          pg_get_expr(adbin, adrelid), col_description(c.oid, attnum), attacl)
           FROM pg_class c JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
           LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum
          WHERE c.relnamespace = $1::text::regnamespace
         UNION ALL
         SELECT concat_ws(' ', 'relation', relname, relkind, relowner::regrole, relacl, obj_description(oid, 'pg_class'))
           FROM pg_class WHERE relnamespace = $1::text::regnamespace
         UNION ALL
         SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
           FROM pg_constraint WHERE connamespace = $1::text::regnamespace
         UNION ALL
         SELECT concat_ws(' ', 'index', indexdef) FROM pg_indexes WHERE schemaname = $1
         ORDER BY 1",
        &[&service.name()],
    );
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

#[test]
fn down_and_up_again_leave_the_same_schema_and_the_other_service_alone() {
    for service in SERVICES {
        let database = Database::new();
        let mut admin = database.admin();
        let before: Vec<_> = SERVICES
            .iter()
            .map(|service| described(&mut admin, service))
            .collect();

        let mut conn = owner(&database, service);
        let reverted = conn
            .revert_all_migrations(service.migrations())
            .unwrap()
            .len();
        let left = described(&mut admin, service);
        assert!(
            left.iter()
                .all(|line| line.contains("__diesel_schema_migrations")),
            "{left:?}"
        );
        assert_eq!(
            migrate::run(service, &database.owner_url(service))
                .unwrap()
                .len(),
            reverted
        );

        let after: Vec<_> = SERVICES
            .iter()
            .map(|service| described(&mut admin, service))
            .collect();
        assert_eq!(before, after, "{}", service.name());
    }
}

#[test]
fn both_sets_may_hold_the_same_version_because_each_has_its_own_history() {
    let database = Database::new();
    let mut admin = database.admin();
    let mut versions = |service: &Service| -> Vec<String> {
        let history = format!(
            "SELECT version FROM {}.__diesel_schema_migrations ORDER BY 1",
            service.name()
        );
        admin
            .query(&history, &[])
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect()
    };
    let histories: Vec<_> = SERVICES.iter().map(&mut versions).collect();

    assert_eq!(
        histories[0][0], histories[1][0],
        "the two sets do start with one number"
    );
    assert_eq!(
        admin
            .query(
                "SELECT FROM pg_class WHERE relname = '__diesel_schema_migrations'",
                &[]
            )
            .unwrap()
            .len(),
        SERVICES.len()
    );
}

#[test]
fn five_migrators_at_once_all_succeed_and_one_of_them_does_the_work() {
    let database = Database::new();
    let service = &SERVICES[0];
    let all = owner(&database, service)
        .revert_all_migrations(service.migrations())
        .unwrap()
        .len();

    let mut admin = database.admin();
    // Somebody migrates already: all five must wait for them, and then for each other.
    admin
        .batch_execute("SELECT pg_advisory_lock(hashtextextended('migrate users', 0))")
        .unwrap();
    let mut waiting = database.admin();

    let done: usize = thread::scope(|scope| {
        let migrators: Vec<_> = (0..5)
            .map(|_| {
                scope.spawn(|| {
                    migrate::run(service, &database.owner_url(service))
                        .unwrap()
                        .len()
                })
            })
            .collect();
        let queue = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        while waiting.query(queue, &[]).unwrap().len() < 5 {
            thread::yield_now();
        }
        admin
            .batch_execute("SELECT pg_advisory_unlock_all()")
            .unwrap();
        migrators
            .into_iter()
            .map(|migrator| migrator.join().unwrap())
            .sum()
    });

    assert_eq!(done, all);
}

#[test]
fn a_migration_is_not_run_by_a_login_that_does_not_stand_in_the_services_schema() {
    let database = Database::new();

    let error = migrate::run(&SERVICES[0], &database.owner_url(&SERVICES[1])).unwrap_err();

    assert!(
        error.to_string().contains("this login is not users_owner"),
        "{error}"
    );
}

#[test]
fn no_migration_names_another_services_schema() {
    for service in SERVICES {
        for other in SERVICES
            .iter()
            .filter(|other| other.name() != service.name())
        {
            for sql in ["up.sql", "down.sql"]
                .iter()
                .flat_map(|name| scripts(service, name))
            {
                for foreign in [
                    format!("{}.", other.name()),
                    other.owner_role(),
                    other.service_role(),
                ] {
                    assert!(
                        !sql.contains(&foreign),
                        "{} names {foreign}",
                        service.name()
                    );
                }
            }
        }
    }
}

#[test]
fn every_table_and_column_has_a_comment_and_every_constraint_a_name_of_ours() {
    let database = Database::new();
    let mut admin = database.admin();
    for service in SERVICES {
        let silent = admin.query(
            "SELECT concat_ws('.', relname, attname)
               FROM pg_class c
               JOIN LATERAL (SELECT 0 AS attnum, NULL AS attname
                             UNION ALL
                             SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
                            ) AS part ON col_description(c.oid, attnum) IS NULL AND (attnum > 0 OR obj_description(c.oid, 'pg_class') IS NULL)
              WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'p', 'v')",
            &[&service.name()],
        );
        let silent: Vec<String> = silent.unwrap().iter().map(|row| row.get(0)).collect();
        assert_eq!(silent, Vec::<String>::new(), "{}", service.name());

        let up = scripts(service, "up.sql").concat();
        let constraints = admin.query(
            "SELECT conname::text FROM pg_constraint WHERE connamespace = $1::text::regnamespace AND conname !~ '^__diesel'",
            &[&service.name()],
        );
        for row in constraints.unwrap() {
            let name: String = row.get(0);
            assert!(
                up.contains(&format!("CONSTRAINT {name} ")),
                "{name} was named by PostgreSQL"
            );
        }
    }
}

#[test]
fn accounts_from_before_the_feed_are_its_first_facts_and_their_users_can_order() {
    let database = Database::new();
    let users = &SERVICES[0];
    let mut conn = owner(&database, users);
    conn.revert_all_migrations(users.migrations()).unwrap();
    conn.run_next_migration(users.migrations()).unwrap();
    database
        .as_owner(users)
        .batch_execute(
            "INSERT INTO accounts (id, email, name, version)
             SELECT gen_random_uuid(), n || '@example.com', 'Ada', n FROM generate_series(1, 3) AS n",
        )
        .unwrap();

    migrate::run(users, &database.owner_url(users)).unwrap();

    let server = Server::start_with(database, |_| {});
    let facts = server.get("/users/feed").body;
    let facts = facts["items"].as_array().unwrap();
    for (position, fact) in (1..).zip(facts) {
        assert_eq!(fact["position"], position);
        assert_eq!(fact["standing"], "active");
        place(&server, fact["user_id"].as_str().unwrap());
    }
    assert_eq!(facts.len(), 3);
    register(&server, "grace@example.com");
    assert_eq!(
        server.get("/users/feed?after=3").body["items"][0]["position"],
        4
    );
}
