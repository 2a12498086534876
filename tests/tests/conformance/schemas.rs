//! The two documents, and what fits them.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// What the public document specifies.
const PUBLIC: &str = include_str!("../../fixtures/execution-apis/openrpc.json");

/// A document of OpenRPC, with the results of its methods ready to be validated.
pub(crate) struct Document {
    document: Value,
    results: BTreeMap<String, Validator>,
}

/// The node's own document and the public one.
pub(crate) struct Schemas {
    pub(crate) own: Document,
    pub(crate) public: Document,
}

impl Schemas {
    /// With that of a node.
    pub(crate) fn of(own: Value) -> Self {
        let public = serde_json::from_str(PUBLIC).expect("the public document");
        Self {
            own: Document::new(own),
            public: Document::new(public),
        }
    }

    /// Fails unless all methods that the node serves are among those.
    pub(crate) fn all_called<'a>(&self, called: impl Iterator<Item = &'a String>) {
        let called: BTreeSet<&String> = called.collect();
        let served: BTreeSet<&String> = self.own.results.keys().collect();
        assert_eq!(
            called, served,
            "methods that were called, and that are served"
        );
        let public = self
            .public
            .results
            .keys()
            .filter(|name| !served.contains(name));
        assert_eq!(
            public.collect::<Vec<_>>(),
            [""; 0],
            "public, and not served"
        );
    }
}

impl Document {
    fn new(document: Value) -> Self {
        let methods = document["methods"].as_array().expect("methods");
        let results = methods.iter().map(|method| {
            let name = method["name"].as_str().expect("a name").to_owned();
            (name, validator(&document, &method["result"]["schema"]))
        });
        Self {
            results: results.collect(),
            document,
        }
    }

    /// What is wrong with a result; `None` when the document does not have the method.
    pub(crate) fn problems(&self, method: &str, result: &Value) -> Option<Vec<String>> {
        let validator = self.results.get(method)?;
        Some(problems(validator, result))
    }

    /// The method object.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn method(&self, name: &str) -> &Value {
        let methods = self.document["methods"].as_array().expect("methods");
        let found = methods.iter().find(|method| method["name"] == name);
        found.unwrap_or_else(|| panic!("{name} is not in the document"))
    }

    /// Fails unless a value fits a schema.
    pub(crate) fn check(&self, schema: &Value, value: &Value, what: &str) {
        let found = problems(&validator(&self.document, schema), value);
        assert!(found.is_empty(), "{what}: {value}: {found:#?}");
    }

    /// Fails unless a value fits a component.
    pub(crate) fn check_component(&self, component: &str, value: &Value) {
        let schema = json!({ "$ref": format!("#/components/schemas/{component}") });
        self.check(&schema, value, component);
    }

    /// The codes of a method's errors.
    pub(crate) fn error_codes(&self, method: &str) -> Vec<&Value> {
        let errors = self.method(method)["errors"].as_array().expect("errors");
        let places = errors
            .iter()
            .map(|error| error["$ref"].as_str().expect("a reference"));
        let errors = places.map(|place| self.document.pointer(place.trim_start_matches('#')));
        errors
            .map(|error| &error.expect("an error")["code"])
            .collect()
    }
}

fn validator(document: &Value, schema: &Value) -> Validator {
    let schema = json!({ "allOf": [schema], "components": document["components"] });
    let options = jsonschema::options().with_draft(Draft::Draft7);
    options.build(&schema).expect("a schema")
}

fn problems(validator: &Validator, value: &Value) -> Vec<String> {
    let errors = validator.iter_errors(value);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}
