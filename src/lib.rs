//! Two services in one process, and between them a wall that the compiler and PostgreSQL both keep.
//!
//! `users` and `orders` each own a schema, an owner role, a serving role and a set of migrations. The floors of the house,
//! from the top; a file imports from its own floor's folder or from a lower floor only, which `tests/it/tidy.rs` checks:
//!
//! | floor | what it is |
//! |---|---|
//! | `cli` `app` `config` [`services`] | the command line, the server, the settings, and the one list of services |
//! | `gateway` | the one entrance: mounts each service and answers for the whole |
//! | `orders` | a service; knows the door of `users` and nothing behind it |
//! | `users` | a service; knows no other |
//! | `http` [`db`] `log` | the vocabulary of the wire; the wall; the log. None names a service |
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
