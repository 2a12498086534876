//! The derivation through forks and reverts, and what it takes for a contradiction.

use alloy_rpc_types_eth::Log;
use spillway_batcher::batch::SealedBatch;
use spillway_l1::batches::{self, BatchEvent, SubmittedBatch};
use spillway_protocol::batch::calldata_commitment;
use spillway_verifier::checkpoints::Checkpoints;
use spillway_verifier::derivation::{Arrivals, Contradiction, Derivation, Standing};
use spillway_verifier::replay::{Claim, Ledger, Verdict, replay};

use super::chain::{Built, FEE_ACCOUNT, busy};
use super::logs::{CONTRACTS, arrivals, block, finalised, reverted, rollback, submitted};

/// The arrivals in block 1 of L1, and a batch in each block from 11 on.
struct Script {
    built: Built,
    derivation: Derivation,
}

impl Script {
    fn new() -> Self {
        let built = busy();
        let mut derivation = Derivation::new(CONTRACTS);
        derivation
            .take(block(1, arrivals(&built.messages)))
            .unwrap();
        Self { built, derivation }
    }

    fn batch(&self, number: u64) -> &SealedBatch {
        &self.built.batches[number as usize - 1]
    }

    fn mine(&mut self, l1_block: u64, logs: Vec<Log>) {
        self.derivation.take(block(l1_block, logs)).unwrap();
    }

    /// Posts a batch under that submission id.
    fn post(&mut self, l1_block: u64, number: u64, id: u64) {
        let log = submitted(number, id, self.batch(number));
        self.mine(l1_block, vec![log]);
    }

    /// Hands out all that stands.
    fn drain(&mut self) -> Result<Vec<u64>, u64> {
        let mut numbers = Vec::new();
        loop {
            match self.derivation.next_batch() {
                Ok(Some(batch)) => numbers.push(batch.number),
                Ok(None) => return Ok(numbers),
                Err(reset) => return Err(reset.to),
            }
        }
    }
}

fn three() -> Script {
    let mut script = Script::new();
    for number in 1..=3 {
        script.post(10 + number, number, number - 1);
    }
    script
}

#[test]
fn batches_are_handed_out_once_and_in_order() {
    let mut script = three();
    assert_eq!(script.drain(), Ok(vec![1, 2, 3]));
    assert_eq!(script.drain(), Ok(vec![]));
    script.derivation.seek(1);
    assert_eq!(script.drain(), Ok(vec![2, 3]));
}

#[test]
fn a_fork_takes_back_what_it_takes_and_no_more() {
    let mut script = three();
    script.drain().unwrap();
    script.derivation.take(rollback(11)).unwrap();
    assert_eq!(script.drain(), Err(1));
    assert_eq!(script.drain(), Ok(vec![]), "said once");
    script.post(12, 2, 1);
    assert_eq!(script.drain(), Ok(vec![2]));
}

#[test]
fn a_batch_that_comes_again_in_another_block_is_the_same() {
    let mut script = three();
    script.drain().unwrap();
    script.derivation.take(rollback(11)).unwrap();
    script.post(12, 2, 1);
    script.post(15, 3, 2);
    assert_eq!(script.drain(), Ok(vec![]));
}

#[test]
fn one_header_with_other_data_is_another_batch() {
    let mut script = three();
    script.drain().unwrap();
    script.derivation.take(rollback(12)).unwrap();
    script.built.batches[2].chunks[0][495] ^= 1;
    script.post(13, 3, 2);
    assert_eq!(script.drain(), Err(2));
}

#[test]
fn a_revert_sends_back_and_a_fork_takes_the_revert_back() {
    let mut script = three();
    script.drain().unwrap();
    script.mine(20, vec![reverted(2)]);
    assert_eq!(script.drain(), Err(1));
    script.post(21, 2, 3);
    assert_eq!(script.drain(), Ok(vec![2]));
    script.mine(22, vec![reverted(1)]);
    script.derivation.take(rollback(19)).unwrap();
    assert_eq!(script.derivation.standing().head(), 3);
    assert_eq!(
        script.drain(),
        Ok(vec![3]),
        "1 and 2 are as they were handed out"
    );
    let ids = [1, 2, 3].map(|number| {
        let batch = script.derivation.standing().batch(number);
        batch.unwrap().submission.id
    });
    assert_eq!(ids, [0, 1, 2]);
}

