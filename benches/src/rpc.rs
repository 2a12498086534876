//! JSON-RPC calls outside the clock: setting up, and checking afterwards.

use crate::http::{Connection, post};
use alloy_primitives::Address;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

/// Calls in one batch array.
const CALLS_PER_BATCH: usize = 100;

/// A client of one node.
#[derive(Debug)]
pub struct Rpc {
    host: String,
    connection: Connection,
}

#[derive(Deserialize)]
struct Response {
    id: usize,
    #[serde(default)]
    result: Value,
    error: Option<Value>,
}

impl Rpc {
    /// Connects to `host`, written `ADDRESS:PORT`.
    ///
    /// # Errors
    /// If nobody listens there.
    pub async fn open(host: &str) -> Result<Self> {
        Ok(Self {
            host: host.to_owned(),
            connection: Connection::open(host).await?,
        })
    }

    /// One call.
    ///
    /// # Errors
    /// If the node cannot be reached or answers an error.
    pub async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        let mut results = self.call_many(method, std::iter::once(params)).await?;
        results.pop().context("no result")
    }

    /// One method with many parameters, as batch arrays; results in the order of `params`.
    ///
    /// # Errors
    /// If the node cannot be reached, or answers any of the calls with an error.
    pub async fn call_many(
        &mut self,
        method: &str,
        params: impl Iterator<Item = Value>,
    ) -> Result<Vec<Value>> {
        let calls: Vec<Value> = params
            .enumerate()
            .map(|(id, params)| {
                json!({"jsonrpc": "2.0", "id": id % CALLS_PER_BATCH, "method": method, "params": params})
            })
            .collect();
        let mut results = Vec::with_capacity(calls.len());
        for batch in calls.chunks(CALLS_PER_BATCH) {
            let request = post(&self.host, &serde_json::to_string(batch)?);
            let body = self.connection.exchange(&request).await?;
            results.extend(in_order(body, batch.len()).with_context(|| method.to_owned())?);
        }
        Ok(results)
    }

    /// Wei held by each account, at the latest block.
    ///
    /// # Errors
    /// As [`Self::call_many`].
    pub async fn balances(&mut self, accounts: &[Address]) -> Result<Vec<u128>> {
        self.quantities("eth_getBalance", accounts).await
    }

    /// The next nonce of each account, at the latest block.
    ///
    /// # Errors
    /// As [`Self::call_many`].
    pub async fn nonces(&mut self, accounts: &[Address]) -> Result<Vec<u64>> {
        let nonces = self.quantities("eth_getTransactionCount", accounts).await?;
        nonces
            .into_iter()
            .map(|nonce| Ok(u64::try_from(nonce)?))
            .collect()
    }

    async fn quantities(&mut self, method: &str, accounts: &[Address]) -> Result<Vec<u128>> {
        let params = accounts.iter().map(|account| json!([account, "latest"]));
        let results = self.call_many(method, params).await?;
        results.iter().map(quantity).collect()
    }
}

/// The results of a batch by id; a batch may be answered in any order.
fn in_order(body: &[u8], count: usize) -> Result<Vec<Value>> {
    let responses: Vec<Response> = serde_json::from_slice(body)
        .with_context(|| format!("not a batch answer: {}", String::from_utf8_lossy(body)))?;
    let mut results = vec![None; count];
    for response in responses {
        if let Some(error) = response.error {
            bail!("the node answered {error}");
        }
        *results
            .get_mut(response.id)
            .context("answer with an unknown id")? = Some(response.result);
    }
    results
        .into_iter()
        .collect::<Option<_>>()
        .context("the node left calls unanswered")
}

/// Reads a `0x` quantity.
///
/// # Errors
/// If it is not one, or exceeds 128 bits.
pub fn quantity(value: &Value) -> Result<u128> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    digits
        .and_then(|digits| u128::from_str_radix(digits, 16).ok())
        .with_context(|| format!("not a quantity: {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_answers_are_put_in_order_and_none_may_be_missing() {
        let body = br#"[{"id":1,"result":"0xb"},{"id":0,"result":"0xa"}]"#;
        assert_eq!(in_order(body, 2).unwrap(), [json!("0xa"), json!("0xb")]);
        assert!(in_order(body, 3).is_err());
        assert!(in_order(br#"[{"id":0,"error":{"code":-32000}}]"#, 1).is_err());
    }

    #[test]
    fn quantities_are_hexadecimal_with_prefix() {
        assert_eq!(quantity(&json!("0x1f")).unwrap(), 31);
        assert!(quantity(&json!("31")).is_err());
        assert!(quantity(&json!(31)).is_err());
    }
}
