//! The machine's clock is two hours off, and nothing depends on it.
#![cfg(target_os = "linux")]

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use uuid::Uuid;

use super::{
    account, catch_up, close, come_to_rest, is_replayed, orders_of, place_as, process, run, sql,
};
use crate::harness::{Database, Process, eventually, register};

/// Stands before the C library's own, which every program asks for the time of day. A C compiler is there wherever this
/// project is built.
const CLOCK: &str = "
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *now) {
    long failed = syscall(SYS_clock_gettime, id, now);
    if (!failed && id == CLOCK_REALTIME) now->tv_sec += OFF;
    return (int)failed;
}
";

/// Makes a library that puts the clock of whatever is loaded with it off by so many seconds.
fn clock_off_by(seconds: i64, folder: &Path) -> PathBuf {
    let library = folder.join(format!("clock{seconds}.so"));
    let mut compiler = Command::new("cc")
        .args(["-shared", "-fPIC", "-x", "c", "-", "-o"])
        .arg(&library)
        .arg(format!("-DOFF=({seconds})"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut source = compiler.stdin.take().unwrap();
    source.write_all(CLOCK.as_bytes()).unwrap();
    drop(source);
    assert!(compiler.wait().unwrap().success());
    library
}

/// How far the clock of the process that made the order is before that of the database, by the time in the order's id.
fn seconds_before_the_database(database: &Database, order: &str) -> i64 {
    let (seconds, _) = Uuid::parse_str(order)
        .unwrap()
        .get_timestamp()
        .unwrap()
        .to_unix();
    let placed = format!(
        "SELECT extract(epoch FROM placed_at)::bigint FROM orders.orders WHERE id = '{order}'"
    );
    let placed: i64 = sql(database, "orders", &placed).concat().parse().unwrap();
    i64::try_from(seconds).unwrap() - placed
}

fn age(database: &Database, order: &str, interval: &str) {
    let statement = format!(
        "UPDATE orders.orders SET placed_at = now() - interval '{interval}' WHERE id = '{order}'"
    );
    sql(database, "orders", &statement);
}

#[test]
fn a_process_whose_clock_is_two_hours_off_decides_as_any_other() {
    const TWO_HOURS: i64 = 7_200;
    let folder = tempfile::tempdir().unwrap();
    let database = Database::new();

    for off in [-TWO_HOURS, TWO_HOURS] {
        let library = clock_off_by(off, folder.path());
        let server: Process = process(&database, &[("LD_PRELOAD", library.to_str().unwrap())]);
        let client = &server.client;
        let user = register(client, &format!("ada{off}@example.com"));
        let first = place_as(client, &user, "once").text("/id");
        let is_off = seconds_before_the_database(&database, &first);
        assert!((is_off - off).abs() < 600, "the clock is {is_off} s off");

        // A key stands for a day of the database: 23 hours are less, and 25 are more.
        age(&database, &first, "23 hours");
        let again = place_as(client, &user, "once");
        assert_eq!(
            (again.text("/id"), is_replayed(&again)),
            (first.clone(), true)
        );
        age(&database, &first, "25 hours");
        let second = place_as(client, &user, "once");
        assert_eq!((second.status, is_replayed(&second)), (201, false));

        // A fact that was set aside is tried again in seconds.
        catch_up(&database);
        sql(
            &database,
            "users",
            "ALTER TABLE users.events DROP CONSTRAINT IF EXISTS events_standing_check;
             UPDATE users.feed_head SET position = position + 1;
             INSERT INTO users.events (position, user_id, version, standing)
             SELECT position, gen_random_uuid(), 1, 'asleep' FROM users.feed_head",
        );
        let tried =
            "SELECT next_try_at BETWEEN now() - interval '1 minute' AND now() + interval '1 minute'
                       FROM orders.set_aside WHERE attempts > 1";
        let mut is_soon = Vec::new();
        eventually("it was tried again", || {
            is_soon = sql(&database, "orders", tried);
            !is_soon.is_empty()
        });
        assert_eq!(is_soon, ["t"]);
        sql(
            &database,
            "users",
            "DELETE FROM users.events WHERE standing = 'asleep'",
        );
        sql(&database, "orders", "DELETE FROM orders.set_aside");

        // And whoever leaves has left.
        close(client, &user);
        come_to_rest(&database);
        assert_eq!(account(&database, &user), "closed null 3");
        assert_eq!(orders_of(&database, &user), ["cancelled 2"; 2]);
        assert_eq!(run(&database, &["rebuild"]).0, 0);
    }
}
