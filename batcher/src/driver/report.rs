//! What a batcher tells its owner.

use std::time::Duration;

use alloy_primitives::B256;

use crate::policy::SealReason;
use crate::price::Form;

/// What it did, in order. Its owner logs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// It found its place on L1.
    Began {
        /// The newest batch that stands.
        batch: u64,
        /// That batch's last block.
        block: u64,
        /// Batches that were sealed again as they had been, because they stand or are under way.
        resumed: usize,
    },
    /// It sealed a batch.
    Sealed {
        /// The first block.
        first_block: u64,
        /// The last block.
        last_block: u64,
        /// Chunks.
        chunks: usize,
        /// Bytes of operations in them.
        operation_bytes: usize,
        /// Why it was sealed.
        reason: SealReason,
    },
    /// It asked a transaction manager to post a batch, and that is on disk.
    Submitted {
        /// The attempt's name, which the manager's log has as well.
        id: B256,
        /// The batch's last block.
        last_block: u64,
        /// How it is posted.
        form: Form,
        /// Blobs, or none.
        blobs: usize,
    },
    /// L1's head has another newest batch than before.
    Standing {
        /// Its number.
        batch: u64,
        /// Its last block.
        block: u64,
    },
    /// An attempt failed. Another one is made.
    Failed {
        /// Its name.
        id: B256,
    },
    /// An attempt does not fit any more, and is cancelled.
    Cancelled {
        /// Its name.
        id: B256,
    },
    /// It begins again from L1.
    Again {
        /// Why.
        reason: String,
        /// After so long.
        wait: Duration,
    },
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The newest block packed.
    pub packed_block: u64,
    /// The newest batch that stands on L1's head.
    pub posted_batch: u64,
    /// Its last block.
    pub posted_block: u64,
    /// The last block of the newest batch in a finalised L1 block.
    pub final_block: u64,
    /// Bytes of operations that are packed and do not stand.
    pub unposted_bytes: u64,
    /// Sealed batches that do not stand.
    pub unposted_batches: usize,
    /// What a byte of operations costs on L1 now, in wei; `None` while that is unknown.
    pub wei_per_byte: Option<u128>,
    /// Failed attempts of the batch that is due.
    pub failures: u64,
}
