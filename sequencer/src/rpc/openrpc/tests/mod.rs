//! The document against what is served, against `docs/openrpc.json`, and against `docs/rpc.md`.
//!
//! `SPILLWAY_WRITE_OPENRPC=1 cargo nextest run -p spillway-sequencer openrpc` writes `docs/openrpc.json`.

mod bridge;
mod manual;
mod stand_in;

use std::collections::BTreeSet;
use std::sync::Arc;

use jsonrpsee::Methods;
use jsonrpsee::server::stop_channel;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::super::bridge::Bridge;
use super::super::{Rpc, RpcConfig, methods};
use super::document::SCHEMAS;
use crate::Sequencer;
use crate::config::Config;
use crate::rollback::tests::GENESIS;
use stand_in::StandIn;

/// What a node serves, and what it tells of that.
struct Served {
    /// Those of WebSocket too.
    methods: Methods,
    document: Value,
    /// Their chain.
    _sequencer: (Sequencer, tempfile::TempDir),
}

impl Served {
    async fn by(bridge: Option<Arc<dyn Bridge>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sequencer = Sequencer::start(&Config::new(GENESIS, dir.path().to_owned())).unwrap();
        let config = RpcConfig::new(([127, 0, 0, 1], 0).into());
        let (stop, _) = stop_channel();
        let (submitter, view) = (sequencer.submitter(), sequencer.view());
        let rpc = Rpc::new(submitter, view, config, bridge, stop).unwrap();
        let (_, methods) = methods(rpc).unwrap();
        let document = call(&methods, "rpc.discover", &json!([])).await["result"].take();
        Self {
            methods,
            document,
            _sequencer: (sequencer, dir),
        }
    }

    /// A node with everything.
    async fn whole() -> Self {
        Self::by(Some(Arc::new(StandIn))).await
    }

    /// The names of the described methods.
    fn described(&self) -> BTreeSet<&str> {
        let methods = self.document["methods"].as_array().unwrap().iter();
        methods
            .map(|method| method["name"].as_str().unwrap())
            .collect()
    }

    fn method(&self, name: &str) -> &Value {
        let methods = self.document["methods"].as_array().unwrap();
        let found = methods.iter().find(|method| method["name"] == name);
        found.unwrap_or_else(|| panic!("{name} is not in the document"))
    }

    /// What fits a schema of the document.
    fn validator(&self, schema: &Value) -> Validator {
        let schema = json!({ "allOf": [schema], "components": self.document["components"] });
        let options = jsonschema::options().with_draft(Draft::Draft7);
        options.build(&schema).unwrap()
    }

    /// Fails unless the value fits.
    fn check(&self, schema: &Value, value: &Value, what: &str) {
        let validator = self.validator(schema);
        let problems: Vec<_> = validator
            .iter_errors(value)
            .map(|it| it.to_string())
            .collect();
        assert!(problems.is_empty(), "{what}: {value}: {problems:?}");
    }
}

async fn call(methods: &Methods, method: &str, params: &Value) -> Value {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let request = request.to_string();
    let (answer, _) = methods.raw_json_request(&request, 1).await.unwrap();
    serde_json::from_str(answer.get()).unwrap()
}

#[tokio::test]
async fn openrpc_lists_what_is_served() {
    for (bridge, has_bridge) in [
        (None, false),
        (Some(Arc::new(StandIn) as Arc<dyn Bridge>), true),
    ] {
        let served = Served::by(bridge).await;
        let registered: BTreeSet<&str> = served.methods.method_names().collect();
        assert_eq!(served.described(), registered);
        assert_eq!(registered.contains("spillway_deposits"), has_bridge);
        let modules = call(&served.methods, "rpc_modules", &json!([])).await;
        let told: BTreeSet<&String> = modules["result"].as_object().unwrap().keys().collect();
        let namespaces: BTreeSet<String> = registered
            .iter()
            .map(|name| name.split(['_', '.']).next().unwrap().to_owned())
            .collect();
        assert_eq!(told, namespaces.iter().collect());
    }
}

/// The committed document is what the code makes, byte by byte.
#[tokio::test]
async fn openrpc_of_the_repository_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openrpc.json");
    let mut made = serde_json::to_string_pretty(&Served::whole().await.document).unwrap();
    made.push('\n');
    if std::env::var_os("SPILLWAY_WRITE_OPENRPC").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == made,
        "docs/openrpc.json is not what is served: CONTRIBUTING.md says how to write it"
    );
}

/// Every reference has something behind it, every schema is one, and none is there for nothing.
#[tokio::test]
async fn openrpc_schemas_are_whole() {
    let served = Served::whole().await;
    let schemas = served.document["components"]["schemas"]
        .as_object()
        .unwrap();
    let made = super::schemas::components();
    let unused = made.keys().filter(|name| !schemas.contains_key(*name));
    assert_eq!(
        unused.collect::<Vec<_>>(),
        [""; 0],
        "nothing refers to these"
    );
    for (name, schema) in schemas {
        served.validator(schema);
        served.validator(&json!({ "$ref": format!("{SCHEMAS}{name}") }));
    }
    let mut open = vec![&served.document];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values),
            Value::Object(members) => open.extend(members.values()),
            Value::String(text) if text.starts_with("#/") => {
                let behind = served.document.pointer(&text[1..]);
                assert!(behind.is_some(), "{text} leads nowhere");
            }
            _ => {}
        }
    }
}

/// Parameters are called in the document what errors call them.
#[tokio::test]
async fn openrpc_names_parameters_as_errors_do() {
    let served = Served::whole().await;
    for method in served.document["methods"].as_array().unwrap() {
        let (name, params) = (&method["name"], method["params"].as_array().unwrap());
        let name = name.as_str().unwrap();
        // Subscriptions are answered on a connection.
        if name.ends_with("subscribe") {
            continue;
        }
        let example = &method["examples"][0]["params"];
        let values = example.as_array().unwrap().iter().map(|it| &it["value"]);
        let values: Vec<_> = values.collect();
        let required = params.iter().filter(|param| param["required"] == true);
        for (at, param) in required.enumerate() {
            let answer = call(&served.methods, name, &json!(&values[..at])).await;
            let message = answer["error"]["message"].as_str().unwrap();
            let argument = param["name"].as_str().unwrap();
            let expected = format!("missing value for required argument {at} ({argument})");
            assert_eq!(message, expected, "{name}");
        }
    }
}
