//! The fifth wall: `serve` looks before it opens its port, and says what it saw.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use schema_per_service::{
    db::{
        DatabaseUrl,
        audit::{self, Finding, Subject},
    },
    services::SERVICES,
};

use crate::harness::{Database, PROGRAM, signal};

/// The command that serves users and orders with these URLs, and whatever else there is with its own.
fn serve(database: &Database, users: &DatabaseUrl, orders: &DatabaseUrl) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(["--listen", "127.0.0.1:0"])
        .stdin(Stdio::null());
    for (service, own) in SERVICES.iter().zip(database.service_urls()) {
        let url = match service.name() {
            "users" => users,
            "orders" => orders,
            _ => &own,
        };
        command
            .arg(format!("--{}-database-url", service.name()))
            .arg(url.expose());
    }
    // The tests' databases stand beside each other on one server that does not sync.
    command.env("ACCEPT", "other-database,durability");
    command.env("ANYONE_MAY_CALL", "true");
    command
}

/// Starts the server with these URLs; it must refuse, open no port and say why, without a secret.
fn refusal(
    database: &Database,
    users: &DatabaseUrl,
    orders: &DatabaseUrl,
    more: impl FnOnce(&mut Command),
) -> String {
    let mut command = serve(database, users, orders);
    more(&mut command);
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();

    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "",
        "it says where it listens only when it does"
    );
    for url in [users, orders] {
        let password = url.password().unwrap();
        assert!(
            !message.contains(secrecy::ExposeSecret::expose_secret(&password)),
            "{message}"
        );
    }
    message
}

fn urls(database: &Database) -> [DatabaseUrl; 2] {
    let url = |name| {
        let at = SERVICES
            .iter()
            .position(|service| service.name() == name)
            .unwrap();
        database.service_urls()[at].clone()
    };
    ["users", "orders"].map(url)
}

#[test]
fn each_wrong_login_is_refused_with_its_own_sentence() {
    let database = Database::new();
    let [users, orders] = urls(&database);
    let owner = database.owner_url(&SERVICES[0]);
    let superuser = database.admin_url();

    for (users, orders, sentence) in [
        (
            &orders,
            &users,
            "logs in as a role of orders: the URLs are swapped",
        ),
        (&superuser, &orders, "logs in as a superuser"),
        (&owner, &orders, "logs in as the role that migrates"),
        (
            &users,
            &users,
            "USERS_DATABASE_URL and ORDERS_DATABASE_URL are the same",
        ),
    ] {
        let message = refusal(&database, users, orders, |_| {});
        assert!(message.contains(sentence), "{message}");
    }
}

#[test]
fn an_extra_grant_is_refused_with_the_statement_that_closes_it() {
    let database = Database::new();
    let [users, orders] = urls(&database);
    database
        .admin()
        .batch_execute("GRANT USAGE ON SCHEMA users TO orders_service")
        .unwrap();

    let message = refusal(&database, &users, &orders, |_| {});

    assert!(message.contains("foreign-grant"), "{message}");
    assert!(
        message.contains("REVOKE ALL ON SCHEMA users FROM orders_service"),
        "{message}"
    );
}

#[test]
fn a_schema_of_another_version_is_refused_in_either_direction() {
    let database = Database::new();
    let [users, orders] = urls(&database);
    let mut admin = database.admin();

    admin
        .batch_execute(
            "INSERT INTO users.__diesel_schema_migrations VALUES ('29991231235959', now())",
        )
        .unwrap();
    let newer = refusal(&database, &users, &orders, |_| {});
    admin
        .batch_execute("DELETE FROM users.__diesel_schema_migrations")
        .unwrap();
    let older = refusal(&database, &users, &orders, |_| {});

    assert!(
        newer.contains("has 29991231235959, which this program does not know"),
        "{newer}"
    );
    assert!(older.contains("run migrate"), "{older}");
}

#[test]
fn session_options_are_refused_in_a_url_and_in_the_environment() {
    let database = Database::new();
    let [users, orders] = urls(&database);
    let with_options = format!("{}?options=-cstatement_timeout%3D0", users.expose())
        .parse()
        .unwrap();

    let in_the_url = refusal(&database, &with_options, &orders, |_| {});
    let in_the_environment = refusal(&database, &users, &orders, |command| {
        command.env("PGOPTIONS", "-c statement_timeout=0");
    });

    assert!(
        in_the_url.contains("USERS_DATABASE_URL is refused: its query carries `options`"),
        "{in_the_url}"
    );
    assert!(
        in_the_environment.contains("PGOPTIONS is set"),
        "{in_the_environment}"
    );
}

