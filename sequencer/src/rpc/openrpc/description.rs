//! What is told of a method.

use serde_json::{Map, Value, json};

use super::examples::Example;
use super::failure::Failure;
use super::schemas::Schema;

/// A method, but for what it answers.
#[derive(Debug)]
pub(in super::super) struct Draft {
    name: &'static str,
    summary: &'static str,
    details: Option<&'static str>,
    params: Vec<Content>,
    failures: Vec<Failure>,
}

/// A method.
#[derive(Clone, Debug)]
pub(in super::super) struct Description {
    name: &'static str,
    summary: &'static str,
    details: Option<&'static str>,
    params: Vec<Content>,
    result: Content,
    failures: Vec<Failure>,
    /// What it sends to who has called it, and under which name.
    notification: Option<(&'static str, Schema)>,
}

/// A parameter or a result.
#[derive(Clone, Debug)]
struct Content {
    name: &'static str,
    required: bool,
    schema: Schema,
}

/// Begins the description of a method. The summary is one sentence.
pub(in super::super) const fn describe(name: &'static str, summary: &'static str) -> Draft {
    Draft {
        name,
        summary,
        details: None,
        params: Vec::new(),
        failures: Vec::new(),
    }
}

impl Draft {
    /// What the summary has no room for.
    pub(in super::super) const fn details(mut self, details: &'static str) -> Self {
        self.details = Some(details);
        self
    }

    /// The next parameter, which must be given. The name is that by which errors call it.
    pub(in super::super) fn required(self, name: &'static str, schema: impl Into<Schema>) -> Self {
        self.parameter(name, true, schema.into())
    }

    /// The next parameter, which may be left out or null.
    pub(in super::super) fn optional(self, name: &'static str, schema: impl Into<Schema>) -> Self {
        self.parameter(name, false, schema.into().or_null())
    }

    fn parameter(mut self, name: &'static str, required: bool, schema: Schema) -> Self {
        self.params.push(Content {
            name,
            required,
            schema,
        });
        self
    }

    /// How it fails, beside the ways in which every method does.
    pub(in super::super) fn fails(mut self, failures: &[Failure]) -> Self {
        self.failures.extend_from_slice(failures);
        self
    }

    /// What it answers. That is all that has to be told.
    pub(in super::super) fn result(
        self,
        name: &'static str,
        schema: impl Into<Schema>,
    ) -> Description {
        let mut failures = Failure::of_every_method(!self.params.is_empty());
        failures.extend(self.failures);
        Description {
            name: self.name,
            summary: self.summary,
            details: self.details,
            params: self.params,
            result: Content {
                name,
                required: true,
                schema: schema.into(),
            },
            failures,
            notification: None,
        }
    }
}

impl Description {
    /// The method's name.
    pub(in super::super) const fn name(&self) -> &'static str {
        self.name
    }

    /// The same, with what is sent to subscribers.
    pub(super) fn notifying(mut self, method: &'static str, schema: Schema) -> Self {
        self.notification = Some((method, schema));
        self
    }

    /// The method object.
    pub(super) fn to_json(&self, example: Option<&Example>) -> Value {
        let mut method = Map::new();
        method.insert("name".to_owned(), json!(self.name));
        method.insert("summary".to_owned(), json!(self.summary));
        if let Some(details) = self.details {
            method.insert("description".to_owned(), json!(details));
        }
        method.insert("paramStructure".to_owned(), json!("by-position"));
        let params: Vec<_> = self.params.iter().map(Content::to_json).collect();
        method.insert("params".to_owned(), Value::Array(params));
        method.insert("result".to_owned(), self.result.to_json());
        let errors = self.failures.iter().map(|failure| failure.reference());
        method.insert("errors".to_owned(), Value::Array(errors.collect()));
        if let Some((name, schema)) = &self.notification {
            let notification = json!({ "method": name, "schema": schema.as_json() });
            method.insert("x-notification".to_owned(), notification);
        }
        if let Some(example) = example {
            let pairing = self.pairing(example);
            method.insert("examples".to_owned(), json!([pairing]));
        }
        Value::Object(method)
    }

    /// An example as OpenRPC has it: parameters with their names. One of an error has no result.
    fn pairing(&self, example: &Example) -> Value {
        let params = self.params.iter().zip(&example.params);
        let params: Vec<_> = params
            .map(|(param, value)| json!({ "name": param.name, "value": value }))
            .collect();
        let mut pairing = json!({ "name": self.name, "params": params });
        if let Ok(value) = &example.answer {
            pairing["result"] = json!({ "name": self.result.name, "value": value });
        }
        pairing
    }
}

impl Content {
    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "required": self.required,
            "schema": self.schema.as_json(),
        })
    }
}
