//! The document as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::description::Description;
use super::examples::{MANUAL, examples};
use super::failure::Failure;
use super::schemas;

/// The version of OpenRPC.
const OPENRPC: &str = "1.3.2";

/// Where a schema is, by its name.
pub(super) const SCHEMAS: &str = "#/components/schemas/";

/// The document of those methods, in the order of their names.
///
/// # Errors
/// When the examples of `docs/rpc.md` cannot be read.
pub(in super::super) fn document(described: &[&Description]) -> Result<Value, String> {
    let examples = examples(MANUAL)?;
    let by_name: BTreeMap<_, _> = described.iter().map(|one| (one.name(), one)).collect();
    let methods: Vec<_> = by_name
        .values()
        .map(|one| one.to_json(examples.get(one.name()).and_then(|all| all.first())))
        .collect();
    let schemas = needed(&methods, schemas::components());
    Ok(json!({
        "openrpc": OPENRPC,
        "info": {
            "title": "Spillway",
            "description": "The JSON-RPC of a Spillway node, over HTTP and WebSocket. docs/rpc.md is its manual.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": env!("CARGO_PKG_LICENSE") },
        },
        "methods": methods,
        "components": { "schemas": schemas, "errors": Failure::components() },
    }))
}

/// Those of the schemas that the methods refer to, or that other ones do that are needed.
fn needed(methods: &[Value], all: Map<String, Value>) -> Map<String, Value> {
    let mut names = BTreeSet::new();
    let mut open: Vec<&Value> = methods.iter().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values),
            Value::Object(members) => open.extend(members.values()),
            Value::String(text) => {
                let name = text.strip_prefix(SCHEMAS);
                let schema = name.and_then(|name| all.get_key_value(name));
                if let Some((name, schema)) = schema
                    && names.insert(name.clone())
                {
                    open.push(schema);
                }
            }
            _ => {}
        }
    }
    let needed = all.into_iter().filter(|(name, _)| names.contains(name));
    needed.collect()
}
