//! The whole, from the outside: REST against a real server on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod attacks;
mod audit;
mod boot;
mod bulkhead;
mod commands;
mod consistency;
mod console;
mod customers;
mod embedded;
mod grants;
mod harness;
mod health;
mod help;
mod layouts;
mod migrations;
mod openapi;
mod operations;
mod orders;
mod problems;
mod restore;
mod rights;
mod schema;
mod seed;
mod tidy;
mod users;
