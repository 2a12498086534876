//! Where the bytes of posted batches go.

use alloy_primitives::Address;
use anyhow::{Result, bail, ensure};
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::price::Form;
use spillway_l1::batches::{submit_blobs, submit_calldata};
use spillway_protocol::amount;
use spillway_protocol::chunk::Chunk;
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::limits::{
    BLOB_BYTES, BLOB_CHUNKS, CHUNK_BYTES, CHUNK_FIELD_ELEMENTS, CHUNK_ROOT_BYTES,
};
use spillway_protocol::operation::Operation;
use spillway_protocol::token::TokenTable;

const ETH_DECIMALS: u8 = 18;
/// Bytes that a chunk takes in a blob.
const CHUNK_BLOB_BYTES: usize = BLOB_BYTES / BLOB_CHUNKS;
/// The call's length does not depend on who posts.
const SEQUENCER: Address = Address::ZERO;

/// Bytes of batches, part by part.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts {
    /// Transfers in them.
    pub transfers: u64,
    /// Kind, sender and recipient of transfers.
    pub pairs: usize,
    /// Amounts of transfers.
    pub amounts: usize,
    /// Block operations.
    pub blocks: usize,
    /// What is left at the end of chunks.
    pub padding: usize,
    /// The state roots that chunks begin with.
    pub roots: usize,
    /// The zero bytes that a blob's field elements begin with.
    pub top_bytes: usize,
    /// What the chunks leave of the last blobs.
    pub unfilled: usize,
    /// The call that submits the batch, without its chunks.
    pub call: usize,
}

impl Parts {
    /// The parts of those batches when they are posted in that form. `accounts` is the account count under all
    /// of them.
    ///
    /// # Errors
    /// When they hold anything but blocks and transfers of ETH between accounts that exist.
    pub fn of(batches: &[SealedBatch], form: Form, accounts: u32) -> Result<Self> {
        let tokens = TokenTable::default();
        let mut parts = Self::default();
        let mut scope = Scope {
            account_count: accounts,
            base_fee: 0,
            tokens: &tokens,
        };
        for batch in batches {
            for chunk in &batch.chunks {
                parts.add_chunk(chunk, &mut scope)?;
            }
            parts.add_form(batch, form);
        }
        parts.check(batches, form)?;
        Ok(parts)
    }

    fn add_chunk(&mut self, chunk: &Chunk, scope: &mut Scope<'_>) -> Result<()> {
        self.roots += CHUNK_ROOT_BYTES;
        let mut rest = &chunk[CHUNK_ROOT_BYTES..];
        while rest
            .first()
            .is_some_and(|byte| *byte != codec::END_OF_CHUNK)
        {
            let (operation, len) = codec::decode(rest, scope)?;
            self.add_operation(&operation, len, scope)?;
            rest = &rest[len..];
        }
        self.padding += rest.len();
        Ok(())
    }

    fn add_operation(
        &mut self,
        operation: &Operation,
        len: usize,
        scope: &mut Scope<'_>,
    ) -> Result<()> {
        match operation {
            Operation::Block { base_fee, .. } => {
                self.blocks += len;
                scope.base_fee = *base_fee;
            }
            Operation::Transfer { amount, .. } => {
                let exponent = amount::base_exponent(ETH_DECIMALS).unwrap_or_default();
                let amount = amount::encode(*amount, exponent).as_bytes().len();
                self.amounts += amount;
                self.pairs += len - amount;
                self.transfers += 1;
            }
            other => bail!("{other:?} is no transfer"),
        }
        Ok(())
    }

    fn add_form(&mut self, batch: &SealedBatch, form: Form) {
        let chunks = batch.chunks.len();
        match form {
            Form::Blobs => {
                self.top_bytes += chunks * CHUNK_FIELD_ELEMENTS;
                self.unfilled += (batch.blobs() * BLOB_CHUNKS - chunks) * CHUNK_BLOB_BYTES;
                self.call += submit_blobs(SEQUENCER, &batch.header).len();
            }
            Form::Calldata => {
                let call = submit_calldata(SEQUENCER, &batch.header, &batch.chunks);
                self.call += call.len() - chunks * CHUNK_BYTES;
            }
        }
    }

    /// Nothing is counted twice or forgotten.
    fn check(&self, batches: &[SealedBatch], form: Form) -> Result<()> {
        let expected: usize = match form {
            Form::Blobs => batches.iter().map(|batch| batch.blobs() * BLOB_BYTES).sum(),
            Form::Calldata => batches
                .iter()
                .map(|batch| batch.chunks.len() * CHUNK_BYTES)
                .sum(),
        };
        let found = self.data();
        ensure!(
            found == expected,
            "the parts are {found} of {expected} bytes"
        );
        Ok(())
    }

    /// All bytes in blobs, or of chunks in calldata: everything but the call.
    #[must_use]
    pub const fn data(&self) -> usize {
        let operations = self.pairs + self.amounts + self.blocks;
        operations + self.padding + self.roots + self.top_bytes + self.unfilled
    }

    /// Each part with its name and its bytes a transfer.
    #[must_use]
    pub fn per_transfer(&self) -> [(&'static str, f64); 9] {
        [
            ("kind, sender and recipient", self.pairs),
            ("amount", self.amounts),
            ("block operations", self.blocks),
            ("padding of chunks", self.padding),
            ("state roots of chunks", self.roots),
            ("top bytes of field elements", self.top_bytes),
            ("unfilled rest of the last blob", self.unfilled),
            ("sum of the data", self.data()),
            ("on top: the call, in calldata", self.call),
        ]
        .map(|(name, bytes)| (name, bytes as f64 / self.transfers as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::Population;
    use crate::posting::batches::full;
    use crate::posting::load::{Blocks, Load, Start};

    #[test]
    fn a_load_has_the_parts_that_its_format_says() {
        const ACCOUNTS: u32 = 1_000;
        let population = Population::new(3, ACCOUNTS);
        let start = Start::of(&population).unwrap();
        let load = Load {
            transfers_per_s: 1_000,
        };
        let blocks = Blocks::new(population, &start, load).take(20_000).unwrap();
        let batches = full(&mut start.packer(), &blocks, Form::Calldata).unwrap();
        for form in [Form::Calldata, Form::Blobs] {
            let parts = Parts::of(&batches, form, ACCOUNTS + 1).unwrap();
            // 1,001 accounts squared are below 2^20: 20 bits of pair and four of kind.
            assert_eq!(parts.pairs as u64, 3 * parts.transfers);
            assert_eq!(parts.amounts as u64, 2 * parts.transfers);
            // One byte for five transfers, and twelve more for the first block, which sets time and base fee.
            assert_eq!(parts.blocks as u64, parts.transfers / 5 + 12);
            let chunks: usize = batches.iter().map(|batch| batch.chunks.len()).sum();
            assert_eq!(parts.roots, 32 * chunks);
        }
        full(&mut start.packer(), &blocks, Form::Blobs).unwrap_err();
    }
}
