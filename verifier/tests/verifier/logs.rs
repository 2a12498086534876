//! L1 as the reader of events yields it, without an L1.

use alloy_primitives::{Address, B256, Bytes, LogData};
use alloy_rpc_types_eth::Log;
use alloy_sol_types::SolEvent;
use spillway_batcher::batch::SealedBatch;
use spillway_bridge_contracts::{Bridge, Inbox, Rollup};
use spillway_l1::encoding;
use spillway_l1::events::{Block, ContractAddresses, Header, Item};
use spillway_l1::transactions::BlockRef;
use spillway_protocol::batch::{Submission, blob_commitment, calldata_commitment};
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};

use super::chain::{TOKEN, TOKEN_DECIMALS};

pub(crate) const CONTRACTS: ContractAddresses = ContractAddresses {
    inbox: Address::repeat_byte(0xa),
    bridge: Address::repeat_byte(0xb),
    rollup: Address::repeat_byte(0xc),
};

fn log(address: Address, data: LogData) -> Log {
    Log {
        inner: alloy_primitives::Log { address, data },
        ..Log::default()
    }
}

fn block_ref(number: u64) -> BlockRef {
    BlockRef {
        number,
        hash: B256::left_padding_from(&number.to_be_bytes()),
    }
}

pub(crate) fn block(number: u64, logs: Vec<Log>) -> Item {
    let header = Header {
        block: block_ref(number),
        parent: block_ref(number - 1).hash,
        timestamp: number,
    };
    Item::Block(Block { header, logs })
}

pub(crate) fn rollback(to: u64) -> Item {
    Item::Rollback {
        to: Some(block_ref(to)),
    }
}

/// The listing of the token and all the messages.
pub(crate) fn arrivals(messages: &[InboxMessage]) -> Vec<Log> {
    let listed = Bridge::TokenListed {
        token: 1,
        tokenAddress: TOKEN,
        decimals: TOKEN_DECIMALS,
        baseExponent: 3,
    };
    let mut logs = vec![log(CONTRACTS.bridge, listed.encode_log_data())];
    let mut accumulator = InboxAccumulator::ZERO;
    for (index, message) in (0..).zip(messages) {
        accumulator = message.accumulate(&accumulator);
        let sent = Inbox::MessageSent {
            index,
            account: Address::ZERO,
            sender: Address::ZERO,
            accumulator,
            message: message.encode().as_bytes().to_vec().into(),
        };
        logs.push(log(CONTRACTS.inbox, sent.encode_log_data()));
    }
    logs
}

/// The submission of a batch as calldata if it fits, else in blobs whose versioned hashes are made up.
pub(crate) fn submitted(number: u64, id: u64, batch: &SealedBatch) -> Log {
    let (versioned_hashes, chunks) = if batch.fits_calldata() {
        (
            Vec::new(),
            Bytes::from(batch.chunks.as_flattened().to_vec()),
        )
    } else {
        let hashes = (0..batch.blobs()).map(|blob| B256::repeat_byte(blob as u8 + 1));
        (hashes.collect(), Bytes::new())
    };
    let data_commitment = if versioned_hashes.is_empty() {
        calldata_commitment(&batch.chunks)
    } else {
        blob_commitment(&versioned_hashes)
    };
    let submission = Submission {
        data_commitment,
        posted_at: 1,
        id,
        poster: Address::ZERO,
    };
    let event = Rollup::BatchSubmitted {
        number,
        batchHash: B256::ZERO,
        batch: encoding::rollup_batch(&batch.header, &submission),
        versionedHashes: versioned_hashes,
        chunks,
    };
    log(CONTRACTS.rollup, event.encode_log_data())
}

pub(crate) fn reverted(number: u64) -> Log {
    let event = Rollup::BatchesReverted {
        number,
        batchHash: B256::ZERO,
        prover: Address::ZERO,
        forks: 1,
    };
    log(CONTRACTS.rollup, event.encode_log_data())
}

pub(crate) fn finalised(number: u64) -> Log {
    let event = Rollup::BatchFinalized {
        number,
        batchHash: B256::ZERO,
        stateRoot: B256::ZERO,
    };
    log(CONTRACTS.rollup, event.encode_log_data())
}
