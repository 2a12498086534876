//! What L1 says about challenges and the batches that they are about: a state machine without I/O.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes};
use spillway_l1::batches::{self, BatchEvent, SubmittedBatch};
use spillway_l1::challenges::{self, Challenge, ChallengeEvent, challenge_id};
use spillway_l1::events::{Block, ContractAddresses, DecodeError, LogFilter};
use spillway_protocol::batch::{batch_hash, header_hash};

/// Blocks of L1 whose logs can still be taken back: as many as the reader of L1 remembers.
const REMEMBERED: u64 = 512;

/// A batch as it was posted, without its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Posted {
    pub(super) batch: SubmittedBatch,
    pub(super) hash: B256,
    /// Reverts before it was submitted.
    pub(super) fork_id: u64,
    /// The first block of L2 in it; none if the batch before it is not known.
    pub(super) first_block: Option<u64>,
    /// The block of L1 in which it fell.
    fallen_at: Option<u64>,
    /// Whether it was held against what the sequencer has signed.
    pub(super) is_checked: bool,
}

impl Posted {
    pub(super) const fn stands(&self) -> bool {
        self.fallen_at.is_none()
    }
}

/// Challenges that are open on L1's head, and the batches that are not final there.
#[derive(Debug)]
pub(super) struct Book {
    contracts: ContractAddresses,
    disputes: Address,
    /// In order of submission.
    posted: Vec<Posted>,
    /// The block of L1 of each revert there ever was.
    reverts: Vec<u64>,
    /// Blocks of L1, and what became final in them.
    finalised: Vec<(u64, u64)>,
    open: BTreeMap<B256, (u64, Challenge)>,
    /// With the block of L1 in which it ended.
    ended: Vec<(u64, (u64, Challenge))>,
    timestamp: u64,
}

impl Book {
    pub(super) const fn new(contracts: ContractAddresses, disputes: Address) -> Self {
        Self {
            contracts,
            disputes,
            posted: Vec::new(),
            reverts: Vec::new(),
            finalised: Vec::new(),
            open: BTreeMap::new(),
            ended: Vec::new(),
            timestamp: 0,
        }
    }

    /// The logs that it is about.
    pub(super) fn filter(&self) -> LogFilter {
        LogFilter {
            addresses: vec![self.contracts.rollup, self.disputes],
            topics: Vec::new(),
        }
    }

    /// Takes in a block of L1.
    pub(super) fn block(&mut self, block: &Block) -> Result<(), DecodeError> {
        let number = block.header.block.number;
        self.timestamp = block.header.timestamp;
        for log in &block.logs {
            if log.address() == self.disputes {
                let event = challenges::event(self.disputes, log)?;
                self.challenge_event(number, event);
            } else if let Some(event) = batches::event(&self.contracts, log)? {
                self.batch_event(number, event);
            }
        }
        self.forget_before(number.saturating_sub(REMEMBERED));
        Ok(())
    }

    fn challenge_event(&mut self, l1_block: u64, event: Option<ChallengeEvent>) {
        match event {
            Some(ChallengeEvent::Opened(challenge)) => {
                let id = challenge_id(challenge.batchHash, challenge.place);
                self.open.insert(id, (l1_block, *challenge));
            }
            Some(ChallengeEvent::Ended(id)) => {
                let ended = self.open.remove(&id);
                self.ended.extend(ended.map(|ended| (l1_block, ended)));
            }
            None => {}
        }
    }

    fn batch_event(&mut self, l1_block: u64, event: BatchEvent) {
        match event {
            BatchEvent::Submitted(batch) => {
                let posted = self.posted(*batch);
                self.posted.push(posted);
            }
            BatchEvent::Reverted { number } => {
                self.reverts.push(l1_block);
                let standing = self.posted.iter_mut();
                for posted in standing.filter(|it| it.stands() && it.batch.number >= number) {
                    posted.fallen_at = Some(l1_block);
                }
            }
            BatchEvent::Finalized { number } => self.finalised.push((l1_block, number)),
            BatchEvent::Escaped => {}
        }
    }

    fn posted(&self, batch: SubmittedBatch) -> Posted {
        let first_block = match batch.number {
            1 => Some(1),
            _ => self
                .parent_of(&batch)
                .and_then(|parent| parent.header.block_number.checked_add(1)),
        };
        Posted {
            hash: batch_hash(&batch.header, &batch.submission),
            fork_id: self.reverts.len() as u64,
            first_block,
            fallen_at: None,
            is_checked: false,
            batch: SubmittedBatch {
                chunks: Bytes::new(),
                ..batch
            },
        }
    }

    /// The batch that another one was posted upon; none before the first.
    pub(super) fn parent_of(&self, batch: &SubmittedBatch) -> Option<&SubmittedBatch> {
        let is_parent = |posted: &&Posted| {
            posted.batch.number + 1 == batch.number
                && header_hash(&posted.batch.header) == batch.header.parent
        };
        self.posted
            .iter()
            .rev()
            .find(is_parent)
            .map(|posted| &posted.batch)
    }