#[test]
fn what_fell_before_it_was_handed_out_never_is() {
    let mut script = Script::new();
    script.post(11, 1, 0);
    script.post(12, 2, 1);
    script.mine(13, vec![reverted(1)]);
    assert_eq!(script.drain(), Ok(vec![]));
    script.post(14, 1, 2);
    assert_eq!(script.drain(), Ok(vec![1]));
}

#[test]
fn what_is_settled_is_let_go_and_cannot_be_forked_away() {
    let mut script = three();
    script.drain().unwrap();
    script.mine(30, vec![finalised(2)]);
    let standing = script.derivation.standing();
    assert_eq!((standing.settled(29), standing.settled(30)), (0, 2));
    script.derivation.forget_through(2);
    assert_eq!(script.derivation.standing().base(), 2);
    assert_eq!(script.derivation.handed_out_to(), 3);
    let consumed = script.batch(2).header.inbox_count;
    let left = script.built.messages[consumed as usize..].to_vec();
    assert_eq!(script.derivation.inputs(consumed, usize::MAX).0, left);
    script.mine(31, vec![reverted(3)]);
    assert_eq!(script.drain(), Err(2));
    let error = script.derivation.take(rollback(11)).unwrap_err();
    assert!(matches!(error, Contradiction::FinalForked(12)), "{error}");
}

#[test]
fn nothing_is_let_go_before_it_is_known_that_it_is_what_was_handed_out() {
    let mut script = three();
    script.drain().unwrap();
    script.derivation.take(rollback(12)).unwrap();
    script.built.batches[2].chunks[0][495] ^= 1;
    script.post(13, 3, 2);
    script.mine(20, vec![finalised(3)]);
    script.derivation.forget_through(3);
    assert_eq!(script.derivation.standing().base(), 0);
    assert_eq!(script.drain(), Err(2), "batch 3 has other data");
    assert_eq!(script.drain(), Ok(vec![3]));
    script.derivation.forget_through(3);
    assert_eq!(script.derivation.standing().base(), 3);
}

#[test]
fn what_is_final_or_not_there_does_not_fall() {
    for (logs, expected) in [
        (vec![reverted(4)], 4),
        (vec![reverted(0)], 0),
        (vec![finalised(4)], 4),
        (vec![finalised(2), reverted(2)], 2),
    ] {
        let error = three().derivation.take(block(20, logs)).unwrap_err();
        assert!(
            matches!(error, Contradiction::NotStanding(n) if n == expected),
            "{error}"
        );
    }
}

/// A batch as L1 says it was submitted.
fn told(number: u64, batch: &SealedBatch) -> SubmittedBatch {
    let event = batches::event(&CONTRACTS, &submitted(number, number - 1, batch)).unwrap();
    let Some(BatchEvent::Submitted(told)) = event else {
        panic!("{event:?}");
    };
    *told
}

