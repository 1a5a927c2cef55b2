//! The program itself, as `cargo run` starts it: with a PostgreSQL of its own that survives everything.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use nix::unistd::Uid;
use postgres::NoTls;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Client, PROGRAM, Process, eventually, postmaster, signal};

const NOBODY: u32 = 65_534;

/// A folder that the server's account may enter, for data that outlives one server.
fn folder() -> TempDir {
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o755))
        .tempdir()
        .unwrap()
}

/// A server on this folder, as a process of its own.
fn start(data_dir: &Path) -> Process {
    Process::from(command(data_dir))
}

fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir);
    command
}

fn is_alive(pid: u32) -> bool {
    // A process that nobody has waited for yet is a zombie, which is as good as gone.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn refusal(command: &mut Command) -> String {
    let Output {
        status,
        stderr,
        stdout,
    } = command.output().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(stdout.is_empty());
    String::from_utf8(stderr).unwrap()
}

fn names(client: &Client) -> Vec<String> {
    let users = client.get("/users").body;
    users["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["name"].as_str().unwrap().to_owned())
        .collect()
}

fn register(client: &Client, name: &str) {
    let user = client.post(
        "/users",
        &json!({ "email": format!("{name}@example.com"), "name": name }),
    );
    assert_eq!(user.status, 201, "{user:?}");
}

#[test]
fn sigterm_and_ctrl_c_stop_server_and_postgresql_and_the_data_stays() {
    let folder = folder();
    let data_dir = folder.path().join("data");

    for (name, end) in [("Ada", "TERM"), ("Bob", "INT")] {
        let mut server = start(&data_dir);
        register(&server.client, name);
        let postmaster = postmaster(&data_dir);

        server.signal(end);

        assert!(server.ended().success(), "{end}");
        eventually("PostgreSQL has stopped", || !is_alive(postmaster));
        assert!(
            !data_dir.join("postgres/postmaster.pid").exists(),
            "it was stopped, not killed"
        );
    }
    assert_eq!(names(&start(&data_dir).client), ["Ada", "Bob"]);
}

#[test]
fn after_kill_9_of_the_server_the_next_start_recovers_by_itself() {
    let folder = folder();
    let data_dir = folder.path().join("data");

    for name in ["Ada", "Bob", "Eve"] {
        let mut server = start(&data_dir);
        register(&server.client, name);
        server.signal("KILL");
        server.ended();
    }

    assert_eq!(names(&start(&data_dir).client), ["Ada", "Bob", "Eve"]);
}

#[test]
fn after_kill_9_of_the_server_and_of_all_postgresql_the_next_start_recovers_by_itself() {
    let folder = folder();
    let data_dir = folder.path().join("data");
    let mut server = start(&data_dir);
    register(&server.client, "Ada");

    signal(postmaster(&data_dir), "KILL");
    server.signal("KILL");
    server.ended();

    assert_eq!(names(&start(&data_dir).client), ["Ada"]);
}

#[test]
fn after_kill_9_of_postgresql_the_running_server_brings_it_back() {
    let folder = folder();
    let data_dir = folder.path().join("data");
    let server = start(&data_dir);
    register(&server.client, "Ada");
    let killed = postmaster(&data_dir);

    signal(killed, "KILL");

    // The killed server's own processes may still answer for a moment.
    eventually("another one runs", || postmaster(&data_dir) != killed);
    eventually("it answers", || server.client.get("/health").status == 200);
    assert_eq!(names(&server.client), ["Ada"]);
    register(&server.client, "Bob");
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_with_a_sentence() {
    let folder = folder();
    let data_dir = folder.path().join("data");
    let first = start(&data_dir);

    let message = refusal(&mut command(&data_dir));

    assert!(
        message.contains("another server uses the data folder"),
        "{message}"
    );
    assert_eq!(first.client.get("/health").status, 200);
}

#[test]
fn without_postgresql_on_the_machine_a_sentence_says_what_to_install() {
    let folder = folder();

    let message = refusal(command(&folder.path().join("data")).args(["--pg-bin-dir", "/nowhere"]));

    assert!(
        message.contains("no PostgreSQL server programs"),
        "{message}"
    );
    assert!(message.contains("apt-get install postgresql"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn some_urls_without_the_others_are_refused_with_a_sentence() {
    let folder = folder();

    let message = refusal(
        command(&folder.path().join("data"))
            .args(["--users-database-url", "postgres://u:hunter2@localhost/x"]),
    );

    assert!(
        message.contains("USERS_DATABASE_URL is set and ORDERS_DATABASE_URL is not"),
        "{message}"
    );
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn a_folder_of_another_major_version_is_refused_with_a_sentence() {
    let folder = folder();
    let data_dir = folder.path().join("data");
    drop(start(&data_dir));
    eventually("PostgreSQL has stopped", || {
        !data_dir.join("postgres/postmaster.pid").exists()
    });
    fs::write(data_dir.join("postgres/PG_VERSION"), "9\n").unwrap();

    let message = refusal(&mut command(&data_dir));

    assert!(
        message.contains("was made by PostgreSQL 9, but the programs here are of "),
        "{message}"
    );
}

#[test]
fn the_embedded_server_is_durable_private_and_has_no_tcp_port() {
    let folder = folder();
    let data_dir = folder.path().join("data");
    let server = start(&data_dir);
    assert!(
        server
            .banner
            .contains(&data_dir.canonicalize().unwrap().display().to_string()),
        "{}",
        server.banner
    );

    let mut admin = postgres::Config::new()
        .host_path(data_dir.join("run"))
        .user("postgres")
        .password(fs::read(data_dir.join("admin-password")).unwrap())
        .connect(NoTls)
        .unwrap();
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("password_encryption", "scram-sha-256"),
    ] {
        let row = admin.query_one(&format!("SHOW {setting}"), &[]).unwrap();
        assert_eq!(row.get::<_, &str>(0), value, "{setting}");
    }
    for secret in ["admin-password", "postgres", "run"] {
        let mode = fs::metadata(data_dir.join(secret))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{secret} is open to others");
    }
    let mode = fs::metadata(&data_dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o066, 0, "the folder can be listed by others");
}

/// The tests themselves run as root on many machines; then an ordinary user is played by `nobody`.
#[test]
fn it_works_as_an_ordinary_user() {
    if !Uid::effective().is_root() {
        return;
    }
    let folder = folder();
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    std::os::unix::fs::chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
    let program: PathBuf = home.join("program");
    fs::copy(PROGRAM, &program).unwrap();

    let mut command = Command::new(program);
    command
        .args(["--listen", "127.0.0.1:0"])
        .uid(NOBODY)
        .gid(NOBODY)
        .current_dir(&home);
    let mut server = Process::from(command);

    register(&server.client, "Ada");
    assert_eq!(names(&server.client), ["Ada"]);
    server.signal("TERM");
    assert!(server.ended().success());
}

#[test]
fn a_folder_with_other_files_in_it_is_left_alone() {
    let folder = folder();
    fs::write(folder.path().join("games"), "").unwrap();

    let message = refusal(&mut command(folder.path()));

    assert!(
        message.contains("holds files that are not ours"),
        "{message}"
    );
    assert_eq!(
        fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777,
        0o755
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn why_postgresql_does_not_start_is_said() {
    let folder = folder();
    let data_dir = folder.path().join("data");
    drop(start(&data_dir));
    eventually("PostgreSQL has stopped", || {
        !data_dir.join("postgres/postmaster.pid").exists()
    });
    let settings = data_dir.join("postgres/postgresql.conf");
    fs::write(
        &settings,
        fs::read_to_string(&settings).unwrap() + "\nnonsense = 1\n",
    )
    .unwrap();

    let message = refusal(&mut command(&data_dir));

    assert!(message.contains("PostgreSQL did not start"), "{message}");
    assert!(message.contains("postgresql.conf"), "{message}");
}

#[test]
fn a_log_that_nobody_reads_any_more_stops_nothing() {
    let folder = folder();
    let data_dir = folder.path().join("data");
    let mut command = command(&data_dir);
    command.stderr(Stdio::piped());
    let mut server = Process::from(command);
    drop(server.child.stderr.take());

    let killed = postmaster(&data_dir);
    signal(killed, "KILL");
    eventually("PostgreSQL is back", || postmaster(&data_dir) != killed);
    eventually("it answers", || server.client.get("/health").status == 200);
    server.signal("TERM");

    assert!(server.ended().success());
}
