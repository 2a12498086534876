//! Withdrawals: tables of what can happen to one, and a model of all of L1 and L2.

mod model;
mod tables;

use alloy_primitives::{Address, B256};
use spillway_l1::batches::{BatchEvent, SubmittedBatch};
use spillway_protocol::batch::{BatchHeader, Submission};
use spillway_protocol::withdrawal::Withdrawal;
use spillway_relayer::l2::L2Withdrawal;
use spillway_relayer::withdrawals::WithdrawalConfig;

const WINDOW: u64 = 20;

const CONFIG: WithdrawalConfig = WithdrawalConfig {
    tracked_max: 1_000,
    recent_max: 3,
    retry: 100,
    retry_max: 1_000,
    failures_max: 6,
    ..WithdrawalConfig::new(WINDOW)
};

fn made(index: u32, block: u64) -> L2Withdrawal {
    L2Withdrawal {
        block,
        withdrawal: Withdrawal {
            account: Address::repeat_byte((index % 3) as u8),
            recipient: Address::repeat_byte((index % 2) as u8),
            token: 0,
            amount: 1,
        },
    }
}

fn submitted(number: u64, l2_block: u64, posted_at: u64) -> BatchEvent {
    BatchEvent::Submitted(Box::new(SubmittedBatch {
        number,
        header: BatchHeader {
            parent: B256::ZERO,
            state_root: B256::ZERO,
            auth_root: B256::ZERO,
            auth_count: 0,
            inbox_count: 0,
            inbox_accumulator: Default::default(),
            chunk_count: 1,
            block_number: l2_block,
            block_hash: B256::ZERO,
            timestamp: 0,
        },
        submission: Submission {
            data_commitment: B256::ZERO,
            posted_at,
            id: 0,
            poster: Address::ZERO,
        },
        l1_block: 0,
        versioned_hashes: Vec::new(),
        chunks: Default::default(),
    }))
}
