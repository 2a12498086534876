//! JSON Schemas (draft 7) of what goes in and comes out. Those with a name are the document's components.

mod accounts;
mod bridge;
mod chain;
mod ethereum;
mod requests;
mod values;

use serde_json::{Map, Value, json};

use super::document::SCHEMAS;

/// A schema.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Schema(Value);

/// The component with that name.
impl From<&'static str> for Schema {
    fn from(name: &'static str) -> Self {
        Self(json!({ "$ref": format!("{SCHEMAS}{name}") }))
    }
}

/// One that is nobody else's.
impl From<Value> for Schema {
    fn from(schema: Value) -> Self {
        Self(schema)
    }
}

impl Schema {
    /// As JSON.
    pub(super) const fn as_json(&self) -> &Value {
        &self.0
    }

    /// The same, or null.
    pub(super) fn or_null(self) -> Self {
        any_of([self, json!({ "type": "null" }).into()])
    }

    /// The same, with what people read of it.
    fn about(self, description: &str) -> Self {
        let Self(mut schema) = self;
        schema["description"] = json!(description);
        Self(schema)
    }

    /// What nothing is: the result of a method that always fails.
    pub(in super::super) fn never() -> Self {
        Self(json!({ "not": {} }))
    }
}

/// A schema or null.
pub(in super::super) fn nullable(schema: impl Into<Schema>) -> Schema {
    schema.into().or_null()
}

/// A list.
pub(in super::super) fn array(items: impl Into<Schema>) -> Schema {
    let Schema(items) = items.into();
    Schema(json!({ "type": "array", "items": items }))
}

/// One of several. Where more than one fits, that is no mistake.
fn any_of(schemas: impl IntoIterator<Item = Schema>) -> Schema {
    let schemas: Vec<_> = schemas.into_iter().map(|Schema(schema)| schema).collect();
    Schema(json!({ "anyOf": schemas }))
}

/// One of those strings.
fn one_of(values: &[&str]) -> Schema {
    Schema(json!({ "type": "string", "enum": values }))
}

/// A member of an object, by its name.
type Member = (&'static str, Schema);

/// An object with exactly those members. One whose name ends in `?` may be left out.
fn object(members: impl IntoIterator<Item = Member>) -> Schema {
    let Schema(mut schema) = open_object(members);
    schema["additionalProperties"] = json!(false);
    Schema(schema)
}

/// The same, and whatever else it has is ignored.
fn open_object(members: impl IntoIterator<Item = Member>) -> Schema {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, Schema(schema)) in members {
        match name.strip_suffix('?') {
            Some(name) => properties.insert(name.to_owned(), schema),
            None => {
                required.push(name);
                properties.insert(name.to_owned(), schema)
            }
        };
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    Schema(schema)
}

/// All schemas with a name.
pub(super) fn components() -> Map<String, Value> {
    let named = values::components()
        .into_iter()
        .chain(requests::components())
        .chain(ethereum::components())
        .chain(chain::components())
        .chain(accounts::components())
        .chain(bridge::components());
    named
        .map(|(name, Schema(schema))| (name.to_owned(), schema))
        .collect()
}
