//! What the contracts have logged, checked as far as logs go: the inbox and its hash chain, the tokens, the batches
//! that stand.

use alloy_primitives::{B256, Bytes, Log};
use alloy_sol_types::SolEvent;
use anyhow::{Context as _, Result, ensure};
use spillway_protocol::batch::{BatchHeader, Submission};
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_protocol::token::{ETH, TokenTable};

use super::Contracts;
use super::contracts::{Batch, BatchSubmitted, BatchesReverted, MessageSent, TokenListed};

/// A batch that stands.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) number: u64,
    pub(crate) header: BatchHeader,
    pub(crate) submission: Submission,
    /// As L1 gave it, for whoever brings it to L1 again.
    pub(crate) batch: Batch,
    /// The hash that the log names.
    pub(super) hash: B256,
    pub(super) versioned_hashes: Vec<B256>,
    pub(super) chunks: Bytes,
    /// The L1 block that holds it.
    pub(super) l1_block: u64,
    /// Tokens that were listed before it.
    pub(super) tokens: TokenTable,
    /// Messages that were sent before it.
    pub(super) messages: usize,
}

/// How a batch came to L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Blobs,
    Calldata,
}

impl Posted {
    pub(crate) const fn form(&self) -> Form {
        if self.versioned_hashes.is_empty() {
            Form::Calldata
        } else {
            Form::Blobs
        }
    }
}

/// What the contracts have logged so far.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) messages: Vec<InboxMessage>,
    /// The inbox's hash chain after each message.
    accumulators: Vec<InboxAccumulator>,
    tokens: TokenTable,
    pub(super) batches: Vec<Posted>,
    /// Submissions, fallen ones included.
    submissions: u64,
}

impl History {
    /// The inbox's hash chain after so many messages.
    pub(super) fn accumulator(&self, count: u64) -> Result<InboxAccumulator> {
        let Some(last) = count.checked_sub(1) else {
            return Ok(InboxAccumulator::ZERO);
        };
        let found = self.accumulators.get(usize::try_from(last)?);
        found
            .copied()
            .with_context(|| format!("the inbox has fewer than {count} messages"))
    }

    /// Takes in the next log.
    pub(super) fn take_in(
        &mut self,
        contracts: &Contracts,
        l1_block: u64,
        log: &Log,
    ) -> Result<()> {
        let topic = log.topics().first().copied();
        match topic {
            Some(MessageSent::SIGNATURE_HASH) if log.address == contracts.inbox => {
                self.message(&MessageSent::decode_log(log)?.data)
            }
            Some(TokenListed::SIGNATURE_HASH) if log.address == contracts.bridge => {
                self.token(&TokenListed::decode_log(log)?.data)
            }
            Some(BatchSubmitted::SIGNATURE_HASH) if log.address == contracts.rollup => {
                self.batch(l1_block, &BatchSubmitted::decode_log(log)?.data)
            }
            Some(BatchesReverted::SIGNATURE_HASH) if log.address == contracts.rollup => {
                let reverted = BatchesReverted::decode_log(log)?;
                self.batches.retain(|batch| batch.number < reverted.number);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn message(&mut self, sent: &MessageSent) -> Result<()> {
        let count = self.messages.len() as u64;
        ensure!(
            sent.index == count,
            "message {} comes after {count} others",
            sent.index
        );
        let message = InboxMessage::decode(&sent.message).context("not a message")?;
        let accumulator = message.accumulate(&self.accumulator(count)?);
        ensure!(
            accumulator == sent.accumulator,
            "message {count} does not lead to the hash chain that L1 has"
        );
        self.messages.push(message);
        self.accumulators.push(accumulator);
        Ok(())
    }

    fn token(&mut self, listed: &TokenListed) -> Result<()> {
        // The bridge says at its beginning that ETH is token 0, which L2 knows from genesis on.
        if listed.token != ETH {
            let id = self.tokens.list(listed.tokenAddress, listed.decimals)?;
            ensure!(
                id == listed.token,
                "token {} has the number {id}",
                listed.token
            );
        }
        let here = self.tokens.get(listed.token).context("no such token")?;
        ensure!(
            here.base_exponent == listed.baseExponent,
            "another base exponent"
        );
        Ok(())
    }

    fn batch(&mut self, l1_block: u64, submitted: &BatchSubmitted) -> Result<()> {
        let number = self.batches.len() as u64 + 1;
        ensure!(
            submitted.number == number,
            "batch {} comes as number {number}",
            submitted.number
        );
        let submission = submitted.batch.submission();
        ensure!(
            submission.id == self.submissions,
            "a submission id is used twice or left out"
        );
        self.submissions += 1;
        self.batches.push(Posted {
            number,
            header: submitted.batch.header.decoded(),
            submission,
            batch: submitted.batch.clone(),
            hash: submitted.batchHash,
            versioned_hashes: submitted.versionedHashes.clone(),
            chunks: submitted.chunks.clone(),
            l1_block,
            tokens: self.tokens.clone(),
            messages: self.messages.len(),
        });
        Ok(())
    }
}
