//! Checks that every transfer was answered, and with its own hash.

use crate::request::{Framing, Request};
use crate::workload::Signed;
use alloy_primitives::B256;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

/// The answers of one connection, kept as bytes so that reading them costs nothing under the clock.
#[derive(Debug, Default)]
pub struct Answers {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

#[derive(Deserialize)]
struct Response {
    id: usize,
    #[serde(default)]
    result: Value,
    error: Option<Value>,
}

impl Answers {
    /// Keeps the next body.
    pub fn push(&mut self, body: &[u8]) {
        self.bytes.extend_from_slice(body);
        self.ends.push(self.bytes.len());
    }

    /// The bodies in the order they were kept.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(from, &to)| &self.bytes[from..to])
    }
}

/// Checks the answers against the requests they belong to, in the same order.
///
/// # Errors
/// At the first transfer that was not answered, answered with an error, or with another hash.
pub fn check<'a>(
    requests: impl ExactSizeIterator<Item = &'a Request>,
    answers: &Answers,
    framing: Framing,
    transfers: &[Signed],
) -> Result<()> {
    ensure!(
        requests.len() == answers.ends.len(),
        "some requests have no answer"
    );
    for (request, body) in requests.zip(answers.iter()) {
        let hashes = hashes(body, framing, request.transfers.len())
            .with_context(|| format!("answer {}", excerpt(body)))?;
        for (hash, &index) in hashes.iter().zip(&request.transfers) {
            ensure!(
                *hash == transfers[index].hash,
                "transfer {index} was answered with {hash}"
            );
        }
    }
    Ok(())
}

/// The hashes in an answer, in the order of the request.
fn hashes(body: &[u8], framing: Framing, count: usize) -> Result<Vec<B256>> {
    match framing {
        Framing::Single => Ok(vec![hash(&result(serde_json::from_slice(body)?)?)?]),
        Framing::SingleSync => {
            let receipt = result(serde_json::from_slice(body)?)?;
            ensure!(
                receipt["status"] == "0x1",
                "the receipt does not say success"
            );
            Ok(vec![hash(&receipt["transactionHash"])?])
        }
        Framing::Batch => {
            let responses: Vec<Response> = serde_json::from_slice(body)?;
            let mut hashes = vec![None; count];
            for response in responses {
                let slot = hashes.get_mut(response.id).context("unknown id")?;
                *slot = Some(hash(&result(response)?)?);
            }
            hashes
                .into_iter()
                .collect::<Option<_>>()
                .context("a call was left unanswered")
        }
        Framing::Bulk => {
            let outcomes = result(serde_json::from_slice(body)?)?;
            let outcomes = outcomes.as_array().context("the result is no array")?;
            ensure!(
                outcomes.len() == count,
                "{} outcomes for {count}",
                outcomes.len()
            );
            outcomes.iter().map(outcome_hash).collect()
        }
    }
}

fn result(response: Response) -> Result<Value> {
    match response.error {
        Some(error) => bail!("the node answered {error}"),
        None => Ok(response.result),
    }
}

fn outcome_hash(outcome: &Value) -> Result<B256> {
    match outcome.get("error") {
        Some(error) => bail!("the node answered {error}"),
        None => hash(&outcome["hash"]),
    }
}

fn hash(value: &Value) -> Result<B256> {
    let text = value
        .as_str()
        .with_context(|| format!("not a hash: {value}"))?;
    text.parse().with_context(|| format!("not a hash: {text}"))
}

/// Enough of an answer to see what went wrong.
fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0x00000000000000000000000000000000000000000000000000000000000000aa";
    const B: &str = "0x00000000000000000000000000000000000000000000000000000000000000bb";

    fn low_bytes(body: &str, framing: Framing, count: usize) -> Result<Vec<u8>> {
        Ok(hashes(body.as_bytes(), framing, count)?
            .iter()
            .map(|hash| hash[31])
            .collect())
    }

    #[test]
    fn each_framing_yields_its_hashes_in_request_order() {
        let single = format!(r#"{{"id":0,"result":"{A}"}}"#);
        assert_eq!(low_bytes(&single, Framing::Single, 1).unwrap(), [0xaa]);
        let sync = format!(r#"{{"id":0,"result":{{"status":"0x1","transactionHash":"{A}"}}}}"#);
        assert_eq!(low_bytes(&sync, Framing::SingleSync, 1).unwrap(), [0xaa]);
        let batch = format!(r#"[{{"id":1,"result":"{B}"}},{{"id":0,"result":"{A}"}}]"#);
        assert_eq!(low_bytes(&batch, Framing::Batch, 2).unwrap(), [0xaa, 0xbb]);
        let bulk = format!(r#"{{"id":0,"result":[{{"hash":"{A}"}},{{"hash":"{B}"}}]}}"#);
        assert_eq!(low_bytes(&bulk, Framing::Bulk, 2).unwrap(), [0xaa, 0xbb]);
    }

    #[test]
    fn errors_and_gaps_are_found() {
        let error = r#"{"id":0,"error":{"code":-32000,"message":"nonce too low"}}"#;
        let told = low_bytes(error, Framing::Single, 1)
            .unwrap_err()
            .to_string();
        assert!(told.contains("nonce too low"), "{told}");
        let failed = format!(r#"{{"id":0,"result":{{"status":"0x0","transactionHash":"{A}"}}}}"#);
        assert!(low_bytes(&failed, Framing::SingleSync, 1).is_err());
        let short = format!(r#"[{{"id":1,"result":"{B}"}}]"#);
        assert!(low_bytes(&short, Framing::Batch, 2).is_err());
        let mixed = format!(r#"{{"id":0,"result":[{{"hash":"{A}"}},{{"error":{{"code":1}}}}]}}"#);
        assert!(low_bytes(&mixed, Framing::Bulk, 2).is_err());
        let fewer = format!(r#"{{"id":0,"result":[{{"hash":"{A}"}}]}}"#);
        assert!(low_bytes(&fewer, Framing::Bulk, 2).is_err());
    }

    #[test]
    fn kept_bodies_come_back_one_by_one() {
        let mut answers = Answers::default();
        answers.push(b"one");
        answers.push(b"");
        answers.push(b"three");
        assert_eq!(
            answers.iter().collect::<Vec<_>>(),
            [&b"one"[..], b"", b"three"]
        );
    }
}
