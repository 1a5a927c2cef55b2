//! The whole, from the outside: REST against a real server on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod audit;
mod embedded;
mod grants;
mod harness;
mod health;
mod migrations;
mod orders;
mod problems;
mod schema;
mod tidy;
mod users;
