//! `provision`, `migrate`, `audit` and `serve` as an operator types them, on a server that nobody prepared.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use schema_per_service::{
    db::{DatabaseUrl, embedded::Embedded},
    services::SERVICES,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{PROGRAM, Printed, connect, start_cluster};

/// An empty server, and a folder for what the commands write.
struct Operator {
    server: Embedded,
    folder: TempDir,
}

impl Operator {
    fn new() -> Self {
        Self {
            server: start_cluster(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn secrets(&self, file: &str) -> PathBuf {
        self.folder.path().join("secrets").join(file)
    }

    /// A command in the folder, with the administrator's URL and these files of variables.
    fn command(&self, arguments: &[&str], files: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.folder.path());
        command.env(
            "ADMIN_DATABASE_URL",
            self.server.admin().with_database("postgres").expose(),
        );
        for file in files {
            for line in fs::read_to_string(self.secrets(file)).unwrap().lines() {
                let (name, value) = line.split_once('=').unwrap();
                command.env(name, value.trim_matches('\''));
            }
        }
        command
    }

    fn run(&self, arguments: &[&str], files: &[&str], variables: &[(&str, &str)]) -> Printed {
        let mut command = self.command(arguments, files);
        command.envs(variables.iter().copied());
        Printed::by(&mut command)
    }

    /// Runs a command as a process that never sees the administrator's URL.
    fn run_without_admin(&self, arguments: &[&str], files: &[&str]) -> Printed {
        let mut command = self.command(arguments, files);
        command.env_remove("ADMIN_DATABASE_URL");
        Printed::by(&mut command)
    }

    fn provision(&self, arguments: &[&str]) -> Printed {
        let printed = self.run(&[&["provision"], arguments].concat(), &[], &[]);
        assert_eq!(printed.code, 0, "{}", printed.stderr);
        self.assert_no_secret(&printed.stdout);
        printed
    }

    fn audit(&self, arguments: &[&str]) -> Printed {
        let admin = self.server.admin().with_database("app");
        self.run(
            &[&["audit", "--admin-url", admin.expose()], arguments].concat(),
            &[],
            &[],
        )
    }

    fn admin(&self) -> postgres::Client {
        connect(&self.server.admin().with_database("app"))
    }

    fn assert_no_secret(&self, text: &str) {
        for file in ["serve.env", "migrate.env"]
            .map(|file| self.secrets(file))
            .iter()
            .filter(|path| path.exists())
        {
            for line in fs::read_to_string(file).unwrap().lines() {
                let url: DatabaseUrl = line
                    .split_once('=')
                    .unwrap()
                    .1
                    .trim_matches('\'')
                    .parse()
                    .unwrap();
                let password = url.password().unwrap();
                assert!(
                    !text.contains(secrecy::ExposeSecret::expose_secret(&password)),
                    "{text}"
                );
            }
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn from_an_empty_server_to_a_clean_audit_in_four_commands() {
    let operator = Operator::new();

    let planned = operator.provision(&["--dry-run"]);
    assert!(
        planned
            .stdout
            .contains("CREATE SCHEMA users AUTHORIZATION users_owner;"),
        "{}",
        planned.stdout
    );
    assert!(
        !operator.folder.path().join("secrets").exists(),
        "a dry run writes nothing"
    );

    let first = operator.provision(&[]);
    for step in planned.stdout.lines() {
        assert!(first.stdout.contains(step), "the dry run promised {step}");
    }
    assert_eq!(mode(&operator.folder.path().join("secrets")), 0o700);
    assert_eq!(mode(&operator.secrets("serve.env")), 0o600);
    assert_eq!(mode(&operator.secrets("migrate.env")), 0o600);
    assert_eq!(operator.provision(&[]).stdout, "-- nothing to do\n");
    assert_eq!(
        operator.provision(&["--dry-run"]).stdout,
        "-- nothing to do\n"
    );

    let before = operator.run(&["migrate", "--status"], &["migrate.env"], &[]);
    assert_eq!(
        (before.code, before.stdout.lines().count()),
        (1, SERVICES.len())
    );
    assert!(
        before.stdout.starts_with("users: at nothing, 3 pending"),
        "{}",
        before.stdout
    );
    let migrated = operator.run(&["migrate"], &["migrate.env"], &[]);
    assert_eq!(migrated.code, 0, "{}", migrated.stderr);
    assert_eq!(
        operator.run(&["migrate"], &["migrate.env"], &[]).stdout,
        SERVICES.iter().fold(String::new(), |text, service| text
            + service.name()
            + ": nothing to do\n")
    );
    assert_eq!(
        operator
            .run(&["migrate", "--status"], &["migrate.env"], &[])
            .code,
        0
    );

    let audit = operator.audit(&[]);
    assert_eq!(audit.code, 0, "{}", audit.stdout);
    assert!(
        audit.stdout.contains("No way across a wall."),
        "{}",
        audit.stdout
    );
    let by_the_services = operator.run_without_admin(&["audit"], &["serve.env"]);
    assert_eq!(by_the_services.code, 0, "{}", by_the_services.stdout);
}

#[test]
fn drift_is_repaired_and_told() {
    let operator = Operator::new();
    operator.provision(&[]);
    operator
        .admin()
        .batch_execute(
            "ALTER ROLE users_service CREATEDB CONNECTION LIMIT -1;
             GRANT users_owner TO orders_service;
             GRANT CREATE ON SCHEMA orders TO PUBLIC;
             ALTER ROLE orders_service IN DATABASE app RESET lock_timeout;
             GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC;
             ALTER ROLE users_service PASSWORD 'changed by itself'",
        )
        .unwrap();

    let repaired = operator.provision(&[]).stdout;

    for words in [
        "ALTER ROLE users_service NOCREATEDB CONNECTION LIMIT 20",
        "REVOKE users_owner FROM orders_service",
        "REVOKE ALL ON SCHEMA orders FROM PUBLIC",
        "ALTER ROLE orders_service IN DATABASE app SET lock_timeout = '1s'",
        "REVOKE EXECUTE ON FUNCTION pg_advisory_lock(bigint) FROM PUBLIC",
        "-- users_service has a new password",
    ] {
        assert!(repaired.contains(words), "{words} is not in\n{repaired}");
    }
    assert_eq!(repaired.lines().count(), 6, "{repaired}");
    assert_eq!(operator.provision(&[]).stdout, "-- nothing to do\n");
}

#[test]
fn passwords_come_from_the_environment_or_the_files_or_are_made_anew() {
    let operator = Operator::new();
    let chosen = [
        ("USERS_SERVICE_PASSWORD", "it's % a: p@ss/word"),
        ("USERS_OWNER_PASSWORD", "another"),
    ];
    assert_eq!(operator.run(&["provision"], &[], &chosen).code, 0);
    let serve = fs::read_to_string(operator.secrets("serve.env")).unwrap();
    assert!(
        serve.contains(
            "USERS_DATABASE_URL='postgres://users_service:it%27s%20%25%20a%3A%20p%40ss%2Fword@"
        ),
        "{serve}"
    );
    let url: DatabaseUrl = serve
        .lines()
        .find_map(|line| line.strip_prefix("USERS_DATABASE_URL="))
        .unwrap()
        .trim_matches('\'')
        .parse()
        .unwrap();
    connect(&url);

    let rotated = operator.run(
        &["provision"],
        &[],
        &[("USERS_SERVICE_PASSWORD", "rotated")],
    );
    assert_eq!(rotated.stdout, "-- users_service has a new password\n");

    fs::remove_dir_all(operator.folder.path().join("secrets")).unwrap();
    let lost = operator.run(&["provision"], &[], &[]);
    assert_eq!(lost.code, 1);
    assert!(
        lost.stderr
            .contains("or let it be replaced with --new-passwords"),
        "{}",
        lost.stderr
    );
    let renewed = operator.provision(&["--new-passwords"]);
    assert_eq!(
        renewed.stdout.lines().count(),
        2 * SERVICES.len(),
        "nobody knows the passwords any more"
    );
}

#[test]
fn an_audit_tells_what_it_found_what_that_allows_and_what_closes_it() {
    let operator = Operator::new();
    operator.provision(&[]);
    operator.run(&["migrate"], &["migrate.env"], &[]);
    operator.admin().batch_execute("GRANT USAGE ON SCHEMA users TO orders_service; GRANT SELECT ON users.accounts TO PUBLIC").unwrap();

    let table = operator.audit(&[]);
    let json = operator.audit(&["--format", "json"]);

    assert_eq!((table.code, json.code), (1, 1));
    assert!(
        table
            .stdout
            .contains("REVOKE ALL ON SCHEMA users FROM orders_service"),
        "{}",
        table.stdout
    );
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    for result in json["results"].as_array().unwrap() {
        assert!(
            table.stdout.contains(result["id"].as_str().unwrap()),
            "{result}"
        );
    }
    let accepting = |names: &str| operator.audit(&["--accept", names]).code;
    assert_eq!(accepting("foreign-grant,effective-reach"), 0);
    assert_eq!(accepting("foreign-grant"), 1);
    assert_eq!(accepting("foreign-grnat"), 2, "a rule that does not exist");
    let ids: Vec<&str> = json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["id"].as_str().unwrap())
        .collect();
    assert_eq!(accepting(&ids.join(",")), 0);
}

#[test]
fn an_audit_that_cannot_look_exits_with_2() {
    let operator = Operator::new();

    for url in [
        "postgres://nobody:x@%2Fnowhere/app",
        "postgres://postgres:wrong@localhost:1/app",
        "nonsense",
    ] {
        let printed = operator.run(&["audit", "--admin-url", url], &[], &[]);
        assert_eq!((printed.code, printed.stdout.as_str()), (2, ""), "{url}");
        assert_eq!(printed.stderr.lines().count(), 1, "{}", printed.stderr);
    }
}

#[test]
fn a_database_that_this_project_did_not_make_is_audited_by_the_names_given() {
    let operator = Operator::new();
    connect(operator.server.admin())
        .batch_execute(
            "CREATE ROLE bill_admin; CREATE ROLE bill_app LOGIN;CREATE ROLE ship_app LOGIN",
        )
        .unwrap();
    connect(operator.server.admin())
        .batch_execute("CREATE DATABASE app")
        .unwrap();
    operator
        .admin()
        .batch_execute(
            "CREATE SCHEMA bill AUTHORIZATION bill_admin; CREATE SCHEMA ship;
             CREATE TABLE bill.invoices (); ALTER TABLE bill.invoices OWNER TO bill_admin;
             GRANT USAGE ON SCHEMA bill TO bill_app, ship_app; GRANT SELECT ON bill.invoices TO ship_app",
        )
        .unwrap();
    let file = operator.folder.path().join("services");
    fs::write(
        &file,
        "# name=schema,owner,role\nbilling=bill,bill_admin,bill_app\n",
    )
    .unwrap();

    let from_flags = operator.audit(&["--service", "billing=bill,bill_admin,bill_app"]);
    let from_a_file = operator.audit(&["--services", file.to_str().unwrap()]);

    assert_eq!(from_flags.code, 1);
    assert_eq!(from_flags.stdout, from_a_file.stdout);
    assert!(
        from_flags
            .stdout
            .contains("REVOKE ALL ON TABLE bill.invoices FROM ship_app"),
        "{}",
        from_flags.stdout
    );
}

#[test]
fn on_a_managed_server_the_rest_is_done_and_what_stays_open_is_listed() {
    let operator = Operator::new();
    connect(operator.server.admin())
        .batch_execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'm'")
        .unwrap();
    let manager = operator
        .server
        .admin()
        .with_login("manager", &"m".into())
        .with_database("postgres");

    let first = operator.run(&["provision", "--admin-url", manager.expose()], &[], &[]);
    let second = operator.run(&["provision", "--admin-url", manager.expose()], &[], &[]);

    assert_eq!((first.code, second.code), (0, 0), "{}", first.stderr);
    assert!(
        first
            .stdout
            .contains("CREATE SCHEMA users AUTHORIZATION users_owner;"),
        "{}",
        first.stdout
    );
    assert!(
        first
            .stdout
            .contains("--   REVOKE EXECUTE ON FUNCTION pg_advisory_lock(bigint) FROM PUBLIC;"),
        "{}",
        first.stdout
    );
    assert!(
        second.stdout.lines().all(|line| line.starts_with("--")),
        "{}",
        second.stdout
    );
    let migrated = operator.run(&["migrate"], &["migrate.env"], &[]);
    assert_eq!(migrated.code, 0, "{}", migrated.stderr);
}

#[test]
fn a_failed_migration_of_one_service_leaves_the_others_version_alone() {
    let operator = Operator::new();
    operator.provision(&[]);
    // A table of that name is there already, so the first migration of users fails.
    operator
        .admin()
        .batch_execute("CREATE TABLE users.accounts ()")
        .unwrap();

    let migrated = operator.run(&["migrate"], &["migrate.env"], &[]);
    let status = operator.run(&["migrate", "--status"], &["migrate.env"], &[]);

    assert_eq!(migrated.code, 1);
    assert!(
        migrated.stderr.contains("cannot migrate users"),
        "{}",
        migrated.stderr
    );
    assert!(
        status.stdout.contains("users: at nothing, 3 pending"),
        "{}",
        status.stdout
    );
    assert!(status.stdout.contains(", 0 pending"), "{}", status.stdout);
}

#[test]
fn an_existing_secrets_file_is_replaced_whole_and_stays_closed() {
    let operator = Operator::new();
    operator.provision(&[]);
    let path = operator.secrets("serve.env");
    fs::write(
        &path,
        "USERS_DATABASE_URL='postgres://users_service:lost@/app'\n",
    )
    .unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();

    operator.provision(&["--new-passwords"]);

    assert_eq!(mode(&path), 0o600);
    assert_eq!(
        fs::read_to_string(&path).unwrap().lines().count(),
        SERVICES.len()
    );
}

#[test]
fn with_a_database_for_each_service_the_services_own_urls_audit_clean() {
    let operator = Operator::new();
    for service in SERVICES {
        operator.provision(&[
            "--only",
            service.name(),
            "--database",
            &format!("{}_db", service.name()),
        ]);
    }
    assert_eq!(operator.run(&["migrate"], &["migrate.env"], &[]).code, 0);

    let audit = operator.run_without_admin(&["audit"], &["serve.env"]);

    assert_eq!(audit.code, 0, "{}{}", audit.stdout, audit.stderr);
}

#[test]
fn an_audit_of_the_wrong_database_says_so() {
    let operator = Operator::new();
    operator.provision(&[]);

    let printed = operator.run(&["audit"], &[], &[]);

    assert_eq!(printed.code, 2, "{}", printed.stdout);
    assert!(
        printed
            .stderr
            .contains("no service's schema stands in this database"),
        "{}",
        printed.stderr
    );
}

#[test]
fn a_login_that_the_query_gives_a_second_time_is_refused_by_every_command() {
    let operator = Operator::new();
    let admin = format!("{}?user=postgres", operator.server.admin().expose());

    for command in [
        &["provision", "--admin-url", &*admin][..],
        &["audit", "--admin-url", &admin],
    ] {
        let printed = operator.run(command, &[], &[]);
        assert!(
            printed.code != 0 && printed.stderr.contains("its query carries `user`"),
            "{}",
            printed.stderr
        );
    }
    let migrate = operator.run(&["migrate", "--users-owner-database-url", &admin], &[], &[]);
    assert!(
        migrate.code != 0 && migrate.stderr.contains("its query carries `user`"),
        "{}",
        migrate.stderr
    );
}
