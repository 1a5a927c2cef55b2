//! Each schema.rs against the database that the migrations make.

use std::{fs, path::Path};

use schema_per_service::services::SERVICES;

use crate::harness::Database;

/// `table.column -> Type`, and `table (primary key)`, as schema.rs declares them.
fn declared(service: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/{service}/schema.rs"));
    let text = fs::read_to_string(path).unwrap();
    let mut lines = Vec::new();
    let mut table = String::new();
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//") && !line.starts_with("diesel::"))
    {
        if let Some(head) = line
            .strip_prefix(&format!("{service}."))
            .and_then(|line| line.strip_suffix(" {"))
        {
            head.split(' ').next().unwrap().clone_into(&mut table);
            lines.push(head.to_owned());
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            lines.push(format!("{table}.{column} -> {kind}"));
        }
    }
    lines
}

#[test]
fn each_schema_rs_is_what_the_database_holds() {
    let database = Database::new();
    let mut admin = database.admin();

    for service in SERVICES {
        let rows = admin.query(
            "WITH columns AS (
                 SELECT c.oid, relname, attname, attnum,
                        CASE WHEN attnotnull THEN kind ELSE format('Nullable<%s>', kind) END AS kind
                   FROM pg_class c
                   JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped,
                        LATERAL initcap((SELECT typname FROM pg_type WHERE pg_type.oid = atttypid)) AS kind
                  WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'p', 'v')
                    AND relname <> '__diesel_schema_migrations')
             SELECT line FROM (
                 SELECT relname, 0 AS attnum, format('%s (%s)', relname, string_agg(attname, ', ' ORDER BY at)) AS line
                   FROM columns JOIN pg_constraint ON conrelid = columns.oid AND contype = 'p',
                        LATERAL array_position(conkey, attnum) AS at
                  WHERE at IS NOT NULL GROUP BY relname
                 UNION ALL
                 SELECT relname, attnum, format('%s.%s -> %s', relname, attname, kind) FROM columns
             ) AS lines ORDER BY relname, attnum",
            &[&service.name()],
        );
        let held: Vec<String> = rows.unwrap().iter().map(|row| row.get(0)).collect();

        assert!(!held.is_empty());
        assert_eq!(declared(service.name()), held, "run ./dev schema");
    }
}
