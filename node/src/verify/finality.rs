//! Which batches are final on L1, and which of them ends with a block: what certifies a snapshot.

use alloy_primitives::B256;
use alloy_provider::DynProvider;
use alloy_sol_types::SolEvent;
use alloy_transport::TransportError;
use spillway_bridge_contracts::Rollup;
use spillway_l1::batches::{self, BatchEvent, SubmittedBatch};
use spillway_l1::events::{ContractAddresses, DecodeError, Finality, LogFilter, markers, newest};

/// Blocks below the head that count as final where no node says what is, as on development networks.
const DEPTH_WITHOUT_FINALITY: u64 = 128;

/// Why L1 does not say it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FinalityError {
    /// No node answers.
    #[error("L1, asked for final batches: {0}")]
    Rpc(#[from] TransportError),
    /// A node has no head.
    #[error("the L1 node does not know its own head: wait until it has one, or ask another")]
    NoHead,
    /// A log that is not understood, or was not asked for.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A batch without an event.
    #[error(
        "L1 shows no event of batch {0}, which it calls final: the node lacks logs, ask another one"
    )]
    Missing(u64),
}

/// The batches that can neither fall nor be forked away.
pub(super) struct FinalBatches<'a> {
    l1: &'a DynProvider,
    contracts: &'a ContractAddresses,
    first_block: u64,
    /// None if no batch is final.
    newest: Option<Posted>,
}

/// A batch, and the block of L1 that holds it.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) l1_block: u64,
    pub(crate) batch: Box<SubmittedBatch>,
}

impl<'a> FinalBatches<'a> {
    /// Those of a deployment whose first block is that, as L1 has them now.
    ///
    /// Only logs are asked for, so that any node can answer: most do not keep the state of older blocks.
    pub(super) async fn find(
        l1: &'a DynProvider,
        contracts: &'a ContractAddresses,
        first_block: u64,
    ) -> Result<Self, FinalityError> {
        let markers = markers(l1).await?.ok_or(FinalityError::NoHead)?;
        let latest = markers.latest.number;
        let told = markers.final_block(Finality::Finalized);
        let last = told.or_else(|| latest.checked_sub(DEPTH_WITHOUT_FINALITY));
        let mut found = Self {
            l1,
            contracts,
            first_block,
            newest: None,
        };
        if let Some(last) = last.filter(|last| *last >= first_block) {
            found.newest = found.newest_through(last.min(latest)).await?;
        }
        Ok(found)
    }

    /// The newest one; none if there is none.
    pub(super) const fn newest(&self) -> Option<&Posted> {
        self.newest.as_ref()
    }

    async fn newest_through(&self, last: u64) -> Result<Option<Posted>, FinalityError> {
        let finalized = self.event(Rollup::BatchFinalized::SIGNATURE_HASH, None, (0, last));
        let Some((last, BatchEvent::Finalized { number })) = finalized.await? else {
            return Ok(None);
        };
        self.posted(number, (self.first_block, last))
            .await
            .map(Some)
    }

    /// The one that ends with that block of L2 or, if none does, the first after it; none if all are before it.
    pub(super) async fn ending_with(&self, block: u64) -> Result<Option<Posted>, FinalityError> {
        let Some(newest) = &self.newest else {
            return Ok(None);
        };
        let lookup = |number, range| self.posted(number, range);
        first_from(block, self.first_block, newest.clone(), lookup).await
    }

    async fn posted(&self, number: u64, (from, to): (u64, u64)) -> Result<Posted, FinalityError> {
        let from = from.max(self.first_block);
        posted(self.l1, self.contracts, number, (from, to)).await
    }

    async fn event(
        &self,
        topic: B256,
        second_topic: Option<B256>,
        (from, to): (u64, u64),
    ) -> Result<Option<(u64, BatchEvent)>, FinalityError> {
        let from = from.max(self.first_block);
        event(self.l1, self.contracts, topic, second_topic, (from, to)).await
    }
}