    /// Forgets what was logged in the blocks after that one; all of it, if there is none.
    pub(super) fn roll_back(&mut self, to: Option<u64>) {
        let stays = |l1_block: u64| to.is_some_and(|to| l1_block <= to);
        self.posted.retain(|posted| stays(posted.batch.l1_block));
        for posted in &mut self.posted {
            posted.fallen_at = posted.fallen_at.filter(|block| stays(*block));
        }
        self.reverts.retain(|block| stays(*block));
        self.finalised.retain(|(block, _)| stays(*block));
        let back = self.ended.extract_if(.., |(block, _)| !stays(*block));
        for (_, (opened_at, challenge)) in back {
            let id = challenge_id(challenge.batchHash, challenge.place);
            self.open.insert(id, (opened_at, challenge));
        }
        self.open.retain(|_, (opened_at, _)| stays(*opened_at));
    }

    /// Lets go of what nobody asks for again once blocks up to that one cannot be taken back.
    fn forget_before(&mut self, l1_block: u64) {
        self.ended.retain(|(ended_at, _)| *ended_at >= l1_block);
        let settled = self.finalised.extract_if(.., |(at, _)| *at < l1_block);
        let settled = settled.map(|(_, number)| number).max();
        let open = &self.open;
        self.posted.retain(|posted| {
            let is_asked_for = || {
                let mut open = open.values();
                open.any(|(_, challenge)| challenge.batchHash == posted.hash)
            };
            // The last settled one is what the next was posted upon.
            let is_final = settled.is_some_and(|settled| posted.batch.number < settled);
            let is_gone = posted.fallen_at.is_some_and(|at| at < l1_block);
            !(is_final || is_gone) || is_asked_for()
        });
    }

    /// The time of L1's last block, in seconds.
    pub(super) const fn timestamp(&self) -> u64 {
        self.timestamp
    }

    /// The challenges that are open, by name.
    pub(super) fn open(&self) -> impl Iterator<Item = (B256, &Challenge)> {
        self.open
            .iter()
            .map(|(id, (_, challenge))| (*id, challenge))
    }

    /// A batch by its hash.
    pub(super) fn batch(&self, hash: B256) -> Option<&Posted> {
        self.posted.iter().rev().find(|posted| posted.hash == hash)
    }

    /// Notes that a batch was held against what the sequencer has signed.
    pub(super) fn set_checked(&mut self, hash: B256) {
        if let Some(posted) = self.posted.iter_mut().find(|posted| posted.hash == hash) {
            posted.is_checked = true;
        }
    }

    /// Standing batches up to that block of L2 that were not held against what the sequencer has signed.
    pub(super) fn unchecked(&mut self, newest: u64) -> impl Iterator<Item = &mut Posted> {
        self.posted.iter_mut().filter(move |posted| {
            !posted.is_checked && posted.stands() && posted.batch.header.block_number <= newest
        })
    }
}

#[cfg(test)]
mod tests {
    use alloy_rpc_types_eth::Log;
    use alloy_sol_types::SolEvent;
    use spillway_bridge_contracts::{AuthorisationDisputes, Rollup};
    use spillway_l1::encoding;
    use spillway_l1::events::Header;
    use spillway_l1::transactions::BlockRef;
    use spillway_protocol::batch::{BatchHeader, Submission};

    use super::super::holdings::tests::blank;
    use super::*;

    const CONTRACTS: ContractAddresses = ContractAddresses {
        inbox: Address::repeat_byte(1),
        bridge: Address::repeat_byte(2),
        rollup: Address::repeat_byte(3),
    };
    const DISPUTES: Address = Address::repeat_byte(4);

    fn block(number: u64, logs: Vec<Log>) -> Block {
        Block {
            header: Header {
                block: BlockRef {
                    number,
                    hash: B256::ZERO,
                },
                parent: B256::ZERO,
                timestamp: 12 * number,
            },
            logs: logs
                .into_iter()
                .map(|log| Log {
                    block_number: Some(number),
                    ..log
                })
                .collect(),
        }
    }

    fn log(address: Address, data: alloy_primitives::LogData) -> Log {
        Log {
            inner: alloy_primitives::Log { address, data },
            ..Log::default()
        }
    }

    /// Batch n ends with block 10 n.
    fn batch(number: u64, id: u64, parent: B256) -> (BatchHeader, Submission) {
        let header = BatchHeader {
            parent,
            block_number: 10 * number,
            ..blank()
        };
        let submission = Submission {
            data_commitment: B256::ZERO,
            posted_at: 0,
            id,
            poster: Address::ZERO,
        };
        (header, submission)
    }

