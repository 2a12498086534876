//! What is served: `rpc_modules` for people at a console, `rpc.discover` for programs.

use std::collections::BTreeMap;
use std::io;

use jsonrpsee::core::{RpcResult, to_json_raw_value};
use serde_json::json;

use super::openrpc::{Description, Registrar, describe, document};

/// Registers both methods, which tell of what is registered by now, of the subscriptions and of themselves.
///
/// # Errors
/// When the document cannot be made, or a method is registered twice.
pub(super) fn register(module: &mut Registrar, subscriptions: &Registrar) -> io::Result<()> {
    let own = [modules_described(), discover_described()];
    let others = module.described().iter().chain(subscriptions.described());
    let all: Vec<&Description> = others.chain(&own).collect();
    let modules = modules(&all);
    let document = document(&all).map_err(io::Error::other)?;
    let document = to_json_raw_value(&document)?;
    let [modules_described, discover_described] = own;
    module
        .method(modules_described, move |_, _, _| {
            RpcResult::Ok(modules.clone())
        })
        .map_err(io::Error::other)?;
    module
        .method(discover_described, move |_, _, _| {
            RpcResult::Ok(document.clone())
        })
        .map_err(io::Error::other)
}

fn modules_described() -> Description {
    let version = json!({ "type": "string" });
    let modules = json!({ "type": "object", "additionalProperties": version });
    describe(
        "rpc_modules",
        "The namespaces of the methods that are served.",
    )
    .result("modules", modules)
}

fn discover_described() -> Description {
    let document = json!({
        "type": "object",
        "required": ["openrpc", "info", "methods", "components"],
    });
    describe(
        "rpc.discover",
        "The OpenRPC document of the methods that are served.",
    )
    .details("Those of WebSocket are among them, over HTTP too.")
    .result("document", document)
}

/// The namespaces, with the version that geth has for each.
fn modules(described: &[&Description]) -> BTreeMap<&'static str, &'static str> {
    let names = described.iter().map(|one| one.name());
    let namespaces = names.filter_map(|name| name.split(['_', '.']).next());
    namespaces.map(|namespace| (namespace, "1.0")).collect()
}
