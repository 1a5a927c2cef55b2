//! What the OpenAPI document says, and whether an answer is as it says. Every answer of every test is held against it.

use std::{process::Command, sync::LazyLock};

use serde_json::Value;

use super::{Answer, PROGRAM};

/// The document, as the program prints it.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let printed = Command::new(PROGRAM).arg("openapi").output().unwrap();
    serde_json::from_slice(&printed.stdout).unwrap()
});

/// Fails when the document does not know such an answer of this operation. Where it knows no operation, there is nothing to say.
pub(super) fn check(method: &str, target: &str, answer: &Answer) {
    let Some(operation) = operation(method, target) else {
        return;
    };
    let told = format!("{method} {target} answers {answer:?}");
    let known = &operation["responses"][answer.status.to_string()];
    assert!(known.is_object(), "not in the document: {told}");
    for (name, header) in known["headers"].as_object().into_iter().flatten() {
        assert!(
            header["required"] == false || answer.headers.contains_key(&name.to_lowercase()),
            "without its {name}: {told}"
        );
    }
    let kind = answer.headers.get("content-type").map(String::as_str);
    let Some(content) = known["content"].as_object().filter(|_| method != "HEAD") else {
        return;
    };
    // Only of a file it is not said what it is.
    let Some(media) = content.get(kind.unwrap_or("none")).or(content.get("*/*")) else {
        panic!("of another media type: {told}");
    };
    if !answer.body.is_null() {
        let fault = fault(&media["schema"], &answer.body);
        assert_eq!(fault, None, "{told}");
    }
}

/// The operation that a request is for.
fn operation(method: &str, target: &str) -> Option<&'static Value> {
    let path = target.split('?').next().unwrap_or_default();
    let paths = DOCUMENT["paths"].as_object()?;
    let pattern = paths
        .keys()
        .filter(|pattern| is_at(pattern, path))
        // A name goes before a parameter.
        .min_by_key(|pattern| pattern.matches('{').count())?;
    let method = if method == "HEAD" { "GET" } else { method };
    paths[pattern].get(method.to_lowercase())
}

fn is_at(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.split('/'), path.split('/'));
    pattern.clone().count() == path.clone().count()
        && pattern
            .zip(path)
            .all(|(part, given)| part == given || part.starts_with('{') && !given.is_empty())
}

/// How a value is not what the schema says. It reads the words of JSON Schema that our types come to.
fn fault(schema: &Value, value: &Value) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let named = DOCUMENT.pointer(name.trim_start_matches('#'))?;
        let found = fault(named, value).or_else(|| stranger(schema, value));
        if found.is_some() {
            return found;
        }
    }
    if let Some(others) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        let mut faults = others.iter().map(|schema| fault(schema, value));
        if faults.all(|fault| fault.is_some()) {
            return Some(format!("{value} is none of {others:?}"));
        }
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Some(format!("{value} is none of {words:?}"));
    }
    let types = match schema["type"].as_array() {
        Some(types) => types.clone(),
        None => schema.get("type").cloned().into_iter().collect(),
    };
    if !types.is_empty() && !types.iter().any(|name| is_a(name, value)) {
        return Some(format!("{value} is not of {types:?}"));
    }
    if let Value::Array(items) = value {
        return items.iter().find_map(|item| fault(&schema["items"], item));
    }
    let fields = value.as_object()?;
    let mut required = schema["required"].as_array().into_iter().flatten();
    if let Some(missing) = required.find(|name| !fields.contains_key(name.as_str().unwrap())) {
        return Some(format!("{missing} is missing"));
    }
    let known = |name: &String| schema["properties"].get(name);
    fields
        .iter()
        .find_map(|(name, value)| fault(known(name)?, value))
}

/// A field of an object that its schema does not name, when the schema is one of ours that names them all.
fn stranger(schema: &Value, value: &Value) -> Option<String> {
    let named = DOCUMENT.pointer(schema["$ref"].as_str()?.trim_start_matches('#'))?;
    let (known, fields) = (named["properties"].as_object()?, value.as_object()?);
    let is_open = named.get("additionalProperties").is_some() || named.get("oneOf").is_some();
    let stranger = fields.keys().find(|name| !known.contains_key(*name));
    stranger
        .filter(|_| !is_open)
        .map(|name| format!("{name} is not known"))
}

fn is_a(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("nothing of ours is of type {other}"),
    }
}
