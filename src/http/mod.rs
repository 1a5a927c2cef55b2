//! The vocabulary of the wire, which all services share: problems, bodies, parameters, pages, preconditions, and
//! what the OpenAPI document says of them.
//!
//! Nothing here names a service. A request is read in one order: who calls ([`Caller`]) and whether they may ([`rule`]), the path, the
//! query ([`Params`]) and the body ([`Body`]), whose [`Field`]s keep what is wrong until one answer can name all of it. Whatever fails is
//! a [`Problem`]. A service adds its routes with [`resource`] and shows itself to the gateway as a [`Door`].

mod answer;
mod body;
mod caller;
mod door;
mod etag;
mod field;
mod id;
mod key;
mod operation;
mod page;
mod params;
mod problem;
mod route;
pub(crate) mod rule;
mod sketch;
mod visit;

pub(crate) use answer::{Accepted, Created, Fresh, Media, Raw, Shown, Versioned};
pub(crate) use body::{Body, Patch};
pub(crate) use caller::{Caller, Distrust, Identity, Origin, Scope, Subject};
pub(crate) use door::{Door, Reader, Reading, Retried};
pub(crate) use etag::{IfMatch, IfNoneMatch};
pub(crate) use field::{Faults, Field, Unknown};
pub(crate) use id::Id;
pub(crate) use key::{IdempotencyKey, Once, OptionalKey};
pub use operation::Operation;
pub(crate) use operation::{About, Link};
pub(crate) use page::{Limit, Page};
pub(crate) use params::{Params, PathId};
pub(crate) use problem::{INTERNAL, Kind, PRECONDITION_FAILED, Problem, UNAVAILABLE, as_problem};
pub(crate) use route::{Routes, UNKNOWN_PATH, nobodys_path, resource};
pub(crate) use sketch::{Gives, Schemas, Sketch, Takes};
pub(crate) use visit::{Endpoint, Visit};
