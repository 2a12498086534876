//! What beacon nodes answer.

use alloy_eips::eip4844::{BYTES_PER_BLOB, Blob};
use alloy_primitives::B256;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::PostedIn;

/// An answer that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Not the JSON that the beacon API prescribes.
    #[error("not what the beacon API prescribes: {0}")]
    Json(String),
    /// A blob of the wrong size, or not in hexadecimal.
    #[error("a blob that is none")]
    Blob,
    /// A blob that was asked for is not among them.
    #[error("blob {0} is not among them")]
    Missing(B256),
    /// A time before the chain's first slot, or a chain without slots.
    #[error("no slot at time {0}")]
    NoSlot(u64),
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

#[derive(Deserialize)]
struct Genesis {
    genesis_time: String,
}

#[derive(Deserialize)]
struct Sidecar {
    blob: String,
}

/// What a node calls a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slots {
    /// By its slot, as the beacon API has it.
    ByTime {
        /// Seconds since 1970.
        genesis_time: u64,
        /// Length in milliseconds, not zero.
        slot_ms: u64,
    },
    /// By its number on the execution chain: anvil, which serves blobs and no specification.
    ByNumber,
}

impl Slots {
    /// From `/eth/v1/beacon/genesis` and `/eth/v1/config/spec`.
    pub(super) fn read(genesis: &[u8], spec: &[u8]) -> Result<Self, AnswerError> {
        let genesis: Genesis = data(genesis)?;
        let spec: Value = data(spec)?;
        let number = |text: &str| {
            text.parse::<u64>()
                .map_err(|error| AnswerError::Json(error.to_string()))
        };
        let field = |name: &str| {
            spec.get(name)
                .and_then(Value::as_str)
                .map(number)
                .transpose()
        };
        let slot_ms = match field("SLOT_DURATION_MS")? {
            Some(slot_ms) => Some(slot_ms),
            None => field("SECONDS_PER_SLOT")?.map(|seconds| seconds.saturating_mul(1000)),
        };
        let missing = || AnswerError::Json("no SECONDS_PER_SLOT in the spec".into());
        Ok(Self::ByTime {
            genesis_time: number(&genesis.genesis_time)?,
            slot_ms: slot_ms.filter(|ms| *ms != 0).ok_or_else(missing)?,
        })
    }

    /// The name of a block.
    pub(super) fn of(&self, posted: PostedIn) -> Result<u64, AnswerError> {
        let PostedIn {
            timestamp,
            l1_block,
        } = posted;
        match *self {
            Self::ByNumber => Ok(l1_block),
            Self::ByTime {
                genesis_time,
                slot_ms,
            } => {
                let since = timestamp.checked_sub(genesis_time);
                let since = since.ok_or(AnswerError::NoSlot(timestamp))?;
                Ok(since.saturating_mul(1000) / slot_ms)
            }
        }
    }
}

/// From `/eth/v1/beacon/blobs`.
pub(super) fn blobs(body: &[u8]) -> Result<Vec<Box<Blob>>, AnswerError> {
    let blobs: Vec<String> = data(body)?;
    blobs.iter().map(|text| blob(text)).collect()
}

/// From `/eth/v1/beacon/blob_sidecars`.
pub(super) fn sidecars(body: &[u8]) -> Result<Vec<Box<Blob>>, AnswerError> {
    let sidecars: Vec<Sidecar> = data(body)?;
    sidecars.iter().map(|sidecar| blob(&sidecar.blob)).collect()
}

/// The blobs with these versioned hashes, in their order; others are let go. Computes commitments: see
/// [`versioned_hash`](super::versioned_hash).
pub(super) fn select(
    blobs: Vec<Box<Blob>>,
    hashes: &[B256],
) -> Result<Vec<Box<Blob>>, AnswerError> {
    let named: Vec<_> = blobs
        .into_iter()
        .filter_map(|blob| Some((super::versioned_hash(&blob)?, blob)))
        .collect();
    let find = |hash: &B256| {
        let found = named.iter().find(|(name, _)| name == hash);
        found
            .map(|(_, blob)| blob.clone())
            .ok_or(AnswerError::Missing(*hash))
    };
    hashes.iter().map(find).collect()
}

fn data<T: DeserializeOwned>(body: &[u8]) -> Result<T, AnswerError> {
    let envelope: Envelope<T> =
        serde_json::from_slice(body).map_err(|error| AnswerError::Json(error.to_string()))?;
    Ok(envelope.data)
}

fn blob(text: &str) -> Result<Box<Blob>, AnswerError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() != 2 * BYTES_PER_BLOB {
        return Err(AnswerError::Blob);
    }
    let bytes = hex::decode(digits).map_err(|_| AnswerError::Blob)?;
    Blob::try_from(bytes.as_slice())
        .map(Box::new)
        .map_err(|_| AnswerError::Blob)
}
