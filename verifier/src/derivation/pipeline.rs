//! The stages before the data, as one: blocks of L1 in, standing batches out.

use std::sync::Arc;

use spillway_l1::arrivals::{Said, said};
use spillway_l1::batches::{BatchEvent, SubmittedBatch};
use spillway_l1::events::{Block, ContractAddresses, Item};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::token::TokenTable;

use super::arrivals::Arrivals;
use super::error::{Contradiction, Reset};
use super::standing::{Identity, Standing};

/// The batches that stand on L1, handed out in order.
#[derive(Clone, Debug)]
pub struct Derivation {
    contracts: ContractAddresses,
    arrivals: Arrivals,
    standing: Standing,
    /// What was handed out, from the first batch that is kept.
    handed_out: Vec<Identity>,
    /// Whether some of it may have fallen.
    is_in_doubt: bool,
}

impl Derivation {
    /// Of a deployment that is read from its first block on.
    #[must_use]
    pub fn new(contracts: ContractAddresses) -> Self {
        Self {
            contracts,
            arrivals: Arrivals::default(),
            standing: Standing::default(),
            handed_out: Vec::new(),
            is_in_doubt: false,
        }
    }

    /// Takes in what the reader of L1 yields.
    ///
    /// # Errors
    /// [`Contradiction`], for good.
    pub fn take(&mut self, item: Item) -> Result<(), Contradiction> {
        match item {
            Item::Block(block) => self.block(&block),
            Item::Rollback { to } => {
                let to = to.map(|block| block.number);
                self.is_in_doubt = true;
                self.arrivals.roll_back(to);
                self.standing.roll_back(to)
            }
        }
    }

    fn block(&mut self, block: &Block) -> Result<(), Contradiction> {
        let l1_block = block.header.block.number;
        for log in &block.logs {
            match said(&self.contracts, log)? {
                Some(Said::Arrival(arrival)) => self.arrivals.take(l1_block, arrival)?,
                Some(Said::Batch(event)) => self.batch_event(l1_block, event)?,
                None => {}
            }
        }
        Ok(())
    }

    fn batch_event(&mut self, l1_block: u64, event: BatchEvent) -> Result<(), Contradiction> {
        match event {
            BatchEvent::Submitted(batch) => {
                self.standing.submitted(l1_block, *batch, &self.arrivals)
            }
            BatchEvent::Reverted { number } => {
                self.is_in_doubt = true;
                self.standing.reverted(l1_block, number)
            }
            BatchEvent::Finalized { number } => self.standing.finalised(l1_block, number),
            // Nothing is posted any more; what was posted is verified as ever.
            BatchEvent::Escaped => Ok(()),
        }
    }

    /// Whether all that was handed out still stands.
    ///
    /// # Errors
    /// [`Reset`], once: the place is then where the handing out goes on.
    pub fn check(&mut self) -> Result<(), Reset> {
        if !self.is_in_doubt {
            return Ok(());
        }
        self.is_in_doubt = false;
        let standing = (self.standing.base() + 1..).zip(&self.handed_out);
        let agreeing = standing
            .take_while(|(number, identity)| self.standing.identity(*number) == Some(**identity))
            .count();
        if agreeing == self.handed_out.len() {
            return Ok(());
        }
        self.handed_out.truncate(agreeing);
        Err(Reset {
            to: self.handed_out_to(),
        })
    }

    /// The next standing batch; none if all are handed out.
    ///
    /// # Errors
    /// [`Reset`], as [`Self::check`].
    pub fn next_batch(&mut self) -> Result<Option<Arc<SubmittedBatch>>, Reset> {
        self.check()?;
        let number = self.handed_out_to() + 1;
        let Some(identity) = self.standing.identity(number) else {
            return Ok(None);
        };
        self.handed_out.push(identity);
        Ok(self.standing.batch(number).cloned())
    }

    /// The batch that [`Self::next_batch`] would hand out, for whoever fetches ahead.
    #[must_use]
    pub fn peek(&self) -> Option<&Arc<SubmittedBatch>> {
        self.standing.batch(self.handed_out_to() + 1)
    }

    /// Goes back: the batch after that one is handed out next, again. For a consumer that has no state where a [`Reset`]
    /// sent it, and goes back further.
    pub fn seek(&mut self, batch: u64) {
        let kept = batch.saturating_sub(self.standing.base());
        self.handed_out
            .truncate(usize::try_from(kept).unwrap_or(usize::MAX));
    }

    /// Passes over the batches up to that one, which must stand, without handing them out.
    pub fn pass_over(&mut self, batch: u64) {
        let next = self.handed_out_to() + 1;
        let passed = (next..=batch).map_while(|number| self.standing.identity(number));
        self.handed_out.extend(passed);
    }

    /// The newest batch that was handed out.
    #[must_use]
    pub fn handed_out_to(&self) -> u64 {
        self.standing.base() + self.handed_out.len() as u64
    }

    /// At most so many messages from that place on, and the listed tokens: what a batch may consume. What is beyond the
    /// batch's own inbox count is for the [replay](crate::replay) to leave out.
    #[must_use]
    pub fn inputs(
        &self,
        inbox_count: u64,
        messages_max: usize,
    ) -> (Vec<InboxMessage>, &TokenTable) {
        let messages = self.arrivals.messages(inbox_count, messages_max);
        (messages, self.arrivals.tokens())
    }

    /// The batches that stand.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Lets go of what is not needed once no consumer goes back behind that batch, which is settled. Of nothing until what
    /// was handed out is [checked](Self::check) after a rollback or a revert: another batch than the one that was handed
    /// out may be the settled one, and once it is let go nobody would find out.
    pub fn forget_through(&mut self, batch: u64) {
        if self.is_in_doubt {
            return;
        }
        let Some(inbox_count) = self
            .standing
            .batch(batch)
            .map(|batch| batch.header.inbox_count)
        else {
            return;
        };
        let gone = usize::try_from(batch - self.standing.base()).unwrap_or(usize::MAX);
        self.handed_out.drain(..gone.min(self.handed_out.len()));
        self.standing.forget_through(batch);
        self.arrivals.forget_before(inbox_count);
    }
}
