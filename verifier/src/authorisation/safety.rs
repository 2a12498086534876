//! Which batches are safe: replayed, and every signed transaction of theirs held.

use std::collections::VecDeque;
use std::sync::Arc;

use alloy_primitives::B256;
use spillway_l1::batches::SubmittedBatch;
use spillway_protocol::batch::batch_hash;
use tokio::time::Instant;

use super::holdings::{HeldBatch, Holdings, HoldingsError};

/// A batch that was replayed and is right, and is not known to be held.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) batch: Arc<SubmittedBatch>,
    /// Its first block of L2.
    pub(crate) first_block: u64,
    /// The hash of its last block, as the replay has it; none from the first batch on that names another one, which is never
    /// safe.
    block_hash: Option<B256>,
    /// When it was replayed.
    pub(crate) since: Instant,
    /// Whether all of its blocks are held, and are not what it commits to. Nothing will change that but other blocks.
    is_odd: bool,
}

/// The newest batch up to which all are safe, and those after it.
#[derive(Debug)]
pub(crate) struct Safety {
    holdings: Arc<dyn Holdings>,
    /// Batch and last block.
    safe: (u64, u64),
    waiting: VecDeque<Waiting>,
}

impl Safety {
    /// Everything up to that batch, which is final, is safe.
    pub(crate) const fn after(holdings: Arc<dyn Holdings>, batch: u64, block: u64) -> Self {
        Self {
            holdings,
            safe: (batch, block),
            waiting: VecDeque::new(),
        }
    }

    /// The newest safe batch, and its last block.
    pub(crate) const fn safe(&self) -> (u64, u64) {
        self.safe
    }

    /// The batches that are not, in order.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter()
    }

    /// Whether there is something to look at again and again.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next batch was replayed and is right; one that was before changes nothing.
    pub(crate) fn note(
        &mut self,
        batch: &Arc<SubmittedBatch>,
        first_block: u64,
        block_hash: Option<B256>,
    ) {
        let last = self.waiting.back();
        let known = last.map_or(self.safe.0, |waiting| waiting.batch.number);
        if batch.number > known {
            self.waiting.push_back(Waiting {
                batch: Arc::clone(batch),
                first_block,
                block_hash,
                since: Instant::now(),
                is_odd: false,
            });
        }
    }

    /// Batches after that one do not stand any more. `block` is its last block.
    pub(crate) fn go_back(&mut self, batch: u64, block: u64) {
        self.waiting.retain(|waiting| waiting.batch.number <= batch);
        if self.safe.0 > batch {
            self.safe = (batch, block);
        }
    }

    /// What is to be looked at: the first batch that waits, if it can be held by now.
    pub(crate) fn next(&self) -> Option<(Waiting, Arc<dyn Holdings>)> {
        let first = self.waiting.front()?;
        let newest = *self.holdings.newest().borrow();
        let is_there = newest >= first.batch.header.block_number && first.block_hash.is_some();
        is_there.then(|| (first.clone(), Arc::clone(&self.holdings)))
    }

    /// What came of it. Answers whether the next one is to be looked at.
    pub(crate) fn found(&mut self, number: u64, held: Held) -> bool {
        let Some(first) = self
            .waiting
            .front_mut()
            .filter(|first| first.batch.number == number)
        else {
            return false;
        };
        match held {
            Held::Whole => {
                self.safe = (number, first.batch.header.block_number);
                self.waiting.pop_front();
                true
            }
            Held::Odd if !first.is_odd => {
                first.is_odd = true;
                tracing::error!(
                    batch = number,
                    "A BATCH IS NOT OF THE TRANSACTIONS THAT ARE HELD: the sequencer tells and posts different things. It and those after \
                     it are not safe"
                );
                false
            }
            Held::Odd | Held::Not => false,
        }
    }
}

/// Whether a batch is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// All of it.
    Whole,
    /// Not all of its blocks.
    Not,
    /// Other blocks, or other transactions than it commits to.
    Odd,
}

impl Waiting {
    /// The batch's hash, which no other batch ever has.
    pub(super) fn batch_hash(&self) -> B256 {
        batch_hash(&self.batch.header, &self.batch.submission)
    }

