//! A small JSON-RPC client over HTTP that hides nothing: no retries, no caching, and errors as they were sent.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alloy_primitives::{Address, B256, hex};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::PATIENCE;

/// Speaks to one node over kept-alive connections. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Rpc {
    http: reqwest::Client,
    url: String,
    next_id: Arc<AtomicU64>,
}

/// An `error` object of JSON-RPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcError {
    /// `error.code`
    pub code: i64,
    /// `error.message`
    pub message: String,
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// No answer, or not one of JSON-RPC: what became of the request is not known.
    Unanswered(String),
    /// The node answered with an error.
    Refused(RpcError),
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.message)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered(why) => write!(f, "no answer: {why}"),
            Self::Refused(error) => write!(f, "refused: {error}"),
        }
    }
}

impl std::error::Error for CallError {}

impl RpcError {
    /// Reads the value of an `error` member.
    pub fn from_json(error: &Value) -> Option<Self> {
        Some(Self {
            code: error.get("code")?.as_i64()?,
            message: error.get("message")?.as_str()?.to_owned(),
        })
    }
}

impl Rpc {
    /// A client for the node at `url`, such as `http://127.0.0.1:9545`.
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .expect("an HTTP client");
        Self {
            http,
            url: url.to_owned(),
            next_id: Arc::default(),
        }
    }

    /// Where the node is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls `method` with `params`, an array.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let (_, body) = self.post(request.to_string()).await?;
        let unexpected = || CallError::Unanswered(format!("not an answer to {method}: {body}"));
        let mut answer: Value = serde_json::from_str(&body).map_err(|_| unexpected())?;
        if answer["id"] != id {
            return Err(unexpected());
        }
        if let Some(error) = answer.get("error") {
            return Err(RpcError::from_json(error).map_or_else(unexpected, CallError::Refused));
        }
        answer
            .get_mut("result")
            .map(Value::take)
            .ok_or_else(unexpected)
    }

    /// Posts any bytes as if they were JSON; returns the HTTP status and the body.
    pub async fn post(
        &self,
        body: impl Into<reqwest::Body>,
    ) -> Result<(StatusCode, String), CallError> {
        let unanswered = |error: reqwest::Error| CallError::Unanswered(format!("{error:?}"));
        let request = self
            .http
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let response = request.send().await.map_err(unanswered)?;
        let status = response.status();
        Ok((status, response.text().await.map_err(unanswered)?))
    }

    /// Balance of an account in the latest block, in wei.
    pub async fn balance(&self, account: Address) -> Result<u128, CallError> {
        self.quantity("eth_getBalance", json!([account, "latest"]))
            .await
    }

    /// Nonce of an account in the latest block.
    pub async fn nonce(&self, account: Address) -> Result<u64, CallError> {
        self.quantity("eth_getTransactionCount", json!([account, "latest"]))
            .await
            .map(u64_or_panic)
    }

    /// Number of the latest block.
    pub async fn block_number(&self) -> Result<u64, CallError> {
        self.quantity("eth_blockNumber", json!([]))
            .await
            .map(u64_or_panic)
    }

    /// Sends one signed transaction; the answer comes when its block is durable.
    pub async fn send_raw(&self, raw: &[u8]) -> Result<B256, CallError> {
        let answer = self
            .call("eth_sendRawTransaction", json!([hex::encode_prefixed(raw)]))
            .await?;
        hash(&answer).ok_or_else(|| CallError::Unanswered(format!("not a hash: {answer}")))
    }

    /// Sends signed transactions in one request; each has its own verdict, in the order given.
    pub async fn send_raw_many(
        &self,
        raws: &[Vec<u8>],
    ) -> Result<Vec<Result<B256, RpcError>>, CallError> {
        let list: Vec<_> = raws.iter().map(hex::encode_prefixed).collect();
        let answer = self
            .call("spillway_sendRawTransactions", json!([list]))
            .await?;
        let unexpected = || CallError::Unanswered(format!("not a list of verdicts: {answer}"));
        let verdicts = answer
            .as_array()
            .filter(|verdicts| verdicts.len() == raws.len())
            .ok_or_else(unexpected)?;
        verdicts
            .iter()
            .map(|verdict| match verdict.get("error") {
                Some(error) => RpcError::from_json(error).map(Err),
                None => hash(&verdict["hash"]).map(Ok),
            })
            .collect::<Option<_>>()
            .ok_or_else(unexpected)
    }

    /// The receipt of a transaction, if it is in a block.
    pub async fn receipt(&self, hash: B256) -> Result<Option<Value>, CallError> {
        let receipt = self
            .call("eth_getTransactionReceipt", json!([hash]))
            .await?;
        Ok((!receipt.is_null()).then_some(receipt))
    }

    /// What `spillway_status` says: at least `chain_id`, `block_number`, `block_hash`, `state_root`, `accounts`, `transactions`.
    pub async fn status(&self) -> Result<Value, CallError> {
        self.call("spillway_status", json!([])).await
    }

    async fn quantity(&self, method: &str, params: Value) -> Result<u128, CallError> {
        let answer = self.call(method, params).await?;
        quantity(&answer).ok_or_else(|| CallError::Unanswered(format!("not a quantity: {answer}")))
    }
}

/// Reads a JSON-RPC quantity, `"0x2a"`; none if it is not one.
#[must_use]
pub fn quantity(value: &Value) -> Option<u128> {
    u128::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn hash(value: &Value) -> Option<B256> {
    value.as_str()?.parse().ok()
}

fn u64_or_panic(value: u128) -> u64 {
    u64::try_from(value).expect("a count below 2^64")
}
