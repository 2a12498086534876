//! Durable blocks with the sequencer's word for them, from the files alone.

use std::ops::RangeInclusive;
use std::sync::Arc;

use alloy_primitives::{Bytes, Signature};
use spillway_protocol::tree::list_root;

use super::ReadError;
use crate::block::Block;
use crate::forks::Forks;
use crate::journal::Reader;
use crate::record;
use crate::signatures::{HeaderSignatures, SignedHeader};

/// Reads durable blocks and the signatures of their headers. It holds nothing of a view but the files, so that work which
/// outlives a view by a moment does not keep the query index open.
#[derive(Clone, Debug)]
pub struct SignedBlocks {
    pub(super) chain_id: u64,
    pub(super) forks: Forks,
    pub(super) journal: Reader,
    pub(super) signatures: Option<Arc<HeaderSignatures>>,
}

impl SignedBlocks {
    /// Blocks by number, in order; fewer where they are not durable. Genesis is none of them.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn read(&self, numbers: RangeInclusive<u64>) -> Result<Vec<Block>, ReadError> {
        let mut records = self.journal.records_from(*numbers.start());
        let mut blocks = Vec::new();
        for _ in numbers {
            let Some(found) = records.next_record()? else {
                break;
            };
            let (header, body) = record::decode(&Bytes::copy_from_slice(found.payload))?;
            blocks.push(Block::new(header, body));
        }
        Ok(blocks)
    }

    /// The sequencer's signature of a durable block's header: made with its key, or kept by a replica of it. None without
    /// either.
    ///
    /// # Errors
    /// When what a replica keeps cannot be read.
    pub fn signature(&self, block: &Block) -> Result<Option<Signature>, ReadError> {
        let Some(signatures) = &self.signatures else {
            return Ok(None);
        };
        let fork_id = self.forks.id_of(block.header.number);
        Ok(signatures.of(self.chain_id, fork_id, block)?)
    }

    /// What the sequencer has signed of a durable block on the current fork: its word, to hold it to. None where
    /// [`Self::signature`] answers none, and for genesis, which needs no signature.
    ///
    /// # Errors
    /// When the journal or the signatures cannot be read.
    pub fn signed_header(&self, number: u64) -> Result<Option<SignedHeader>, ReadError> {
        if number == 0 {
            return Ok(None);
        }
        let Some(block) = self.read(number..=number)?.pop() else {
            return Ok(None);
        };
        let signature = self.signature(&block)?;
        Ok(signature.map(|signature| SignedHeader {
            header: block.header,
            fork_id: self.forks.id_of(number),
            tx_root: list_root(&block.transaction_hashes),
            signature,
        }))
    }
}
