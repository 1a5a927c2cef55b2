//! The wall: all that touches PostgreSQL, and no word about any one service.
//!
//! A service meets the database through [`Pool<O>`] and [`Conn<O>`], which carry their owner as a type: one service's
//! connection does not fit where another's is due. [`Batch`] lets one query answer many callers. [`provision`] and
//! [`migrate`] build the schemas and roles that make the database refuse what the compiler cannot see, and [`embedded`]
//! brings a PostgreSQL of our own where none is configured.
//!
//! Only this folder opens a connection or writes SQL by hand; clippy.toml keeps it so.
//!
//! Where to go on: [`pool`] for how a service is lent a connection and for how long; [`batch`] and [`crew`] for who waits for it;
//! [`worker`] for what is done without being asked; [`guard`] and [`audit`] for what is looked at before and while serving.

pub mod audit;
mod batch;
mod connect;
mod crew;
mod each;
pub mod embedded;
mod error;
pub(crate) mod fault;
mod figures;
mod guard;
pub mod migrate;
mod pool;
mod prepared;
pub mod provision;
mod rows;
mod service;
mod url;
mod with;
mod worker;

pub(crate) use batch::Batch;
pub(crate) use connect::end_logins;
pub(crate) use crew::Crew;
pub(crate) use each::{AtMost, ForEach, WithLines, asked};
pub(crate) use error::Error;
pub(crate) use guard::Look;
pub use guard::Terms;
pub use pool::Limits;
pub(crate) use pool::{Ailment, Conn, Pool};
pub(crate) use prepared::Prepared;
pub(crate) use rows::{any, hand_out, unnest};
pub(crate) use service::Owner;
pub use service::Service;
pub use url::{DatabaseUrl, Unsafe};
pub(crate) use with::{Part, Rows, Unread, With, names};
pub use worker::Upkeep;
pub(crate) use worker::Worker;
