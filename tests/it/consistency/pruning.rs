//! Old facts are deleted, and nobody misses one.

use std::time::Duration;

use schema_per_service::config::Config;
use serde_json::json;

use super::{catch_up, come_to_rest, copies, originals, run, sql};
use crate::harness::{Database, Server, eventually, register};

/// It tidies up all the time.
fn tidy(config: &mut Config) {
    config.upkeep.every = Duration::from_millis(20);
}

fn facts(database: &Database) -> Vec<String> {
    let query = "SELECT position FROM users.events ORDER BY position";
    sql(database, "users", query)
}

#[test]
fn superseded_facts_go_after_a_week_once_every_reader_is_done_with_them_and_the_newest_stay() {
    let database = Database::new();
    let server = Server::start_with(database.clone(), |_| {});
    // Places 1 to 3 are of the first user, 4 to 6 of the second, 7 to 9 of the third.
    for name in ["ada", "bob", "carol"] {
        let path = format!(
            "/users/{}",
            register(&server, &format!("{name}@example.com"))
        );
        for round in ["first", "second"] {
            let changed = server.patch(&path, &[], &json!({ "name": round }));
            assert_eq!(changed.status, 200);
        }
    }
    catch_up(&database);
    drop(server);
    // Carol changed less than a week ago; so did nobody else.
    sql(
        &database,
        "users",
        "UPDATE users.events SET superseded_at = now() - CASE WHEN position > 6
             THEN interval '6 days 23 hours' ELSE interval '7 days 1 hour' END
          WHERE superseded_at IS NOT NULL;
         UPDATE users.feed_readers SET position = 9;
         INSERT INTO users.feed_readers (reader, position) VALUES ('archive', 5)",
    );

    let server = Server::start_with(database.clone(), tidy);
    // The fact at a reader's own place stays. What is deleted is deleted at once, so what is left then was meant to be.
    eventually("old facts are deleted", || facts(&database).len() < 9);
    assert_eq!(facts(&database), ["3", "5", "6", "7", "8", "9"]);

    let statement = "UPDATE users.feed_readers SET position = 9 WHERE reader = 'archive'";
    sql(&database, "users", statement);
    eventually("the reader is done with more", || {
        facts(&database).len() < 6
    });
    assert_eq!(facts(&database), ["3", "6", "7", "8", "9"]);

    // What is left is enough for a reader who begins at the beginning.
    assert_eq!(run(&database, &["rebuild"]).0, 0);
    assert_eq!(copies(&database), originals(&database));
    assert_eq!(copies(&database).len(), 3);
    register(&server, "dan@example.com");
    come_to_rest(&database);
}
