//! The committed document is one of OpenRPC.

use std::path::Path;

use jsonschema::{Draft, Registry};
use serde_json::Value;
use spillway_tests::clients;

#[test]
fn the_committed_document_fits_the_meta_schema_of_openrpc() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openrpc.json");
    let text = std::fs::read(path).expect("docs/openrpc.json");
    let document: Value = serde_json::from_slice(&text).expect("JSON");
    let printed = clients::printed("openrpc.js");
    let mut metas: Value = serde_json::from_str(&printed).expect("two schemas");
    let json_schema = metas["jsonSchema"].take();
    let meta = metas["openrpc"].take();
    // It is referred to with and without the slash.
    let registry = Registry::new()
        .add("https://meta.json-schema.tools/", &json_schema)
        .and_then(|registry| registry.add("https://meta.json-schema.tools", &json_schema))
        .and_then(|registry| registry.prepare())
        .expect("the meta-schema of JSON Schema");
    let validator = jsonschema::options()
        .with_draft(Draft::Draft7)
        .with_registry(&registry)
        .build(&meta)
        .expect("the meta-schema of OpenRPC");
    let problems: Vec<_> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
}