#[test]
fn what_the_contract_refuses_is_a_contradiction() {
    type Change = fn(&mut SubmittedBatch);
    type Expected = fn(&Contradiction) -> bool;
    let cases: [(Change, Expected); 10] = [
        (
            |batch| batch.number = 3,
            |error| {
                matches!(
                    error,
                    Contradiction::BatchNumber {
                        expected: 2,
                        found: 3
                    }
                )
            },
        ),
        (
            |batch| batch.header.parent.0[0] ^= 1,
            |error| matches!(error, Contradiction::Parent(2)),
        ),
        (
            |batch| batch.submission.id = 0,
            |error| matches!(error, Contradiction::SubmissionId(2)),
        ),
        (
            |batch| batch.header.inbox_count = 0,
            |error| matches!(error, Contradiction::InboxCount { .. }),
        ),
        (
            |batch| batch.header.inbox_count = 1_000,
            |error| matches!(error, Contradiction::InboxCount { .. }),
        ),
        (
            |batch| batch.header.inbox_accumulator.0[23] ^= 1,
            |error| matches!(error, Contradiction::InboxAccumulator(2)),
        ),
        (
            |batch| batch.header.chunk_count += 1,
            |error| matches!(error, Contradiction::Size { .. }),
        ),
        (
            |batch| batch.chunks.truncate(495),
            |error| matches!(error, Contradiction::Size { .. }),
        ),
        (
            |batch| batch.versioned_hashes.push(Default::default()),
            |error| matches!(error, Contradiction::Size { .. }),
        ),
        (
            |batch| batch.submission.data_commitment.0[0] ^= 1,
            |error| matches!(error, Contradiction::Commitment(2)),
        ),
    ];
    let built = busy();
    for (place, (change, is_expected)) in cases.iter().enumerate() {
        let (mut standing, arrivals) = (Standing::default(), all(&built));
        standing
            .submitted(1, told(1, &built.batches[0]), &arrivals)
            .unwrap();
        let mut second = told(2, &built.batches[1]);
        change(&mut second);
        let error = standing.submitted(2, second, &arrivals).unwrap_err();
        assert!(is_expected(&error), "case {place}: {error:?}");
        assert_eq!(standing.head(), 1);
        standing
            .submitted(2, told(2, &built.batches[1]), &arrivals)
            .unwrap();
    }
}

#[test]
fn a_commitment_to_other_chunks_is_a_contradiction() {
    let built = busy();
    let mut first = told(1, &built.batches[0]);
    first.submission.data_commitment = calldata_commitment(&built.batches[1].chunks);
    let error = Standing::default()
        .submitted(1, first, &all(&built))
        .unwrap_err();
    assert!(matches!(error, Contradiction::Commitment(1)), "{error}");
}

/// All of a chain's messages.
fn all(built: &Built) -> Arrivals {
    let mut arrivals = Arrivals::default();
    let mut accumulator = Default::default();
    for (index, message) in (0..).zip(&built.messages) {
        accumulator = message.accumulate(&accumulator);
        let arrival = spillway_l1::arrivals::Arrival::Message {
            index,
            accumulator,
            message: *message,
        };
        arrivals.take(1, arrival).unwrap();
    }
    arrivals
}

/// The ledgers after each batch.
fn ledgers(built: &Built) -> Vec<Ledger> {
    let mut ledgers = vec![Ledger::genesis(FEE_ACCOUNT)];
    for batch in &built.batches {
        let ledger = ledgers[ledgers.len() - 1].clone();
        let consumed = ledger.head().inbox_count as usize;
        let claim = Claim {
            header: &batch.header,
            data: &Ok(batch.chunks.clone()),
            messages: &built.messages[consumed..],
            tokens: &built.tokens,
        };
        match replay(ledger, &claim) {
            Verdict::Agrees(ledger) => ledgers.push(*ledger),
            Verdict::Wrong(wrong) => panic!("{wrong}"),
        }
    }
    ledgers
}

/// Each line: the batches that are offered, up to which they are settled; then how far a reset goes back, from which batch
/// is replayed again, and the oldest that is left.
#[test]
fn checkpoints_are_near_the_head_and_never_above_what_can_fall() {
    let plan = vec![(Vec::new(), true); 12];
    let built = super::chain::build(&plan);
    let ledgers = ledgers(&built);
    for (settled, to, expected, oldest) in [
        (0, 12, 12, 0),
        (0, 11, 10, 0),
        (0, 9, 2, 0),
        (0, 1, 0, 0),
        (1, 1, 0, 0),
        (2, 5, 4, 2),
        (9, 9, 8, 8),
        (12, 12, 12, 10),
    ] {
        let mut checkpoints = Checkpoints::new(ledgers[0].clone(), 2);
        for ledger in &ledgers[1..] {
            checkpoints.offer(ledger, settled.min(ledger.batch()));
        }
        assert_eq!(checkpoints.oldest().batch(), oldest, "settled {settled}");
        let ledger = checkpoints.back_to(to);
        assert_eq!(ledger.batch(), expected, "settled {settled}, back to {to}");
        assert_eq!(ledger.root(), ledgers[expected as usize].root());
    }
}
