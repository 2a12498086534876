//! Batches, as they are sent to `Rollup` and as it logs them, in the protocol's types.

use alloy_eips::eip4844::Blob;
use alloy_primitives::{Address, B256, Bytes};
use alloy_rpc_types_eth::Log;
use alloy_sol_types::{SolCall, SolEvent};
use spillway_bridge_contracts::Rollup::{self, RollupEvents};
use spillway_protocol::batch::{BatchHeader, Submission};
use spillway_protocol::blob;
use spillway_protocol::chunk::Chunk;

use crate::events::{ContractAddresses, ContractEvent, DecodeError, LogFilter};
use crate::transactions::Sidecar;
use crate::{encoding, kzg};

/// What `Rollup` says about batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchEvent {
    /// A batch stands on the head.
    Submitted(Box<SubmittedBatch>),
    /// That batch and all later ones have fallen.
    Reverted {
        /// The batch's number, from 1.
        number: u64,
    },
    /// That batch and all before it are final: withdrawals are claimed against them.
    Finalized {
        /// The batch's number, from 1.
        number: u64,
    },
    /// Nothing can be posted any more, for good.
    Escaped,
}

/// A batch as it was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmittedBatch {
    /// Its number, from 1.
    pub number: u64,
    /// The block of L1 that has it.
    pub l1_block: u64,
    /// What is claimed.
    pub header: BatchHeader,
    /// What L1 added.
    pub submission: Submission,
    /// Its blobs' versioned hashes in order; none if the chunks are in the event.
    pub versioned_hashes: Vec<B256>,
    /// Its chunks, one after the other; none if they are in blobs.
    pub chunks: Bytes,
}

/// The logs of `Rollup` about batches.
#[must_use]
pub fn filter(rollup: Address) -> LogFilter {
    LogFilter {
        addresses: vec![rollup],
        topics: vec![
            Rollup::BatchSubmitted::SIGNATURE_HASH,
            Rollup::BatchesReverted::SIGNATURE_HASH,
            Rollup::Escaped::SIGNATURE_HASH,
            Rollup::BatchFinalized::SIGNATURE_HASH,
        ],
    }
}

/// What a log says about batches; none if it says something else.
///
/// # Errors
/// [`DecodeError`]: never for the logs of a right deployment.
pub fn event(contracts: &ContractAddresses, log: &Log) -> Result<Option<BatchEvent>, DecodeError> {
    let ContractEvent::Rollup(event) = contracts.decode(log)? else {
        return Ok(None);
    };
    Ok(of_rollup(*event, log))
}

/// Reverts up to and with the one that a log tells of; none if it tells of something else.
///
/// # Errors
/// As [`event`].
pub fn forks(contracts: &ContractAddresses, log: &Log) -> Result<Option<u64>, DecodeError> {
    let ContractEvent::Rollup(event) = contracts.decode(log)? else {
        return Ok(None);
    };
    Ok(match *event {
        RollupEvents::BatchesReverted(event) => Some(event.forks),
        _ => None,
    })
}

/// The same of a log's event that is decoded already.
#[must_use]
pub fn of_rollup(event: RollupEvents, log: &Log) -> Option<BatchEvent> {
    match event {
        RollupEvents::BatchSubmitted(event) => {
            let (header, submission) = encoding::submitted(&event.batch);
            Some(BatchEvent::Submitted(Box::new(SubmittedBatch {
                number: event.number,
                // A log that is read by a block's hash or number has one.
                l1_block: log.block_number.unwrap_or_default(),
                header,
                submission,
                versioned_hashes: event.versionedHashes,
                chunks: event.chunks,
            })))
        }
        RollupEvents::BatchesReverted(event) => Some(BatchEvent::Reverted {
            number: event.number,
        }),
        RollupEvents::BatchFinalized(event) => Some(BatchEvent::Finalized {
            number: event.number,
        }),
        RollupEvents::Escaped(_) => Some(BatchEvent::Escaped),
        _ => None,
    }
}

/// The call that posts a batch whose chunks are in the transaction's blobs.
#[must_use]
pub fn submit_blobs(sequencer: Address, header: &BatchHeader) -> Bytes {
    let call = Rollup::submitBlobsCall {
        sequencer_: sequencer,
        header: encoding::rollup_header(header),
    };
    call.abi_encode().into()
}

/// The blobs that go with [`submit_blobs`], with their proofs. Blocks for some 0.35 s a blob and thread.
///
/// # Errors
/// Never for chunks: every field element begins with a zero byte.
pub fn sidecar(chunks: &[Chunk]) -> Result<Sidecar, c_kzg::Error> {
    let blobs = blob::pack(chunks).into_iter();
    kzg::sidecar(blobs.map(|blob| Blob::from(*blob)).collect())
}

