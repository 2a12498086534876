//! Outcomes of blocks that are in the journal alone.

use super::{IndexError, Sources};
use crate::block::Block;
use crate::ledger::Ledger;
use crate::outcome::Outcomes;
use crate::snapshot;

/// Finds the outcomes of blocks in ascending order.
///
/// Those of most blocks follow from the block. Only where a message of L1 makes them depend on balances, the chain is executed
/// once more up to there: from a snapshot, or from the last block of that kind.
pub(super) struct Replay<'a> {
    sources: Sources<'a>,
    ledger: Option<Ledger>,
}

impl<'a> Replay<'a> {
    pub(super) const fn new(sources: Sources<'a>) -> Self {
        Self {
            sources,
            ledger: None,
        }
    }

    /// The outcomes of a block that so many withdrawals come before.
    pub(super) fn outcomes(
        &mut self,
        block: &Block,
        withdrawals: u32,
    ) -> Result<Outcomes, IndexError> {
        let (number, chain_id) = (block.header.number, self.sources.genesis.chain_id);
        let stateless = Outcomes::of_stateless(&block.body, chain_id, withdrawals)
            .map_err(|error| IndexError::Transaction(number, error))?;
        if let Some(outcomes) = stateless {
            return Ok(outcomes);
        }
        let Sources {
            genesis,
            journal,
            snapshots,
            ..
        } = self.sources;
        let mut ledger = match self.ledger.take() {
            Some(mut ledger) => {
                snapshot::replay(&mut ledger, journal, number - 1)?;
                ledger
            }
            None => snapshot::ledger_at(snapshots, genesis, journal, number - 1)?,
        };
        let applied = ledger.apply(&block.header, &block.body);
        self.ledger = Some(ledger);
        Ok(applied.map_err(snapshot::SnapshotError::from)?.outcomes)
    }
}
