//! What posting a batch costs on L1, in each of its two forms.

use spillway_protocol::limits::{BLOB_BYTES, BLOB_CHUNKS, CHUNK_BYTES, CHUNK_ROOT_BYTES};

use crate::batch::SealedBatch;

/// Gas of a blob: one for each byte (EIP-4844).
pub const BLOB_GAS: u64 = BLOB_BYTES as u64;

/// L1's fees, in wei a unit of gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Base fee and tip of execution gas.
    pub gas_price: u128,
    /// Base fee of blob gas.
    pub blob_gas_price: u128,
}

/// How a batch is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In blobs.
    Blobs,
    /// In calldata, for few chunks while blob gas is dear.
    Calldata,
}

/// Gas of a transaction that submits blobs, whatever their number; `bridge-contracts/snapshots` has the
/// measured figures that these two are rounded from.
const BLOB_SUBMISSION_GAS: u64 = 85_000;
/// Gas of a calldata submission without its chunks.
const CALLDATA_SUBMISSION_GAS: u64 = 79_000;
/// Execution gas of a chunk in calldata: its event, its hash, its copies.
const CALLDATA_CHUNK_GAS: u64 = 6_200;
/// Tokens of the call around the chunks: selector, header, lengths.
const CALL_TOKENS: u64 = 920;
/// Gas that every transaction pays first.
const TRANSACTION_GAS: u64 = 21_000;
/// A byte of calldata in tokens (EIP-7623): one if it is zero, else four.
const NONZERO_TOKENS: u64 = 4;
/// Gas of a token while execution costs more than the floor.
const STANDARD_TOKEN_GAS: u64 = 4;
/// Gas of a token at least.
const FLOOR_TOKEN_GAS: u64 = 10;

impl Form {
    /// What it costs to post that batch in this form, in wei; `None` if it cannot be.
    #[must_use]
    pub fn cost(self, batch: &SealedBatch, fees: &Fees) -> Option<u128> {
        match self {
            Self::Blobs => {
                let blob_gas = u128::from(BLOB_GAS) * batch.blobs() as u128;
                let execution =
                    u128::from(submission_gas(self, batch)).saturating_mul(fees.gas_price);
                Some(execution.saturating_add(blob_gas.saturating_mul(fees.blob_gas_price)))
            }
            Self::Calldata if batch.fits_calldata() => {
                Some(u128::from(submission_gas(self, batch)).saturating_mul(fees.gas_price))
            }
            Self::Calldata => None,
        }
    }

    /// The form to post a batch in. The one used last is kept until the other is cheaper by `margin_percent`, because a
    /// change waits for everything in flight.
    #[must_use]
    pub fn choose(self, batch: &SealedBatch, fees: &Fees, margin_percent: u8) -> Self {
        let other = match self {
            Self::Blobs => Self::Calldata,
            Self::Calldata => Self::Blobs,
        };
        match (self.cost(batch, fees), other.cost(batch, fees)) {
            (None, _) => other,
            (Some(_), None) => self,
            (Some(own), Some(others)) => {
                let bound = own / 100 * u128::from(100_u8.saturating_sub(margin_percent));
                if others < bound { other } else { self }
            }
        }
    }
}

/// Gas that the transaction uses which posts a batch.
#[must_use]
pub fn submission_gas(form: Form, batch: &SealedBatch) -> u64 {
    match form {
        Form::Blobs => BLOB_SUBMISSION_GAS,
        Form::Calldata => calldata_gas(batch),
    }
}

/// What a byte of operations costs in full batches of that form, in wei.
#[must_use]
pub fn wei_per_byte(form: Form, fees: &Fees) -> u128 {
    match form {
        Form::Blobs => {
            let blob_gas = u128::from(BLOB_GAS).saturating_mul(fees.blob_gas_price);
            let execution = u128::from(BLOB_SUBMISSION_GAS).saturating_mul(fees.gas_price);
            let bytes = FULL_BLOBS * BLOB_CHUNKS as u128 * CHUNK_OPERATION_BYTES;
            blob_gas
                .saturating_mul(FULL_BLOBS)
                .saturating_add(execution)
                / bytes
        }
        Form::Calldata => {
            // Operations are dense: hardly a byte of them is zero.
            let gas = CHUNK_BYTES as u128 * u128::from(FLOOR_TOKEN_GAS * NONZERO_TOKENS);
            fees.gas_price.saturating_mul(gas) / CHUNK_OPERATION_BYTES
        }
    }
}

/// The form in which a byte of operations costs less.
#[must_use]
pub fn cheaper(fees: &Fees) -> Form {
    if wei_per_byte(Form::Calldata, fees) < wei_per_byte(Form::Blobs, fees) {
        Form::Calldata
    } else {
        Form::Blobs
    }
}

/// Blobs of a full batch.
const FULL_BLOBS: u128 = 5;
/// Bytes of operations that a chunk holds.
const CHUNK_OPERATION_BYTES: u128 = (CHUNK_BYTES - CHUNK_ROOT_BYTES) as u128;

