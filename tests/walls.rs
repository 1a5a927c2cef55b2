//! The walls that hold before anything runs. A copy of the crate gets one intruding line, and the compiler, or clippy, must
//! refuse it there and for the right reason. The unchanged copy must pass, or the refusals prove nothing.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{LazyLock, Mutex},
};

use schema_per_service::{db::Service, services::SERVICES};
use serde_json::Value;
use tempfile::TempDir;

/// One attempt to get past a wall.
struct Intrusion {
    /// The file that gets the line at its end.
    file: &'static str,
    line: &'static str,
    /// What refuses it: an error of the compiler or a lint of clippy.
    refusal: &'static str,
}

const INTRUSIONS: &[Intrusion] = &[
    // Wall 1, names: what a service keeps to itself cannot be named elsewhere. (The rest below.)
    intrusion(
        "src/orders/mod.rs",
        "use crate::users::schema::users::accounts;",
        "E0603",
    ),
    intrusion(
        "src/orders/store/orders.rs",
        "use crate::users::store::accounts as spy;",
        "E0603",
    ),
    intrusion(
        "src/orders/store/orders.rs",
        "type Spy = crate::users::store::UsersPool;",
        "E0603",
    ),
    intrusion(
        "src/users/store/accounts.rs",
        "type Spy = crate::orders::store::OrdersSchema;",
        "E0603",
    ),
    intrusion(
        "src/gateway/mod.rs",
        "use crate::orders::store::orders as spy;",
        "E0603",
    ),
    intrusion(
        "src/http/mod.rs",
        "use crate::users::model::Email as Spy;",
        "E0603",
    ),
    // Wall 2, types: what cannot be named cannot be passed either, not even by whoever holds the door.
    intrusion(
        "src/orders/mod.rs",
        "fn spy(users: &Users) { let _ = &users.0; }",
        "E0616",
    ),
    intrusion(
        "src/orders/mod.rs",
        "fn spy<Other: crate::db::Owner>(pool: &crate::db::Pool<Other>) -> &OrdersPool { pool }",
        "E0308",
    ),
    intrusion(
        "src/orders/store/orders.rs",
        "fn spy<Other: crate::db::Owner>(conn: &mut crate::db::Conn<'_, Other>) { let _ = find(conn, &[]); }",
        "E0308",
    ),
    intrusion(
        "src/orders/store/orders.rs",
        "fn spy(pool: &super::OrdersPool) { let _ = &pool.inner; }",
        "E0616",
    ),
    intrusion(
        "src/orders/store/orders.rs",
        "fn spy(inner: &mut diesel::PgConnection) -> OrdersConn<'_> { crate::db::Conn { inner, owner: Default::default() } }",
        "E0451",
    ),
    intrusion(
        "src/orders/mod.rs",
        "fn spy(id: OrderId) -> UserId { id }",
        "E0308",
    ),
    // Wall 3, lints: SQL by hand, tables by hand, and connections that have no owner.
    intrusion(
        "src/orders/store/orders.rs",
        "fn spy() { let _ = diesel::sql_query(\"SELECT email FROM users.accounts\"); }",
        "clippy::disallowed_methods",
    ),
    intrusion(
        "src/orders/store/orders.rs",
        "fn spy() { let _ = diesel::dsl::sql::<diesel::sql_types::Text>(\"(SELECT email FROM users.accounts)\"); }",
        "clippy::disallowed_methods",
    ),
    intrusion(
        "src/orders/store/orders.rs",
        "diesel::table! { users.accounts (id) { id -> Uuid, } }",
        "clippy::disallowed_methods",
    ),
    intrusion(
        "src/orders/store/orders.rs",
        "fn spy(conn: &mut OrdersConn<'_>) { let _ = diesel::connection::SimpleConnection::batch_execute(conn.pg(), \"\"); }",
        "clippy::disallowed_methods",
    ),
    intrusion(
        "src/gateway/mod.rs",
        "fn spy() { let _ = <diesel::PgConnection as diesel::Connection>::establish(\"\"); }",
        "clippy::disallowed_methods",
    ),
    intrusion(
        "src/orders/mod.rs",
        "fn spy() { let _ = std::env::var(\"USERS_DATABASE_URL\"); }",
        "clippy::disallowed_methods",
    ),
];

const fn intrusion(file: &'static str, line: &'static str, refusal: &'static str) -> Intrusion {
    Intrusion {
        file,
        line,
        refusal,
    }
}

