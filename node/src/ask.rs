//! Questions to a node's JSON-RPC, for threads that may block.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Asks the node at one address.
#[derive(Debug)]
pub(crate) struct Asker {
    agent: ureq::Agent,
    url: String,
    answer_bytes_max: u64,
}

/// An answer, as far as it matters who reads it.
#[derive(Deserialize)]
struct Answer<T> {
    result: Option<T>,
    error: Option<Refused>,
}

/// An error of JSON-RPC. What else it holds is not read.
#[derive(Debug, Deserialize, thiserror::Error)]
#[error("it answers error {code}: {message}")]
pub(crate) struct Refused {
    pub(crate) code: i64,
    pub(crate) message: String,
}

impl Asker {
    /// Asks at `http://HOST:PORT`, waits so long for an answer, and reads so many bytes of it at most.
    pub(crate) fn new(url: &str, timeout: Duration, answer_bytes_max: u64) -> Self {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .max_redirects(0)
            // A proxy of the environment knows nothing of a node on this machine.
            .proxy(None)
            .build()
            .into();
        Self {
            agent,
            url: url.to_owned(),
            answer_bytes_max,
        }
    }

    /// The result of a method.
    pub(crate) fn ask<T: DeserializeOwned>(&self, method: &str, params: &Value) -> Result<T> {
        let body = self.post(method, params)?;
        self.about(method, result_of(&body))
    }

    /// The result of a method that answers null for what it does not know.
    pub(crate) fn ask_for<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &Value,
    ) -> Result<Option<T>> {
        let body = self.post(method, params)?;
        self.about(method, result_or_null(&body))
    }

    fn post(&self, method: &str, params: &Value) -> Result<String> {
        let url = &self.url;
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut response = self
            .agent
            .post(url)
            .header("content-type", "application/json")
            .send(request.to_string())
            .with_context(|| format!("no node answers at {url}"))?;
        let body = response
            .body_mut()
            .with_config()
            .limit(self.answer_bytes_max)
            .read_to_string();
        body.with_context(|| format!("{url} broke off its answer"))
    }

    fn about<T>(&self, method: &str, result: Result<T>) -> Result<T> {
        let url = &self.url;
        result.with_context(|| {
            format!("{url} does not answer {method} as it should: is it a Spillway node?")
        })
    }
}

fn result_of<T: DeserializeOwned>(body: &str) -> Result<T> {
    result_or_null(body)?.context("it answers with neither a result nor an error")
}

fn result_or_null<T: DeserializeOwned>(body: &str) -> Result<Option<T>> {
    let answer: Answer<T> = serde_json::from_str(body)?;
    match answer.error {
        Some(refused) => Err(refused.into()),
        None => Ok(answer.result),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_kind_of_server_is_told_apart() {
        let unknown = r#"{"error": {"code": -32601, "message": "Method not found"}}"#;
        let error = result_of::<u64>(unknown).unwrap_err().to_string();
        assert!(error.contains("Method not found"), "{error}");
        assert_eq!(result_of::<u64>(r#"{"result": 5}"#).unwrap(), 5);
        for odd in [r#"{"result": "5"}"#, "[]", "null", "{}", "hello"] {
            result_of::<u64>(odd).unwrap_err();
        }
        let null = r#"{"result": null}"#;
        assert_eq!(result_or_null::<u64>(null).unwrap(), None);
        result_or_null::<u64>(unknown).unwrap_err();
    }
}