/// Gas of a submission in calldata (EIP-7623): the floor by its bytes, or the standard price with execution,
/// whichever is more.
fn calldata_gas(batch: &SealedBatch) -> u64 {
    let bytes = (batch.chunks.len() * CHUNK_BYTES) as u64;
    let nonzero = batch
        .chunks
        .iter()
        .flatten()
        .filter(|byte| **byte != 0)
        .count() as u64;
    let tokens = bytes - nonzero + NONZERO_TOKENS * nonzero;
    let execution = CALLDATA_SUBMISSION_GAS + CALLDATA_CHUNK_GAS * batch.chunks.len() as u64;
    let floor = TRANSACTION_GAS + FLOOR_TOKEN_GAS * (CALL_TOKENS + tokens);
    floor.max(execution + STANDARD_TOKEN_GAS * tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::batch::BatchHeader;

    const GWEI: u128 = 1_000_000_000;

    /// A batch of so many chunks without a zero byte.
    fn batch(chunks: usize) -> SealedBatch {
        SealedBatch {
            header: BatchHeader {
                parent: Default::default(),
                state_root: Default::default(),
                auth_root: Default::default(),
                auth_count: 0,
                inbox_count: 0,
                inbox_accumulator: Default::default(),
                chunk_count: 0,
                block_number: 0,
                block_hash: Default::default(),
                timestamp: 0,
            },
            chunks: vec![[1; CHUNK_BYTES]; chunks],
            first_block: 1,
            waits_since: 0,
            operation_bytes: 0,
        }
    }

    fn fees(gas: u128, blob: u128) -> Fees {
        Fees {
            gas_price: gas * GWEI,
            blob_gas_price: blob * GWEI,
        }
    }

    #[test]
    fn costs_by_hand() {
        // 85,000 gas at 10 gwei, and two blobs of 131,072 at 3 gwei.
        assert_eq!(
            Form::Blobs.cost(&batch(257), &fees(10, 3)),
            Some((850_000 + 2 * 131_072 * 3) * GWEI)
        );
        // 60 chunks: 29,760 bytes, 40 gas each at the floor.
        assert_eq!(
            Form::Calldata.cost(&batch(60), &fees(10, 3)),
            Some((21_000 + (29_760 * 4 + 920) * 10) * 10 * GWEI)
        );
        // One chunk: 496 bytes at 16 gas and the execution are above the floor.
        assert_eq!(
            Form::Calldata.cost(&batch(1), &fees(1, 0)),
            Some((79_000 + 6_200 + 496 * 16) * GWEI)
        );
        assert_eq!(Form::Calldata.cost(&batch(61), &fees(1, 1)), None);
    }

    #[test]
    fn the_cheaper_form_is_chosen_once_it_is_cheaper_by_the_margin() {
        let two = batch(2);
        // A blob costs 131,072 gas at the blob price; two chunks in calldata cost some 22,000 gas more than a blob transaction.
        assert_eq!(Form::Blobs.choose(&two, &fees(10, 100), 10), Form::Calldata);
        assert_eq!(Form::Calldata.choose(&two, &fees(10, 0), 10), Form::Blobs);
        // Within the margin both stay as they are.
        let near = Fees {
            gas_price: 10 * GWEI,
            blob_gas_price: GWEI,
        };
        assert_eq!(Form::Blobs.choose(&two, &near, 10), Form::Blobs);
        assert_eq!(Form::Calldata.choose(&two, &near, 10), Form::Calldata);
        assert_eq!(Form::Calldata.choose(&batch(61), &near, 10), Form::Blobs);
    }

    #[test]
    fn a_byte_costs_what_its_form_takes() {
        // Five blobs at 3 gwei and 85,000 gas at 10 gwei, over 5 x 256 x 464 bytes.
        let blobs = (5 * 131_072 * 3 + 850_000) * GWEI / (5 * 256 * 464);
        assert_eq!(wei_per_byte(Form::Blobs, &fees(10, 3)), blobs);
        // 496 bytes at 40 gas for 464.
        let calldata = 496 * 40 * 10 * GWEI / 464;
        assert_eq!(wei_per_byte(Form::Calldata, &fees(10, 10_000)), calldata);
        assert_eq!(cheaper(&fees(10, 3)), Form::Blobs);
        assert_eq!(cheaper(&fees(10, 10_000)), Form::Calldata);
    }

    #[test]
    fn no_price_overflows() {
        let most = Fees {
            gas_price: u128::MAX,
            blob_gas_price: u128::MAX,
        };
        assert_eq!(Form::Blobs.cost(&batch(1), &most), Some(u128::MAX));
        assert_eq!(Form::Calldata.cost(&batch(1), &most), Some(u128::MAX));
        assert!(wei_per_byte(Form::Blobs, &most) > 0);
        assert!(wei_per_byte(Form::Calldata, &most) > 0);
    }
}
