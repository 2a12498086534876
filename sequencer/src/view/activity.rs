//! What the blocks did: their effects and logs, and the search for them.

use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use alloy_primitives::Log;

use super::{ReadError, View};
use crate::block::Block;
use crate::effects::{self, Effect};
use crate::index::Search;
use crate::logs;
use crate::outcome::Outcomes;

/// A log, and the place of its transaction in the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockLog {
    /// The place.
    pub transaction: usize,
    /// The log.
    pub log: Log,
}

impl View {
    /// What of a durable block it alone does not tell.
    ///
    /// # Errors
    /// When the index has failed and what it held is needed.
    pub fn outcomes(&self, block: &Block) -> Result<Arc<Outcomes>, ReadError> {
        let number = block.header.number;
        if let Some(outcomes) = self.inner.recent.read().outcomes(number) {
            return Ok(Arc::clone(outcomes));
        }
        if let Some(outcomes) = self.inner.unindexed.read().get(&number) {
            return Ok(Arc::clone(outcomes));
        }
        // What it took before it failed it may still tell; that it tells nothing means nothing then.
        let failed = self.inner.index_failed.load(Ordering::Acquire);
        if let Ok(outcomes) = self.inner.index.outcomes(number)
            && !(failed && outcomes.entries.is_empty())
        {
            return Ok(Arc::new(outcomes));
        }
        let stateless = Outcomes::of_stateless(&block.body, self.inner.genesis.chain_id, 0)
            .map_err(|error| ReadError::Transaction(number, error))?;
        stateless
            .filter(|outcomes| outcomes.entries.is_empty())
            .map(Arc::new)
            .ok_or(ReadError::NotIndexed(number))
    }

    /// Shows the effects of a durable block, each with its transaction's place.
    ///
    /// # Errors
    /// As [`Self::outcomes`].
    pub fn visit_effects(
        &self,
        block: &Block,
        visit: impl FnMut(usize, Effect<'_>),
    ) -> Result<(), ReadError> {
        let outcomes = self.outcomes(block)?;
        let chain_id = self.inner.genesis.chain_id;
        effects::visit(block, chain_id, &self.tokens_of(block), &outcomes, visit)
            .map_err(|error| ReadError::Transaction(block.header.number, error))
    }

    /// The logs of a durable block, in order: a log's index is its place here.
    ///
    /// # Errors
    /// As [`Self::outcomes`].
    pub fn logs(&self, block: &Block) -> Result<Vec<BlockLog>, ReadError> {
        let mut found = Vec::new();
        self.visit_effects(block, |transaction, effect| {
            logs::of_effect(&effect, |log| found.push(BlockLog { transaction, log }));
        })?;
        Ok(found)
    }

    /// Shows the numbers of durable blocks in a range that may have what is searched for, ascending or descending, until
    /// `visit` ends it. Where nothing is indexed, that is every block.
    pub fn search(
        &self,
        search: &Search,
        range: &RangeInclusive<u64>,
        descending: bool,
        mut visit: impl FnMut(u64) -> ControlFlow<()>,
    ) {
        let (first, last) = (*range.start(), (*range.end()).min(self.block_number()));
        let indexed = match self.inner.index_failed.load(Ordering::Acquire) {
            true => 0,
            false => self.inner.index.searchable().min(last),
        };
        let (old, new) = (first..=indexed, first.max(indexed + 1)..=last);
        if descending {
            if new.rev().try_for_each(&mut visit).is_continue() {
                self.search_index(search, &old, descending, visit);
            }
        } else {
            let mut ended = false;
            self.search_index(search, &old, descending, |number| {
                let flow = visit(number);
                ended = flow.is_break();
                flow
            });
            if !ended {
                let _ = { new }.try_for_each(visit);
            }
        }
    }

    /// Searches what is indexed. When the index cannot be read, it has failed from then on, and the rest is searched block by
    /// block.
    fn search_index(
        &self,
        search: &Search,
        range: &RangeInclusive<u64>,
        descending: bool,
        mut visit: impl FnMut(u64) -> ControlFlow<()>,
    ) {
        if range.is_empty() {
            return;
        }
        let mut shown = None;
        let result = self
            .inner
            .index
            .search(search, range, descending, |number| {
                shown = Some(number);
                visit(number)
            });
        let Err(error) = result else { return };
        tracing::error!(%error, "the query index has failed: searches read every block");
        self.inner.index_failed.store(true, Ordering::Release);
        let _ = match descending {
            true => (*range.start()..shown.unwrap_or(range.end() + 1))
                .rev()
                .try_for_each(visit),
            false => {
                let next = shown.map_or(*range.start(), |shown| shown + 1);
                { next..=*range.end() }.try_for_each(visit)
            }
        };
    }

    /// The tokens, if the block's messages need them.
    fn tokens_of(&self, block: &Block) -> spillway_protocol::token::TokenTable {
        if block.body.messages.is_empty() {
            return spillway_protocol::token::TokenTable::default();
        }
        self.tokens()
    }
}
