//! Two services in one process, and between them a wall that the compiler and PostgreSQL both keep.
//!
//! `users` and `orders` each own a schema, an owner role, a serving role and a set of migrations. Most of the house is private,
//! so read this with `cargo doc --document-private-items`.
//!
//! # The house
//!
//! The floors from the top; a file imports from its own floor's folder or from a lower floor only, which `tests/it/tidy.rs` checks:
//!
//! | floor | what it is |
//! |---|---|
//! | [`cli`] [`app`] [`config`] [`services`] | the command line, the server, the settings, and the one list of services |
//! | [`gateway`] | the one entrance: mounts each service and answers for the whole |
//! | [`orders`] | a service; knows the door of `users` and nothing behind it |
//! | [`users`] | a service; knows no other |
//! | [`http`] [`db`] [`log`] | the vocabulary of the wire; the wall; the log. None names a service |
//!
//! # One request
//!
//! 1. [`cli`] finds the databases that [`config`] names, and [`app`] opens every service's door and then the port.
//! 2. The entrance of the [`gateway`] names a request, finds out who calls, and counts it.
//! 3. The route's [rule](http::rule) says whether they may; a handler reads the request with the words of [`http`], and asks the
//!    service's door, such as [`users::Users`].
//! 4. The door compares whose the object is, and asks a [`Batch`](db::Batch): one query for all who wait, from the service's store, on a
//!    [connection that carries its owner](db::Conn).
//! 5. What went wrong comes back as a variant of the service's error, and leaves as an [`http::Problem`].
//!
//! # From there
//!
//! - How services tell each other something: the promises of [`users`], and [`orders`], which follows its feed.
//! - How the wall is built, looked at and kept: [`db`], which goes on to [`db::provision`], [`db::audit`] and the boot check.
//! - How to add a service: `docs/adding-a-service.md`. Why things are so: `docs/adr`.
//!
//! A link cannot point behind a door from here: privacy is the first wall, and rustdoc keeps it too. Each service's own page leads in.
//!
//! This file holds no struct and no pool on purpose: the root is everyone's parent, so a field declared here would be open
//! to every module.

pub mod app;
pub mod cli;
pub mod config;
pub mod db;
mod gateway;
mod http;
mod log;
mod orders;
pub mod services;
mod users;
