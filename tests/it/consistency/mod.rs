//! What holds across both services, whatever dies, comes twice, comes late or is away in between.

mod away;
mod clock;
mod crash;
mod feed;
mod keys;
mod leaving;
mod poison;
mod processes;
mod pruning;
mod rebuild;

use std::{
    io,
    process::{Child, Stdio},
};

use serde_json::Value;

use crate::harness::{Answer, Client, Database, Process, an_order, command, eventually};

/// Runs SQL as the administrator of a service's database. Returns each row as the text of its columns, with a space between.
fn sql(database: &Database, service: &str, statements: &str) -> Vec<String> {
    database.of(service).sql(statements)
}

/// A server as a process of its own, with these variables.
fn process(database: &Database, variables: &[(&str, &str)]) -> Process {
    let mut command = command(database, &["serve"]);
    command.envs(variables.iter().copied());
    Process::from(command)
}

/// A command that runs; it is killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command to its end; returns its exit code and what it printed.
fn run(database: &Database, arguments: &[&str]) -> (i32, String) {
    let mut command = command(database, arguments);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    eventually("the command ends", || {
        running.0.try_wait().unwrap().is_some()
    });
    let code = running.0.wait().unwrap().code().unwrap();
    let printed = running.0.stdout.take().unwrap();
    (code, io::read_to_string(printed).unwrap())
}

/// Places [`an_order`] under a key.
fn place_as(server: &Client, customer: &str, key: &str) -> Answer {
    let headers = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", key),
    ];
    let order = an_order(customer).to_string();
    server.send("POST", "/orders", &headers, &order)
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.contains_key("idempotency-replayed")
}

fn ship(server: &Client, order: &str) -> u16 {
    let path = format!("/orders/{order}/ship");
    server.post(&path, &Value::Null).status
}

/// Asks for an account to be closed.
fn close(server: &Client, user: &str) {
    let answer = server.send("DELETE", &format!("/users/{user}"), &[], "");
    assert_eq!(answer.status, 202, "{answer:?}");
}

/// Each version of a user and how the account stood, as the feed tells it.
fn history(database: &Database, user: &str) -> Vec<String> {
    let query = format!(
        "SELECT version, standing FROM users.events WHERE user_id = '{user}' ORDER BY position"
    );
    sql(database, "users", &query)
}

/// The account: its standing, the refusal, and its version.
fn account(database: &Database, user: &str) -> String {
    let query =
        format!("SELECT standing, refusal, version FROM users.accounts WHERE id = '{user}'");
    sql(database, "users", &query).concat()
}

/// The orders of a user, the oldest first: the status of each, and its version.
fn orders_of(database: &Database, user: &str) -> Vec<String> {
    let query = format!(
        "SELECT status, version FROM orders.orders WHERE customer_id = '{user}' ORDER BY placed_at, id"
    );
    sql(database, "orders", &query)
}

/// Everything about every order but when.
fn all_orders(database: &Database) -> Vec<String> {
    let query = "SELECT id, customer_id, status, total, version FROM orders.orders ORDER BY id";
    sql(database, "orders", query)
}

fn originals(database: &Database) -> Vec<String> {
    let query = "SELECT id, version, standing FROM users.accounts ORDER BY id";
    sql(database, "users", query)
}

fn copies(database: &Database) -> Vec<String> {
    let query = "SELECT id, version, standing FROM orders.customers ORDER BY id";
    sql(database, "orders", query)
}

fn head(database: &Database) -> Vec<String> {
    sql(database, "users", "SELECT position FROM users.feed_head")
}

fn cursor(database: &Database) -> Vec<String> {
    sql(
        database,
        "orders",
        "SELECT position FROM orders.feed_cursors",
    )
}

/// Waits until orders has read the whole feed.
fn catch_up(database: &Database) {
    eventually("orders has read the feed", || {
        cursor(database) == head(database)
    });
}

/// Waits until nobody waits for an answer, and then looks at what has to be so: the copy is as the original, and nothing is
/// left over.
fn come_to_rest(database: &Database) {
    eventually("every wish to leave is answered", || {
        let waiting = "SELECT id FROM users.accounts WHERE standing = 'closing'";
        sql(database, "users", waiting).is_empty()
    });
    catch_up(database);
    assert_eq!(copies(database), originals(database));
    let count = |table| {
        sql(
            database,
            "orders",
            &format!("SELECT count(*) FROM orders.{table}"),
        )
    };
    assert_eq!(count("closings"), ["0"], "an answer is given for ever");
    assert_eq!(count("set_aside"), ["0"]);
}

/// Accounts with a fact each, as if they had registered.
fn populate(database: &Database, count: usize) {
    let statements = format!(
        "INSERT INTO users.accounts (id, email, name)
         SELECT gen_random_uuid(), n || '@example.com', 'Ada' FROM generate_series(1, {count}) AS n;
         INSERT INTO users.events (position, user_id, version, standing)
         SELECT row_number() OVER (ORDER BY id), id, version, standing FROM users.accounts;
         UPDATE users.feed_head SET position = {count}"
    );
    sql(database, "users", &statements);
}

/// From now on, takes note of each move of the place that orders has in the feed.
fn note_moves(database: &Database) {
    sql(
        database,
        "orders",
        "CREATE TABLE public.moves
             (number bigint GENERATED ALWAYS AS IDENTITY, start bigint, goal bigint);
         CREATE FUNCTION public.note_move() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
             'BEGIN INSERT INTO public.moves (start, goal) VALUES (OLD.position, NEW.position); RETURN NULL; END';
         CREATE TRIGGER note_move AFTER UPDATE ON orders.feed_cursors
             FOR EACH ROW EXECUTE FUNCTION public.note_move()",
    );
}

/// Each move began where the last one ended and went forward, so no fact was applied twice and none passed over.
fn assert_each_move_began_where_the_last_ended(database: &Database) {
    let strays = "SELECT * FROM (SELECT *, lag(goal) OVER (ORDER BY number) AS last FROM public.moves) AS moves
                   WHERE start <> last OR goal <= start";
    assert_eq!(sql(database, "orders", strays), [""; 0]);
    let last = "SELECT goal FROM public.moves ORDER BY number DESC LIMIT 1";
    assert_eq!(sql(database, "orders", last), head(database));
}
