//! The OpenAPI 3.1 document, made from the router's own operations.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{entrance::HEAD_TOO_LARGE, limits::TOO_MANY_REQUESTS};
use crate::http::{INTERNAL, Kind, Operation, Schemas, UNAVAILABLE};

/// What every operation may answer, whatever it does.
const ALWAYS: [Kind; 4] = [TOO_MANY_REQUESTS, HEAD_TOO_LARGE, INTERNAL, UNAVAILABLE];

const DESCRIPTION: &str = "\
Services behind one address, each with data of its own.

Ids are UUIDs of version 7, times are RFC 3339 in UTC, amounts are integers in minor units of an ISO 4217 currency. A field that \
is not known is a fault. Every failure is a problem document (RFC 9457) whose `type` stays the same for ever. GET is also \
answered as HEAD. Every answer names its request in `X-Request-Id`, by what the request said there if it was short and plain.";

/// The document of these operations.
pub(crate) fn document(operations: &[Operation]) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut tags: Vec<&str> = Vec::new();
    for operation in operations {
        // The same as GET, and of no use to a generated client.
        if operation.method == "HEAD" {
            continue;
        }
        if !tags.contains(&operation.service) {
            tags.push(operation.service);
        }
        let path = paths.entry(operation.path).or_default();
        let method = operation.method.to_lowercase();
        path.insert(method, operation.describe(&mut schemas, &ALWAYS));
    }
    let tags: Vec<Value> = tags.iter().map(|name| json!({ "name": name })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas.into_components(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "Its subject owns the user of that id, and all that belongs to it. The scopes \
                        `operator` and `register` allow more. A server without token keys asks for none.",
                },
            },
        },
    })
}