    fn submitted(number: u64, (header, submission): (BatchHeader, Submission)) -> Log {
        let event = Rollup::BatchSubmitted {
            number,
            batchHash: batch_hash(&header, &submission),
            batch: encoding::rollup_batch(&header, &submission),
            versionedHashes: vec![B256::ZERO],
            chunks: Bytes::new(),
        };
        log(CONTRACTS.rollup, event.encode_log_data())
    }

    fn reverted(number: u64) -> Log {
        let event = Rollup::BatchesReverted {
            number,
            batchHash: B256::ZERO,
            prover: Address::ZERO,
            forks: 1,
        };
        log(CONTRACTS.rollup, event.encode_log_data())
    }

    fn opened(batch_hash: B256, place: u32) -> Log {
        let event = AuthorisationDisputes::Challenged {
            id: challenge_id(batch_hash, place),
            challenge: Challenge {
                batchHash: batch_hash,
                place,
                ..Challenge::default()
            },
        };
        log(DISPUTES, event.encode_log_data())
    }

    fn answered(batch_hash: B256, place: u32) -> Log {
        let event = AuthorisationDisputes::Answered {
            id: challenge_id(batch_hash, place),
            answerer: Address::ZERO,
            raw: Bytes::new(),
        };
        log(DISPUTES, event.encode_log_data())
    }

    fn open(book: &Book) -> Vec<u32> {
        let mut places: Vec<_> = book.open().map(|(_, challenge)| challenge.place).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn challenges_are_open_until_they_end_and_again_after_a_fork() {
        let mut book = Book::new(CONTRACTS, DISPUTES);
        let hash = B256::repeat_byte(7);
        book.block(&block(5, vec![opened(hash, 1), opened(hash, 2)]))
            .unwrap();
        assert_eq!((open(&book), book.timestamp()), (vec![1, 2], 60));
        book.block(&block(6, vec![answered(hash, 1)])).unwrap();
        assert_eq!(open(&book), [2]);
        book.roll_back(Some(5));
        assert_eq!(open(&book), [1, 2]);
        book.block(&block(6, vec![answered(hash, 2), opened(hash, 3)]))
            .unwrap();
        assert_eq!(open(&book), [1, 3]);
        book.roll_back(Some(4));
        assert!(open(&book).is_empty());
    }

    #[test]
    fn batches_know_what_they_were_posted_upon_and_when_they_fell() {
        let mut book = Book::new(CONTRACTS, DISPUTES);
        let first = batch(1, 0, B256::ZERO);
        let second = batch(2, 1, header_hash(&first.0));
        let hash =
            |(header, submission): &(BatchHeader, Submission)| batch_hash(header, submission);
        book.block(&block(3, vec![submitted(1, first), submitted(2, second)]))
            .unwrap();
        let posted = book.batch(hash(&second)).unwrap();
        assert_eq!((posted.first_block, posted.fork_id), (Some(11), 0));
        assert_eq!(book.parent_of(&posted.batch).unwrap().number, 1);
        assert_eq!(book.batch(hash(&first)).unwrap().first_block, Some(1));

        book.block(&block(4, vec![reverted(2)])).unwrap();
        assert!(!book.batch(hash(&second)).unwrap().stands());
        assert!(book.batch(hash(&first)).unwrap().stands());
        let again = batch(2, 2, header_hash(&first.0));
        book.block(&block(5, vec![submitted(2, again)])).unwrap();
        let posted = book.batch(hash(&again)).unwrap();
        assert_eq!((posted.first_block, posted.fork_id), (Some(11), 1));
        let unchecked: Vec<_> = book
            .unchecked(20)
            .map(|it| it.batch.submission.id)
            .collect();
        assert_eq!(unchecked, [0, 2], "what has fallen is not checked");
        assert_eq!(book.unchecked(19).count(), 1);

        book.roll_back(Some(3));
        assert!(book.batch(hash(&second)).unwrap().stands());
        assert_eq!(book.batch(hash(&again)), None);
    }

    #[test]
    fn what_is_long_final_is_let_go() {
        let mut book = Book::new(CONTRACTS, DISPUTES);
        let first = batch(1, 0, B256::ZERO);
        let second = batch(2, 1, header_hash(&first.0));
        book.block(&block(3, vec![submitted(1, first), submitted(2, second)]))
            .unwrap();
        let finalised = Rollup::BatchFinalized {
            number: 2,
            batchHash: B256::ZERO,
            stateRoot: B256::ZERO,
        };
        let finalised = log(CONTRACTS.rollup, finalised.encode_log_data());
        book.block(&block(4, vec![finalised])).unwrap();
        book.block(&block(REMEMBERED + 4, Vec::new())).unwrap();
        assert_eq!(book.posted.len(), 2);
        book.block(&block(REMEMBERED + 5, Vec::new())).unwrap();
        assert_eq!(book.posted.len(), 1);
    }
}
