//! Which batches are safe: replayed, and every signed transaction of theirs held.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{B256, Bytes};
use spillway_l1::batches::SubmittedBatch;
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
    /// The newest safe batch as it was posted, unless it is where the verification began.
    safe_batch: Option<Arc<SubmittedBatch>>,
    waiting: VecDeque<Waiting>,
    /// The newest block that was held, and since when no newer one is.
    newest: (u64, Instant),
}

impl Safety {
    /// Everything up to that batch, which is final, is safe.
    pub(crate) fn after(holdings: Arc<dyn Holdings>, batch: u64, block: u64) -> Self {
        Self {
            holdings,
            safe: (batch, block),
            safe_batch: None,
            waiting: VecDeque::new(),
            newest: (0, Instant::now()),
        }
    }

    /// How long no newer block has come in. None where that is a failure here.
    pub(crate) fn stalled(&mut self) -> Option<Duration> {
        let newest = *self.holdings.newest().borrow();
        if newest != self.newest.0 {
            self.newest = (newest, Instant::now());
        }
        (!self.holdings.has_failed()).then(|| self.newest.1.elapsed())
    }

    /// The newest batch that was noted.
    pub(crate) fn last_noted(&self) -> u64 {
        let last = self.waiting.back();
        last.map_or(self.safe.0, |waiting| waiting.batch.number)
    }

    /// A batch that was noted and waits, or is the newest safe one.
    pub(crate) fn noted(&self, number: u64) -> Option<Arc<SubmittedBatch>> {
        let noted = self.waiting.iter().map(|waiting| &waiting.batch);
        let mut noted = noted.chain(&self.safe_batch);
        noted.find(|batch| batch.number == number).cloned()
    }

    /// The last batch of those noted that stands still, and its last block, if not all of them do. The same batch in another
    /// block of L1 does.
    pub(crate) fn fallen(
        &self,
        standing: impl Fn(u64) -> Option<Arc<SubmittedBatch>>,
    ) -> Option<u64> {
        let noted = self.safe_batch.iter();
        let noted = noted.chain(self.waiting.iter().map(|waiting| &waiting.batch));
        let is_same = |batch: &Arc<SubmittedBatch>| {
            standing(batch.number).is_some_and(|standing| {
                standing.header == batch.header
                    && standing.submission.data_commitment == batch.submission.data_commitment
            })
        };
        let fallen = noted.into_iter().find(|batch| !is_same(batch));
        fallen.map(|batch| batch.number - 1)
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
        if batch.number > self.last_noted() {
            self.waiting.push_back(Waiting {
                batch: without_data(batch),
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
            self.safe_batch = None;
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
                self.safe_batch = self.waiting.pop_front().map(|it| it.batch);
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

/// A batch without its chunks, which would be kept for as long as it is not held.
fn without_data(batch: &SubmittedBatch) -> Arc<SubmittedBatch> {
    Arc::new(SubmittedBatch {
        chunks: Bytes::new(),
        ..batch.clone()
    })
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
    /// Looks. Blocks the thread.
    pub(crate) fn look(&self, holdings: &dyn Holdings) -> Result<Held, HoldingsError> {
        let header = &self.batch.header;
        let held = HeldBatch::read(holdings, self.first_block, header)?;
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
    fn what_fell_unseen_is_found() {
        let holdings = Arc::new(InMemory::new());
        hold(&holdings, 1);
        let mut safety = Safety::after(holdings, 0, 0);
        for number in 1..=3 {
            replayed(&mut safety, number);
        }
        look(&mut safety);
        assert_eq!(safety.safe(), (1, 2));
        assert_eq!(safety.fallen(|number| Some(batch(number))), None);
        let other = |number| {
            let batch = SubmittedBatch::clone(&batch(number));
            let mut header = batch.header;
            header.timestamp += 1;
            Some(Arc::new(SubmittedBatch { header, ..batch }))
        };
        for from in 1..=3 {
            let standing = |number| {
                if number < from {
                    Some(batch(number))
                } else {
                    other(number)
                }
            };
            assert_eq!(safety.fallen(standing), Some(from - 1));
            let gone = |number| (number < from).then(|| batch(number));
            assert_eq!(safety.fallen(gone), Some(from - 1));
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