/// The call that posts a batch with its chunks.
#[must_use]
pub fn submit_calldata(sequencer: Address, header: &BatchHeader, chunks: &[Chunk]) -> Bytes {
    let call = Rollup::submitCalldataCall {
        sequencer_: sequencer,
        header: encoding::rollup_header(header),
        chunks: chunks.as_flattened().to_vec().into(),
    };
    call.abi_encode().into()
}

/// The header in a call that posts a batch, in either form.
#[must_use]
pub fn submitted_header(data: &[u8]) -> Option<BatchHeader> {
    let header = match *data.first_chunk::<4>()? {
        Rollup::submitBlobsCall::SELECTOR => {
            Rollup::submitBlobsCall::abi_decode_validate(data)
                .ok()?
                .header
        }
        Rollup::submitCalldataCall::SELECTOR => {
            Rollup::submitCalldataCall::abi_decode_validate(data)
                .ok()?
                .header
        }
        _ => return None,
    };
    Some(encoding::header_of(&header))
}

#[cfg(test)]
mod tests {
    use spillway_protocol::limits::CHUNK_BYTES;

    use super::*;

    const SEQUENCER: Address = Address::repeat_byte(1);

    fn header() -> BatchHeader {
        BatchHeader {
            parent: B256::repeat_byte(2),
            state_root: B256::repeat_byte(3),
            auth_root: B256::repeat_byte(4),
            auth_count: 5,
            inbox_count: 6,
            inbox_accumulator: [7; 24].into(),
            chunk_count: 8,
            block_number: 9,
            block_hash: B256::repeat_byte(10),
            timestamp: 11,
        }
    }

    #[test]
    fn a_header_is_found_in_the_call_that_posts_it() {
        let chunks = [[1; CHUNK_BYTES], [2; CHUNK_BYTES]];
        let calldata = submit_calldata(SEQUENCER, &header(), &chunks);
        assert_eq!(submitted_header(&calldata), Some(header()));
        let call = Rollup::submitCalldataCall::abi_decode_validate(&calldata).unwrap();
        assert_eq!(call.sequencer_, SEQUENCER);
        assert_eq!(*call.chunks, *chunks.as_flattened());
        let blobs = submit_blobs(SEQUENCER, &header());
        assert_eq!(submitted_header(&blobs), Some(header()));
        for other in [&[][..], &[1, 2, 3], &blobs[..20], &[0; 400]] {
            assert_eq!(submitted_header(other), None);
        }
    }

    #[test]
    fn logs_are_told_apart() {
        let contracts = ContractAddresses {
            inbox: Address::repeat_byte(0xa),
            bridge: Address::repeat_byte(0xb),
            rollup: Address::repeat_byte(0xc),
        };
        let log = |data| Log {
            inner: alloy_primitives::Log {
                address: contracts.rollup,
                data,
            },
            block_number: Some(77),
            ..Log::default()
        };
        let submission = Submission {
            data_commitment: B256::repeat_byte(12),
            posted_at: 13,
            id: 14,
            poster: SEQUENCER,
        };
        let submitted = Rollup::BatchSubmitted {
            number: 15,
            batchHash: B256::ZERO,
            batch: encoding::rollup_batch(&header(), &submission),
            versionedHashes: vec![B256::repeat_byte(16)],
            chunks: Bytes::new(),
        };
        let told = event(&contracts, &log(submitted.encode_log_data())).unwrap();
        let expected = SubmittedBatch {
            number: 15,
            l1_block: 77,
            header: header(),
            submission,
            versioned_hashes: vec![B256::repeat_byte(16)],
            chunks: Bytes::new(),
        };
        assert_eq!(told, Some(BatchEvent::Submitted(Box::new(expected))));
        let finalized = Rollup::BatchFinalized {
            number: 3,
            batchHash: B256::ZERO,
            stateRoot: B256::ZERO,
        };
        let told = event(&contracts, &log(finalized.encode_log_data())).unwrap();
        assert_eq!(told, Some(BatchEvent::Finalized { number: 3 }));
        let escaped = Rollup::Escaped { head: 1 };
        let told = event(&contracts, &log(escaped.encode_log_data())).unwrap();
        assert_eq!(told, Some(BatchEvent::Escaped));
        let reverted = Rollup::BatchesReverted {
            number: 2,
            batchHash: B256::ZERO,
            prover: SEQUENCER,
            forks: 3,
        };
        let reverted = log(reverted.encode_log_data());
        let told = event(&contracts, &reverted).unwrap();
        assert_eq!(told, Some(BatchEvent::Reverted { number: 2 }));
        assert_eq!(forks(&contracts, &reverted).unwrap(), Some(3));
        let opened = Rollup::ChallengeOpened {
            number: 1,
            batchHash: B256::ZERO,
            open: 1,
        };
        let opened = log(opened.encode_log_data());
        assert_eq!(event(&contracts, &opened).unwrap(), None);
        assert_eq!(forks(&contracts, &opened).unwrap(), None);
    }
}
