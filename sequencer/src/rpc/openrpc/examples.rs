//! The examples of `docs/rpc.md`: the client's manual is where they are written, and the document has the same ones.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Deserializer, Value};

/// The client's manual.
pub(super) const MANUAL: &str = include_str!("../../../../docs/rpc.md");

/// A call and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Example {
    pub(super) params: Vec<Value>,
    /// The result, or the error.
    pub(super) answer: Result<Value, Value>,
    /// The messages of a subscription that follow.
    pub(super) notifications: Vec<Value>,
}

/// A message of JSON-RPC.
#[derive(Deserialize)]
struct Message {
    method: Option<String>,
    #[serde(default)]
    params: Value,
    id: Option<u64>,
    #[serde(default)]
    result: Option<Value>,
    error: Option<Value>,
}

/// The examples in a text, by method: a request in an indented block, the answer after it, and then what a subscription sends.
/// Blocks of anything else are passed over.
///
/// # Errors
/// What is no message, or not in its place.
pub(super) fn examples(text: &str) -> Result<BTreeMap<String, Vec<Example>>, String> {
    let mut found: BTreeMap<String, Vec<Example>> = BTreeMap::new();
    let (mut asked, mut answered) = (None, None);
    for message in messages(text)? {
        match (message.method, message.id, asked.take()) {
            (Some(method), Some(_), None) => {
                let params = message.params.as_array().cloned().unwrap_or_default();
                asked = Some((method, params));
            }
            (None, Some(_), Some((method, params))) => {
                let answer = message
                    .error
                    .map_or_else(|| Ok(message.result.unwrap_or_default()), Err);
                answered = Some(method.clone());
                found.entry(method).or_default().push(Example {
                    params,
                    answer,
                    notifications: Vec::new(),
                });
            }
            (Some(_), None, None) => {
                let last = answered.as_ref().and_then(|method| found.get_mut(method));
                let last = last.and_then(|examples| examples.last_mut());
                let last = last.ok_or("a notification before any subscription")?;
                last.notifications.push(message.params["result"].clone());
            }
            (method, _, _) => return Err(format!("an answer or request too many: {method:?}")),
        }
    }
    match asked {
        None => Ok(found),
        Some((method, _)) => Err(format!("{method} has no answer")),
    }
}

/// The messages of all indented blocks that begin as one.
fn messages(text: &str) -> Result<Vec<Message>, String> {
    let mut messages = Vec::new();
    for block in blocks(text) {
        for message in Deserializer::from_str(&block).into_iter() {
            messages.push(message.map_err(|error| format!("{error} in {block}"))?);
        }
    }
    Ok(messages)
}

/// Indented blocks that begin with a message of JSON-RPC.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        match line.strip_prefix("    ") {
            Some(code) if is_open => {
                let block = blocks.last_mut();
                block
                    .into_iter()
                    .for_each(|block| block.extend(["\n", code]));
            }
            Some(code) if code.starts_with(r#"{"jsonrpc""#) => {
                blocks.push(code.to_owned());
                is_open = true;
            }
            _ => is_open = false,
        }
    }
    blocks
}
