//! The bytes of an intent's file.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `SPWINT01` |
//! | then frames: 4 | length of the payload, big-endian |
//! | 4 | CRC-32 (IEEE) of the payload, big-endian |
//! | the length | payload: one byte that names the record, then its fields as an RLP list |
//!
//! The first record is the request, the others follow as they happened. The last frame may be cut short by a crash;
//! what it was about had not been done then.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};

use super::event::{BlockRef, Outcome, Settled};
use super::manager::{Attempt, Purpose, Record, StoredIntent};
use super::price::Price;
use super::request::{IntentId, Request, Sidecar};

pub(super) const MAGIC: &[u8; 8] = b"SPWINT01";

const FRAME_HEADER_BYTES: usize = 8;

const REQUEST: u8 = 1;
const ATTEMPT: u8 = 2;
const CANCEL: u8 = 3;
const SETTLED: u8 = 4;

#[derive(RlpEncodable, RlpDecodable)]
struct RequestFields {
    sequence: u64,
    id: B256,
    to: Address,
    value: U256,
    data: Bytes,
    /// None or one.
    gas_limit: Vec<u64>,
    /// None or one.
    sidecar: Vec<Sidecar>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct AttemptFields {
    nonce: u64,
    is_cancellation: bool,
    max_fee: u128,
    priority_fee: u128,
    blob_fee: u128,
    transaction: B256,
    raw: Bytes,
}

#[derive(RlpEncodable, RlpDecodable)]
struct SettledFields {
    outcome: u8,
    /// None or one.
    inclusion: Vec<InclusionFields>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct InclusionFields {
    transaction: B256,
    number: u64,
    hash: B256,
}

/// A record as a frame.
pub(super) fn encode(id: IntentId, record: &Record) -> Vec<u8> {
    let mut frame = vec![0; FRAME_HEADER_BYTES];
    match record {
        Record::Request { sequence, request } => {
            frame.push(REQUEST);
            request_fields(id, *sequence, request).encode(&mut frame);
        }
        Record::Attempt { nonce, attempt } => {
            frame.push(ATTEMPT);
            attempt_fields(*nonce, attempt).encode(&mut frame);
        }
        Record::Cancel => frame.push(CANCEL),
        Record::Settled(settled) => {
            frame.push(SETTLED);
            settled_fields(settled).encode(&mut frame);
        }
    }
    let payload = &frame[FRAME_HEADER_BYTES..];
    let length = u32::try_from(payload.len()).expect("requests are bounded far below 4 GiB");
    let checksum = crc32fast::hash(payload);
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame[4..8].copy_from_slice(&checksum.to_be_bytes());
    frame
}

/// Why a file is no intent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It begins otherwise.
    #[error("it is no intent file of this version")]
    Magic,
    /// It ends before the request does, which is renamed into place whole.
    #[error("it holds no whole request")]
    NoRequest,
    /// A checksum in its middle is wrong.
    #[error("the frame at byte {0} is damaged")]
    Damaged(usize),
    /// A record's fields make no sense, or it is not where it may be.
    #[error("the record at byte {0} is invalid")]
    Invalid(usize),
}

/// The intent in a file, and how many of its bytes are whole.
pub(super) fn decode(bytes: &[u8]) -> Result<(StoredIntent, usize), FormatError> {
    if bytes.get(..MAGIC.len()) != Some(MAGIC) {
        return Err(FormatError::Magic);
    }
    let mut at = MAGIC.len();
    let mut intent = None;
    while let Some((payload, end)) = next_frame(bytes, at)? {
        apply(&mut intent, payload).ok_or(FormatError::Invalid(at))?;
        at = end;
    }
    intent
        .map(|intent| (intent, at))
        .ok_or(FormatError::NoRequest)
}

/// The payload of the frame there and where it ends; none at the end of the file or at a frame that was cut short.
fn next_frame(bytes: &[u8], at: usize) -> Result<Option<(&[u8], usize)>, FormatError> {
    let rest = &bytes[at..];
    let Some((header, rest)) = rest.split_at_checked(FRAME_HEADER_BYTES) else {
        return Ok(None);
    };
    let word = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let Some((payload, behind)) = rest.split_at_checked(word(0) as usize) else {
        return Ok(None);
    };
    if crc32fast::hash(payload) == word(4) && !payload.is_empty() {
        return Ok(Some((payload, at + FRAME_HEADER_BYTES + payload.len())));
    }
    // The length of a file can reach the disk before its last bytes. What has others behind it was whole once.
    if behind.is_empty() || payload.is_empty() && behind.iter().all(|byte| *byte == 0) {
        Ok(None)
    } else {
        Err(FormatError::Damaged(at))
    }
}

fn apply(intent: &mut Option<StoredIntent>, payload: &[u8]) -> Option<()> {
    let (tag, mut fields) = payload.split_first()?;
    let fields = &mut fields;
    match (tag, intent.as_mut()) {
        (&REQUEST, None) => *intent = Some(stored(RequestFields::decode(fields).ok()?)?),
        (&ATTEMPT, Some(intent)) => {
            let (nonce, attempt) = attempt(AttemptFields::decode(fields).ok()?);
            if *intent.nonce.get_or_insert(nonce) != nonce {
                return None;
            }
            intent.attempts.push(attempt);
        }
        (&CANCEL, Some(intent)) => intent.cancelling = true,
        (&SETTLED, Some(intent)) => {
            intent.settled = Some(settled(&SettledFields::decode(fields).ok()?)?);
        }
        _ => return None,
    }
    fields.is_empty().then_some(())
}

fn request_fields(id: IntentId, sequence: u64, request: &Request) -> RequestFields {
    RequestFields {
        sequence,
        id: id.0,
        to: request.to,
        value: request.value,
        data: request.data.clone(),
        gas_limit: request.gas_limit.into_iter().collect(),
        sidecar: request
            .sidecar
            .iter()
            .map(|sidecar| sidecar.as_ref().clone())
            .collect(),
    }
}

fn stored(fields: RequestFields) -> Option<StoredIntent> {
    if fields.gas_limit.len() > 1 || fields.sidecar.len() > 1 {
        return None;
    }
    Some(StoredIntent {
        sequence: fields.sequence,
        request: Request {
            id: IntentId(fields.id),
            to: fields.to,
            value: fields.value,
            data: fields.data,
            gas_limit: fields.gas_limit.first().copied(),
            sidecar: fields.sidecar.into_iter().next().map(Arc::new),
        },
        nonce: None,
        attempts: Vec::new(),
        cancelling: false,
        settled: None,
    })
}

fn attempt_fields(nonce: u64, attempt: &Attempt) -> AttemptFields {
    AttemptFields {
        nonce,
        is_cancellation: attempt.purpose == Purpose::Cancellation,
        max_fee: attempt.price.max_fee,
        priority_fee: attempt.price.priority_fee,
        blob_fee: attempt.price.blob_fee,
        transaction: attempt.transaction,
        raw: attempt.raw.clone(),
    }
}

fn attempt(fields: AttemptFields) -> (u64, Attempt) {
    let attempt = Attempt {
        purpose: if fields.is_cancellation {
            Purpose::Cancellation
        } else {
            Purpose::Effect
        },
        price: Price {
            max_fee: fields.max_fee,
            priority_fee: fields.priority_fee,
            blob_fee: fields.blob_fee,
        },
        transaction: fields.transaction,
        raw: fields.raw,
    };
    (fields.nonce, attempt)
}

/// Outcomes by their number in the file.
const OUTCOMES: [Outcome; 5] = [
    Outcome::Executed,
    Outcome::Reverted,
    Outcome::Cancelled,
    Outcome::Usurped,
    Outcome::Refused,
];

fn settled_fields(settled: &Settled) -> SettledFields {
    let inclusion = settled
        .inclusion
        .map(|(transaction, block)| InclusionFields {
            transaction,
            number: block.number,
            hash: block.hash,
        });
    let place = OUTCOMES
        .iter()
        .position(|outcome| *outcome == settled.outcome);
    SettledFields {
        outcome: place.expect("every outcome has a number") as u8,
        inclusion: inclusion.into_iter().collect(),
    }
}

fn settled(fields: &SettledFields) -> Option<Settled> {
    let inclusion = match fields.inclusion.as_slice() {
        [] => None,
        [one] => Some((
            one.transaction,
            BlockRef {
                number: one.number,
                hash: one.hash,
            },
        )),
        _ => return None,
    };
    Some(Settled {
        outcome: *OUTCOMES.get(usize::from(fields.outcome))?,
        inclusion,
    })
}
