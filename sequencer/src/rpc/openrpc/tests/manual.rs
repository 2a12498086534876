//! `docs/rpc.md`: names of methods and examples.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::examples::{Example, MANUAL, examples};
use super::Served;

/// The namespaces of methods.
const NAMESPACES: [&str; 5] = ["eth_", "net_", "txpool_", "web3_", "spillway_"];

/// Names in backticks that look like those of methods.
fn names(text: &str) -> BTreeSet<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_name = |name: &&str| {
        let known = NAMESPACES.iter().any(|space| name.starts_with(space));
        let rpc = name.starts_with("rpc.") || name.starts_with("rpc_");
        (known || rpc)
            && name
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || "_.".contains(char))
    };
    // Keys of the configuration begin like `rpc.discover`.
    let is_key = |name: &&str| name.starts_with("rpc.") && name.contains('_');
    quoted
        .filter(is_name)
        .filter(|name| !is_key(name))
        .collect()
}

#[tokio::test]
async fn openrpc_and_the_manual_have_the_same_methods() {
    let served = Served::whole().await;
    let notifications: BTreeSet<&str> = ["eth_subscription", "spillway_subscription"].into();
    let named: BTreeSet<&str> = names(MANUAL).difference(&notifications).copied().collect();
    assert_eq!(named, served.described(), "names in docs/rpc.md");
    let exemplified = examples(MANUAL).unwrap();
    let exemplified: BTreeSet<&str> = exemplified.keys().map(String::as_str).collect();
    assert_eq!(exemplified, served.described(), "examples in docs/rpc.md");
}

#[tokio::test]
async fn openrpc_schemas_fit_the_examples_of_the_manual() {
    let served = Served::whole().await;
    for (name, examples) in examples(MANUAL).unwrap() {
        for example in &examples {
            check(&served, &name, example);
        }
    }
}

fn check(served: &Served, name: &str, example: &Example) {
    let method = served.method(name);
    let params = method["params"].as_array().unwrap();
    assert!(
        example.params.len() <= params.len(),
        "{name}: too many params"
    );
    for (at, param) in params.iter().enumerate() {
        match example.params.get(at) {
            Some(value) => served.check(&param["schema"], value, &format!("{name}, {param}")),
            None => assert_eq!(param["required"], false, "{name}: {param} is missing"),
        }
    }
    match &example.answer {
        Ok(result) => served.check(&method["result"]["schema"], result, name),
        Err(error) => check_error(served, method, error),
    }
    for notification in &example.notifications {
        let schema = &method["x-notification"]["schema"];
        served.check(schema, notification, &format!("what {name} sends"));
    }
}

/// The error is one of those that the method has.
fn check_error(served: &Served, method: &Value, error: &Value) {
    served.check(
        &json!({ "$ref": "#/components/schemas/Error" }),
        error,
        "an error",
    );
    let errors = method["errors"].as_array().unwrap().iter();
    let codes: Vec<_> = errors
        .map(|it| it["$ref"].as_str().unwrap().trim_start_matches('#'))
        .map(|place| &served.document.pointer(place).unwrap()["code"])
        .collect();
    assert!(codes.contains(&&error["code"]), "{error} in {method}");
}

#[test]
fn examples_are_read_from_blocks_of_messages() {
    let text = r#"
    {"jsonrpc":"2.0","id":1,"method":"a","params":[1]}

    {"jsonrpc":"2.0","id":1,"result":{
      "b":[]}}

Words.

    query returned more than 10000 results

    {"jsonrpc":"2.0","id":1,"method":"c","params":[]}
    {"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"no"}}
    {"jsonrpc":"2.0","method":"d","params":{"subscription":"0x1","result":7}}
"#;
    let found = examples(text).unwrap();
    let a = &found["a"][0];
    assert_eq!(
        (&a.params, &a.answer),
        (&vec![json!(1)], &Ok(json!({"b": []})))
    );
    let c = &found["c"][0];
    assert_eq!(c.answer, Err(json!({"code": 3, "message": "no"})));
    assert_eq!(c.notifications, [json!(7)]);
    for (wrong, words) in [
        (
            r#"    {"jsonrpc":"2.0","id":1,"method":"a"}"#,
            "a has no answer",
        ),
        (r#"    {"jsonrpc":"2.0","id":1,"result":1}"#, "too many"),
        (
            r#"    {"jsonrpc":"2.0","method":"a","params":[]}"#,
            "before any",
        ),
        (r#"    {"jsonrpc":"2.0",...}"#, "line 1"),
    ] {
        let problem = examples(wrong).unwrap_err();
        assert!(problem.contains(words), "{problem}");
    }
}
