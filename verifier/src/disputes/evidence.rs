//! A batch with all that a proof about it needs but the blobs.

use std::sync::Arc;

use alloy_primitives::B256;
use spillway_l1::batches::SubmittedBatch;
use spillway_l1::encoding::disputes::Accused;
use spillway_protocol::batch::batch_hash;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::token::TokenTable;

use crate::derivation::BatchData;
use crate::replay::{Claim, Ledger, Wrong};

/// A batch, and what it was posted upon.
#[derive(Clone, Debug)]
pub struct Case {
    /// The batch.
    pub batch: Arc<SubmittedBatch>,
    /// The one before it; none before the first.
    pub parent: Option<Arc<SubmittedBatch>>,
    /// L2 before the batch.
    pub ledger: Ledger,
    /// The messages after those that the ledger has consumed, as [`Claim::messages`].
    pub messages: Vec<InboxMessage>,
    /// The listed tokens.
    pub tokens: TokenTable,
}

/// A wrong batch.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What is wrong.
    pub wrong: Wrong,
    /// The batch.
    pub case: Case,
}

impl Case {
    /// The batch's hash, which no other batch ever has.
    #[must_use]
    pub fn batch_hash(&self) -> B256 {
        batch_hash(&self.batch.header, &self.batch.submission)
    }

    pub(crate) fn accused(&self) -> Accused<'_> {
        Accused {
            batch: &self.batch,
            parent: self.parent.as_ref().unwrap_or(&self.batch),
        }
    }

    pub(crate) fn claim<'a>(&'a self, data: &'a BatchData) -> Claim<'a> {
        Claim {
            header: &self.batch.header,
            data,
            messages: &self.messages,
            tokens: &self.tokens,
        }
    }
}