/// The copy; one for all in turn, because clippy then has only the crate itself to check each time.
static COPY: LazyLock<Mutex<TempDir>> = LazyLock::new(|| {
    let copy = tempfile::tempdir().unwrap();
    for name in ["Cargo.toml", "Cargo.lock", "build.rs", "clippy.toml", "src"] {
        copy_into(&root().join(name), &copy.path().join(name));
    }
    for entry in fs::read_dir(root()).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with("migrations_") {
            copy_into(&entry.path(), &copy.path().join(name));
        }
    }
    Mutex::new(copy)
});

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn copy_into(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            copy_into(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// Checks the copy's library.
fn check(copy: &Path) -> Output {
    // The dependencies were, or will be, checked by clippy for the crate itself: both use one target folder.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    Command::new(env!("CARGO"))
        .args([
            "clippy",
            "--lib",
            "--locked",
            "--quiet",
            "--message-format=json",
            "--target-dir",
        ])
        .arg(target)
        .args([
            "--",
            "--deny",
            "clippy::disallowed_methods",
            "--allow",
            "dead_code",
            "--allow",
            "unused",
        ])
        .current_dir(copy)
        .output()
        .unwrap()
}

/// What clippy says about the copy's library: the code, the file and the line of each message.
fn clippy(copy: &Path) -> Vec<(String, PathBuf, u64)> {
    let output = check(copy);
    let messages: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        !messages.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let messages = messages
        .iter()
        .filter(|message| message["reason"] == "compiler-message");
    messages
        .map(|message| &message["message"])
        .filter(|message| message["level"] == "error" && message["code"].is_object())
        .map(|message| {
            let spans = message["spans"].as_array().unwrap();
            let span = spans
                .iter()
                .find(|span| span["is_primary"] == true)
                .unwrap();
            (
                message["code"]["code"].as_str().unwrap().to_owned(),
                PathBuf::from(span["file_name"].as_str().unwrap()),
                span["line_start"].as_u64().unwrap(),
            )
        })
        .collect()
}

#[test]
fn every_intrusion_is_refused_where_it_stands_and_for_its_own_reason() {
    let copy = COPY.lock().unwrap();
    let copy = copy.path();
    assert_eq!(clippy(copy), [], "the unchanged copy must pass");

    for Intrusion {
        file,
        line,
        refusal,
    } in INTRUSIONS
    {
        let path = copy.join(file);
        let original = fs::read_to_string(&path).unwrap();
        let at = original.lines().count() as u64 + 1;
        fs::write(&path, format!("{original}{line}\n")).unwrap();

        let refusals = clippy(copy);

        fs::write(&path, original).unwrap();
        let expected = ((*refusal).to_owned(), PathBuf::from(file), at);
        assert!(
            refusals.contains(&expected),
            "{file}: {line}\nexpected {expected:?}, got {refusals:?}"
        );
        let elsewhere: Vec<_> = refusals
            .iter()
            .filter(|(_, place, line)| (place, *line) != (&expected.1, at))
            .collect();
        assert!(
            elsewhere.is_empty(),
            "{file}: {line}\nalso refused: {elsewhere:?}"
        );
    }
    assert_eq!(clippy(copy), [], "the copy is as it was");

    // A migration that names another service's schema does not even get into a binary.
    let migrations = fs::read_dir(copy.join("migrations_orders")).unwrap();
    let mut migrations = migrations
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    let script = migrations.next().unwrap().join("up.sql");
    for line in [
        "SELECT FROM users.accounts;",
        "GRANT SELECT ON orders TO users_service;",
        "SELECT \"users\" . accounts;",
    ] {
        let original = fs::read_to_string(&script).unwrap();
        fs::write(&script, format!("{original}{line}\n")).unwrap();

        let output = check(copy);

        fs::write(&script, original).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains("names users; a migration of orders touches"),
            "{line}: {said}"
        );
    }
}

/// What every service keeps behind its door.
const ROOMS: [&str; 5] = ["error", "http", "model", "schema", "store"];

#[test]
fn no_service_and_nobody_above_them_can_name_a_room_of_another_whichever_services_there_are() {
    let copy = COPY.lock().unwrap();
    let copy = copy.path();
    assert_eq!(clippy(copy), [], "the unchanged copy must pass");

    // All at once: the compiler tells of each.
    let names = || SERVICES.iter().map(Service::name);
    let files = names().map(|name| format!("src/{name}/mod.rs"));
    let files = files.chain(["src/gateway/mod.rs", "src/services.rs"].map(str::to_owned));
    let mut expected = Vec::new();
    let mut originals = Vec::new();
    for file in files {
        let path = copy.join(&file);
        let original = fs::read_to_string(&path).unwrap();
        let mut text = original.clone();
        for name in names().filter(|name| file != format!("src/{name}/mod.rs")) {
            for room in ROOMS {
                writeln!(text, "use crate::{name}::{room} as {name}_{room};").unwrap();
                let at = text.lines().count() as u64;
                expected.push(("E0603".to_owned(), PathBuf::from(&file), at));
            }
        }
        fs::write(&path, text).unwrap();
        originals.push((path, original));
    }

    let mut refusals = clippy(copy);

    for (path, original) in originals {
        fs::write(path, original).unwrap();
    }
    expected.sort();
    refusals.sort();
    assert_eq!(refusals, expected);
}
