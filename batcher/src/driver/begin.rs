//! The place to go on from, found on L1.

use alloy_primitives::B256;
use alloy_transport::TransportError;
use spillway_l1::batches::{self, BatchEvent, SubmittedBatch};
use spillway_l1::events::{Cursor, DecodeError, Finality, LogFilter, Markers, markers, newest};

use super::BatcherConfig;
use super::standing::{Place, Standing};
use alloy_provider::DynProvider;

/// Why L1 does not tell the place.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlaceError {
    /// No node answers.
    #[error("L1 does not answer: {0}")]
    Rpc(#[from] TransportError),
    /// A node has no head.
    #[error("the L1 node does not know its own head")]
    NoHead,
    /// A log that is not understood.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A batch without an event.
    #[error(
        "L1 shows no event of batch {0}, which it says stands: the node lacks logs, ask another one"
    )]
    Missing(u64),
    /// A log that was not asked for.
    #[error("the L1 node answers logs that it was not asked for")]
    Unasked,
}

/// Finds the newest batch in finalised blocks, and where to read on.
///
/// Only logs are asked for, so that any node can answer: most do not keep the state of older blocks.
pub(super) async fn find(
    provider: &DynProvider,
    config: &BatcherConfig,
) -> Result<(Standing, Cursor), PlaceError> {
    let markers = markers(provider).await?.ok_or(PlaceError::NoHead)?;
    let first = config.first_l1_block;
    let found = match final_block(&markers, config.finality) {
        Some(last) if last >= first => base_at(provider, config, last).await?,
        _ => None,
    };
    // From the batch's block on, and not from the last final one, which another node may not have yet.
    Ok(match found {
        Some((block, base)) => {
            let forks = forks_through(provider, config, block).await?;
            let cursor = Cursor::before(block.saturating_add(1));
            (Standing::new(base, forks), cursor)
        }
        None => (Standing::new(Place::default(), 0), Cursor::before(first)),
    })
}

/// Reverts up to that block.
async fn forks_through(
    provider: &DynProvider,
    config: &BatcherConfig,
    last: u64,
) -> Result<u64, PlaceError> {
    let mut filter = batches::filter(config.contracts.rollup);
    filter.topics = filter.topics.split_off(1);
    filter.topics.truncate(1);
    let log = newest(provider, &filter, None, config.first_l1_block, last).await?;
    match log {
        None => Ok(0),
        Some(log) => batches::forks(&config.contracts, &log)?.ok_or(PlaceError::Unasked),
    }
}

/// The newest batch in the blocks up to `last`, and the block of the log that says so; none before the first batch.
async fn base_at(
    provider: &DynProvider,
    config: &BatcherConfig,
    last: u64,
) -> Result<Option<(u64, Place)>, PlaceError> {
    // Only what makes batches stand and fall.
    let mut filter = batches::filter(config.contracts.rollup);
    filter.topics.truncate(2);
    let search = Search {
        provider,
        config,
        filter,
    };
    match search.newest(None, last).await? {
        None => Ok(None),
        Some((block, BatchEvent::Submitted(batch))) => Ok(Some((block, place(&batch)))),
        Some((block, BatchEvent::Reverted { number: 0 | 1 })) => {
            Ok(Some((block, Place::default())))
        }
        Some((block, BatchEvent::Reverted { number })) => {
            Ok(Some((block, search.submission(number - 1, block).await?)))
        }
        Some((_, BatchEvent::Finalized { .. } | BatchEvent::Escaped)) => Err(PlaceError::Unasked),
    }
}

fn place(batch: &SubmittedBatch) -> Place {
    Place::of(batch.number, &batch.header)
}

struct Search<'a> {
    provider: &'a DynProvider,
    config: &'a BatcherConfig,
    filter: LogFilter,
}

impl Search<'_> {
    async fn newest(
        &self,
        number: Option<u64>,
        last: u64,
    ) -> Result<Option<(u64, BatchEvent)>, PlaceError> {
        let topic = number.map(|number| B256::left_padding_from(&number.to_be_bytes()));
        let first = self.config.first_l1_block;
        let log = newest(self.provider, &self.filter, topic, first, last).await?;
        let Some(log) = log else { return Ok(None) };
        let event = batches::event(&self.config.contracts, &log)?;
        Ok(event.map(|event| (log.block_number.unwrap_or(last), event)))
    }

    /// The newest submission of that number: what a revert of the one after it went back to.
    async fn submission(&self, number: u64, mut last: u64) -> Result<Place, PlaceError> {
        while let Some((block, event)) = self.newest(Some(number), last).await? {
            match event {
                BatchEvent::Submitted(batch) => return Ok(place(&batch)),
                // An earlier revert of that number, before it was submitted again: further back.
                _ if block > self.config.first_l1_block => last = block - 1,
                _ => break,
            }
        }
        Err(PlaceError::Missing(number))
    }
}

/// Blocks below the head that count as final where no node says what is, as on development networks.
const DEPTH_WITHOUT_FINALITY: u64 = 128;

/// The last block of L1 that is final.
pub(super) fn final_block(markers: &Markers, finality: Finality) -> Option<u64> {
    let latest = markers.latest.number;
    let told = markers.final_block(finality);
    told.or_else(|| latest.checked_sub(DEPTH_WITHOUT_FINALITY))
        .map(|block| block.min(latest))
}

/// How deep the chain forks at most.
pub(super) const fn fork_depth(finality: Finality) -> u64 {
    match finality {
        Finality::Depth(depth) => depth,
        Finality::Safe | Finality::Finalized => DEPTH_WITHOUT_FINALITY,
    }
}