#[test]
fn a_server_that_does_not_sync_is_refused() {
    let database = Database::new();
    let [users, orders] = urls(&database);

    let message = refusal(&database, &users, &orders, |command| {
        command.env("ACCEPT", "other-database");
    });

    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        assert!(message.contains(&format!("setting {setting}")), "{message}");
    }
}

#[test]
fn a_database_elsewhere_is_refused_unless_it_is_verified_who_answers() {
    let database = Database::new();
    let [users, _] = urls(&database);
    let elsewhere = "postgres://orders_service:p4ss@db.example.com/app?sslmode=require"
        .parse()
        .unwrap();

    let message = refusal(&database, &users, &elsewhere, |_| {});

    assert!(
        message.contains("ORDERS_DATABASE_URL is refused: it leaves this machine"),
        "{message}"
    );
}

#[test]
fn a_breach_while_serving_stands_in_the_log_by_the_id_that_the_audit_gives_it() {
    let database = Database::new();
    let [users, orders] = urls(&database);
    let mut server = serve(&database, &users, &orders)
        .args(["--audit-interval", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut banner = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();

    // Planted before the port is open, it would keep it shut.
    banner.next().unwrap().unwrap();
    database
        .admin()
        .batch_execute("GRANT USAGE ON SCHEMA users TO orders_service")
        .unwrap();

    let line = log
        .find_map(|line| line.ok().filter(|line| line.contains("breached")))
        .unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let subjects: Vec<Subject> = SERVICES.iter().map(Subject::from).collect();
    let report = audit::run(&database.admin_url(), &subjects, &[]).unwrap();
    let ids: Vec<String> = report.findings.iter().map(Finding::id).collect();
    assert!(ids.iter().any(|id| line.contains(id)), "{line}\n{report}");
    assert!(!line.contains("orders_service"), "{line}");
}

#[test]
fn a_process_that_holds_an_owners_or_an_administrators_login_does_not_serve() {
    let database = Database::new();
    let [users, orders] = urls(&database);

    for variable in ["ADMIN_DATABASE_URL", "ORDERS_OWNER_DATABASE_URL"] {
        let message = refusal(&database, &users, &orders, |command| {
            command.env(variable, "postgres:///x");
        });
        assert!(message.contains(&format!("{variable} is set")), "{message}");
    }
}

#[test]
fn a_table_that_a_crash_would_empty_is_refused() {
    let database = Database::new();
    let [users, orders] = urls(&database);
    database
        .admin()
        .batch_execute("ALTER TABLE users.accounts SET UNLOGGED")
        .unwrap();

    let message = refusal(&database, &users, &orders, |command| {
        command.env("ACCEPT", "other-database");
    });

    assert!(
        message.contains("ALTER TABLE users.accounts SET LOGGED"),
        "{message}"
    );
}

#[test]
fn a_role_cannot_blind_the_look_by_its_own_settings() {
    let database = Database::new();
    let [users, orders] = urls(&database);
    let name = database.name().to_owned();
    database
        .admin()
        .batch_execute(&format!(
            "ALTER ROLE users_service IN DATABASE {name} SET statement_timeout = '1ms'"
        ))
        .unwrap();

    let message = refusal(&database, &users, &orders, |_| {});

    assert!(message.contains("statement_timeout"), "{message}");
}

/// OpenSSL tidies up when a process exits; a login still under way then used to crash it, about one time in seven.
#[test]
fn a_server_that_is_stopped_as_soon_as_it_serves_ends_well() {
    let database = Database::new();
    let [users, orders] = urls(&database);

    for round in 0..12 {
        let mut server = serve(&database, &users, &orders)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut banner = BufReader::new(server.stdout.take().unwrap()).lines();
        banner.next().unwrap().unwrap();

        signal(server.id(), "TERM");

        let ended = server.wait_with_output().unwrap();
        assert!(ended.status.success(), "in round {round}: {ended:?}");
    }
}
