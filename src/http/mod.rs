//! The vocabulary of the wire, which all services share: problems, bodies, parameters, pages, preconditions.
//!
//! Nothing here names a service. A request is read in one order: who calls ([`Caller`]) and whether they may ([`rule`]), the path, the
//! query ([`Params`]) and the body ([`Body`]), whose [`Field`]s keep what is wrong until one answer can name all of it. Whatever fails is
//! a [`Problem`]. A service adds its routes with [`resource`] and shows itself to the gateway as a [`Door`].

mod body;
mod caller;
mod door;
mod etag;
mod field;
mod id;
mod key;
mod page;
mod params;
mod problem;
mod route;
pub(crate) mod rule;

pub(crate) use body::Body;
pub(crate) use caller::{Caller, Distrust, Identity, Origin, Scope, Subject};
pub(crate) use door::{Door, Reader, Reading, Retried};
pub(crate) use etag::{IfMatch, IfNoneMatch, etag};
pub(crate) use field::{Faults, Field, Unknown};
pub(crate) use id::Id;
pub(crate) use key::{IdempotencyKey, OptionalKey};
pub(crate) use page::{Limit, Page};
pub(crate) use params::{Params, PathId};
pub(crate) use problem::{Problem, every_failure_is_a_problem};
pub(crate) use route::{mount, resource, unknown_path};
pub use rule::Right;
