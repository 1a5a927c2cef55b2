//! The product's own words on the wire.

#[path = "../../../../../src/http/answer.rs"]
#[expect(dead_code, reason = "nothing is changed here")]
mod answer;
#[path = "../../../../../src/http/body.rs"]
mod body;
#[path = "../../../../../src/http/caller.rs"]
#[expect(dead_code, reason = "nobody is asked who they are here")]
mod caller;
#[path = "../../../../../src/http/etag.rs"]
#[expect(dead_code, reason = "nothing is changed here")]
mod etag;
#[path = "../../../../../src/http/field.rs"]
mod field;
#[path = "../../../../../src/http/id.rs"]
mod id;
#[path = "../../../../../src/http/key.rs"]
mod key;
#[path = "../../../../../src/http/operation.rs"]
#[expect(dead_code, reason = "there is no document here")]
mod operation;
#[path = "../../../../../src/http/page.rs"]
mod page;
#[path = "../../../../../src/http/params.rs"]
mod params;
#[path = "../../../../../src/http/problem.rs"]
#[expect(dead_code, reason = "there is no other service that could be away")]
mod problem;
#[path = "../../../../../src/http/route.rs"]
#[expect(dead_code, reason = "nothing is changed here")]
mod route;
#[path = "../../../../../src/http/rule.rs"]
#[allow(dead_code, reason = "nothing here is an operator's alone")]
pub(crate) mod rule;
#[path = "../../../../../src/http/sketch.rs"]
#[expect(dead_code, reason = "there is no document here")]
mod sketch;
#[path = "../../../../../src/http/visit.rs"]
mod visit;

pub(crate) use answer::{Created, Fresh, Shown, Versioned};
pub(crate) use body::Body;
pub(crate) use caller::{Caller, Identity, Origin, Scope};
pub(crate) use etag::IfNoneMatch;
pub(crate) use field::{Faults, Field, Unknown};
pub(crate) use id::Id;
pub(crate) use key::{IdempotencyKey, Once, OptionalKey};
pub(crate) use operation::{About, Link, Operation};
pub(crate) use page::{Limit, Page};
pub(crate) use params::{Params, PathId};
pub(crate) use problem::{Kind, PRECONDITION_FAILED, Problem, as_problem};
pub(crate) use route::{nobodys_path, resource};
pub(crate) use visit::{Endpoint, Visit};