/// The last submission of a batch in those blocks of L1.
pub(crate) async fn posted(
    l1: &DynProvider,
    contracts: &ContractAddresses,
    number: u64,
    range: (u64, u64),
) -> Result<Posted, FinalityError> {
    let topic = Rollup::BatchSubmitted::SIGNATURE_HASH;
    let second = B256::left_padding_from(&number.to_be_bytes());
    match event(l1, contracts, topic, Some(second), range).await? {
        Some((l1_block, BatchEvent::Submitted(batch))) if batch.number == number => {
            Ok(Posted { l1_block, batch })
        }
        _ => Err(FinalityError::Missing(number)),
    }
}

/// The newest event of that kind in those blocks of L1, and its block.
async fn event(
    l1: &DynProvider,
    contracts: &ContractAddresses,
    topic: B256,
    second_topic: Option<B256>,
    (from, to): (u64, u64),
) -> Result<Option<(u64, BatchEvent)>, FinalityError> {
    let filter = LogFilter {
        addresses: vec![contracts.rollup],
        topics: vec![topic],
    };
    let log = newest(l1, &filter, second_topic, from, to).await?;
    let Some(log) = log else { return Ok(None) };
    let event = batches::event(contracts, &log)?;
    Ok(event.map(|event| (log.block_number.unwrap_or(to), event)))
}

/// The first batch up to `newest` whose last block is not before that one; none if all are. Batches stand on L1 in the order of
/// their numbers, so each look-up halves the numbers, and leaves less of L1 to be searched.
async fn first_from(
    block: u64,
    first_l1_block: u64,
    newest: Posted,
    lookup: impl AsyncFn(u64, (u64, u64)) -> Result<Posted, FinalityError>,
) -> Result<Option<Posted>, FinalityError> {
    if newest.batch.header.block_number < block {
        return Ok(None);
    }
    let (mut before, mut l1_before, mut found) = (0, first_l1_block, newest);
    while found.batch.number > before + 1 {
        let middle = before + (found.batch.number - before) / 2;
        let posted = lookup(middle, (l1_before, found.l1_block)).await?;
        if posted.batch.header.block_number < block {
            (before, l1_before) = (middle, posted.l1_block);
        } else {
            found = posted;
        }
    }
    Ok(Some(found))
}

#[cfg(test)]
pub(super) mod tests {
    use spillway_protocol::batch::{BatchHeader, Submission};

    use super::*;

    /// Batch `number` ends with block `10 number`, and is in block `100 + number / 2` of L1.
    pub(in crate::verify) fn posted(number: u64) -> Posted {
        let header = BatchHeader {
            parent: B256::ZERO,
            state_root: B256::repeat_byte(1),
            auth_root: B256::ZERO,
            auth_count: 0,
            inbox_count: 0,
            inbox_accumulator: Default::default(),
            chunk_count: 1,
            block_number: 10 * number,
            block_hash: B256::repeat_byte(2),
            timestamp: 0,
        };
        let submission = Submission {
            data_commitment: B256::ZERO,
            posted_at: 1_000 + number,
            id: number,
            poster: Default::default(),
        };
        Posted {
            l1_block: 100 + number / 2,
            batch: Box::new(SubmittedBatch {
                l1_block: 0,
                number,
                header,
                submission,
                versioned_hashes: Vec::new(),
                chunks: Default::default(),
            }),
        }
    }

    #[tokio::test]
    async fn every_block_is_found_in_its_batch() {
        let found = async |block: u64, newest: u64| {
            let lookup = async |number, (from, to)| {
                let posted = posted(number);
                assert!(
                    (from..=to).contains(&posted.l1_block),
                    "{number}: {from} to {to}"
                );
                Ok(posted)
            };
            let found = first_from(block, 90, posted(newest), lookup).await.unwrap();
            found.map(|posted| posted.batch.number)
        };
        for newest in 1..20_u64 {
            for block in 0..=10 * newest {
                let expected = block.div_ceil(10).max(1);
                assert_eq!(
                    found(block, newest).await,
                    Some(expected),
                    "{block} of {newest}"
                );
            }
            for block in [10 * newest + 1, u64::MAX] {
                assert_eq!(found(block, newest).await, None);
            }
        }
    }

    #[tokio::test]
    async fn a_node_that_lacks_logs_is_named() {
        let lookup = async |number, _| Err(FinalityError::Missing(number));
        let error = first_from(10, 90, posted(4), lookup).await.unwrap_err();
        assert!(error.to_string().contains("batch 2"), "{error}");
    }
}
