//! What this node holds of L2, as the verifier asks for it.

use std::ops::RangeInclusive;

use spillway_l1::encoding::disputes::SignedHeader;
use spillway_sequencer::view::{SignedBlocks, View};
use spillway_verifier::authorisation::{HeldBlock, Holdings, HoldingsError};
use tokio::sync::watch;

use super::findings::Found;
use crate::following::for_l1;

/// The durable blocks: admission recovered each sender, and a second execution made each block again.
#[derive(Debug)]
pub(super) struct ViewHoldings {
    blocks: SignedBlocks,
    newest: watch::Receiver<u64>,
    found: Found,
}

impl ViewHoldings {
    /// It holds nothing of the view but the files.
    pub(super) fn new(view: &View, found: &Found) -> Self {
        Self {
            blocks: view.signed_blocks(),
            newest: view.newest(),
            found: found.clone(),
        }
    }
}

impl Holdings for ViewHoldings {
    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.clone()
    }

    fn blocks(&self, numbers: RangeInclusive<u64>) -> Result<Vec<HeldBlock>, HoldingsError> {
        let blocks = self.blocks.read(numbers)?.into_iter();
        Ok(blocks
            .map(|block| HeldBlock {
                hash: block.hash,
                transactions: block
                    .body
                    .transactions
                    .into_iter()
                    .map(|it| it.raw)
                    .collect(),
                transaction_hashes: block.transaction_hashes,
            })
            .collect())
    }

    fn has_failed(&self) -> bool {
        self.found.has_failed()
    }

    fn signed_header(&self, number: u64) -> Result<Option<SignedHeader>, HoldingsError> {
        let signed = self.blocks.signed_header(number)?;
        Ok(signed.map(for_l1))
    }
}
