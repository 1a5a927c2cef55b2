//! The vocabulary of the wire, which all services share: problems, bodies, parameters, pages, preconditions.
//!
//! Nothing here names a service.

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
mod visit;

pub(crate) use body::Body;
pub(crate) use caller::{Caller, Distrust, Identity, Origin, Scope, Subject};
pub(crate) use door::{Door, Reader, Reading, Retried};
pub(crate) use etag::{IfMatch, IfNoneMatch, etag};
pub(crate) use field::{Faults, Field, Unknown};
pub(crate) use id::Id;
pub(crate) use key::{IdempotencyKey, OptionalKey};
pub(crate) use page::{Limit, Page};
pub(crate) use params::{Params, PathId};
pub(crate) use problem::{Problem, as_problem};
pub(crate) use route::{mount, resource, unknown_path};
pub use rule::Right;
pub(crate) use visit::Visit;