    /// Looks. Blocks the thread.
    pub(crate) fn look(&self, holdings: &dyn Holdings) -> Result<Held, HoldingsError> {
        let header = &self.batch.header;
        let held = HeldBatch::read(holdings, self.first_block..=header.block_number)?;
        Ok(match held {
            None => Held::Not,
            Some(held) if Some(held.last_hash()) == self.block_hash && held.is_of(header) => {
                Held::Whole
            }
            Some(_) => Held::Odd,
        })
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Bytes;
    use spillway_protocol::batch::{BatchHeader, Submission};
    use spillway_protocol::keccak::keccak256;
    use spillway_protocol::tree::list_root;

    use super::super::holdings::tests::{InMemory, blank};
    use super::*;

    fn raw(batch: u64) -> Bytes {
        vec![batch as u8; 9].into()
    }

    fn hash(block: u64) -> B256 {
        B256::left_padding_from(&block.to_be_bytes())
    }

    /// Batch n has the blocks 2n - 1 and 2n, and one transaction.
    fn batch(number: u64) -> Arc<SubmittedBatch> {
        Arc::new(SubmittedBatch {
            number,
            l1_block: number,
            header: BatchHeader {
                auth_count: 1,
                auth_root: list_root(&[keccak256(&raw(number))]),
                block_number: 2 * number,
                ..blank()
            },
            submission: Submission {
                data_commitment: B256::ZERO,
                posted_at: 0,
                id: 0,
                poster: Default::default(),
            },
            versioned_hashes: Vec::new(),
            chunks: Bytes::new(),
        })
    }

    fn replayed(safety: &mut Safety, number: u64) {
        safety.note(&batch(number), 2 * number - 1, Some(hash(2 * number)));
    }

    fn hold(holdings: &InMemory, number: u64) {
        holdings.hold(2 * number - 1, hash(2 * number - 1), &[]);
        holdings.hold(2 * number, hash(2 * number), &[raw(number)]);
    }

    fn look(safety: &mut Safety) {
        while let Some((waiting, holdings)) = safety.next() {
            let held = waiting.look(&*holdings).unwrap();
            if !safety.found(waiting.batch.number, held) {
                return;
            }
        }
    }

    #[test]
    fn a_batch_is_safe_when_it_and_all_before_it_are_held() {
        let holdings = Arc::new(InMemory::new());
        let mut safety = Safety::after(Arc::<InMemory>::clone(&holdings), 0, 0);
        for number in 1..=3 {
            replayed(&mut safety, number);
        }
        look(&mut safety);
        assert_eq!(safety.safe(), (0, 0), "nothing is held");
        hold(&holdings, 2);
        look(&mut safety);
        assert_eq!(safety.safe(), (0, 0), "the first is not held");
        hold(&holdings, 1);
        look(&mut safety);
        assert_eq!(safety.safe(), (2, 4));
        replayed(&mut safety, 2);
        assert_eq!(safety.waiting().count(), 1, "the second was safe already");
        hold(&holdings, 3);
        look(&mut safety);
        assert_eq!(safety.safe(), (3, 6));
        safety.go_back(1, 2);
        assert_eq!(safety.safe(), (1, 2));
        replayed(&mut safety, 2);
        look(&mut safety);
        assert_eq!(safety.safe(), (2, 4));
    }

    #[test]
    fn other_blocks_and_other_transactions_are_not_the_batch() {
        type Spoil = fn(&InMemory);
        let spoils: [Spoil; 3] = [
            |held| held.hold(2, hash(9), &[raw(1)]),
            |held| held.hold(2, hash(2), &[raw(2)]),
            |held| held.hold(2, hash(2), &[raw(1), raw(1)]),
        ];
        for spoil in spoils {
            let holdings = Arc::new(InMemory::new());
            let mut safety = Safety::after(Arc::<InMemory>::clone(&holdings), 0, 0);
            replayed(&mut safety, 1);
            hold(&holdings, 1);
            spoil(&holdings);
            look(&mut safety);
            assert_eq!(safety.safe(), (0, 0));
            hold(&holdings, 1);
            look(&mut safety);
            assert_eq!(safety.safe(), (1, 2), "the right blocks came after all");
        }
    }

    #[test]
    fn a_batch_with_another_block_hash_is_never_safe() {
        let holdings = Arc::new(InMemory::new());
        hold(&holdings, 1);
        let mut safety = Safety::after(holdings, 0, 0);
        safety.note(&batch(1), 1, None);
        look(&mut safety);
        assert_eq!(safety.safe(), (0, 0));
    }
}
