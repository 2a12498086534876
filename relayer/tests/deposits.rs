//! Deposits against a table, and against a model that remembers all of L1 and looks at all of it each time.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256};
use proptest::prelude::*;
use spillway_relayer::deposits::DepositStage::{Confirmed, Confirming, Credited, Refunded, Seen};
use spillway_relayer::deposits::{Deposit, DepositConfig, DepositStage, Deposits};

const CONFIG: DepositConfig = DepositConfig {
    confirmations: 4,
    tracked_max: 1_000,
    recent_max: 5,
};

fn deposit(index: u64, l1_block: u64) -> Deposit {
    Deposit {
        index,
        to: Address::repeat_byte((index % 3) as u8),
        token: 0,
        amount: 1 + u128::from(index),
        l1_block,
        transaction: B256::repeat_byte(index as u8),
    }
}

fn confirming(confirmations: u64) -> DepositStage {
    let needed = CONFIG.confirmations;
    Confirming {
        confirmations,
        needed,
    }
}

/// What happens, and how far the deposit at place 1 is then.
#[test]
fn a_deposit_goes_its_way() {
    type Step = (&'static str, fn(&mut Deposits), Option<DepositStage>);
    let table: &[Step] = &[
        (
            "another in block 9",
            |d| {
                d.on_block(9);
                d.on_deposit(deposit(0, 9));
            },
            None,
        ),
        (
            "in block 10",
            |d| {
                d.on_block(10);
                d.on_deposit(deposit(1, 10));
            },
            Some(Seen),
        ),
        ("block 11", |d| d.on_block(11), Some(confirming(1))),
        ("block 13", |d| d.on_block(13), Some(confirming(3))),
        (
            "back to 12",
            |d| assert_eq!(d.roll_back(Some(12)), 0),
            Some(confirming(2)),
        ),
        ("back to 9", |d| assert_eq!(d.roll_back(Some(9)), 0), None),
        (
            "again in block 11",
            |d| {
                d.on_block(11);
                d.on_deposit(deposit(1, 11));
            },
            Some(Seen),
        ),
        ("block 15", |d| d.on_block(15), Some(Confirmed)),
        ("another consumed", |d| d.on_consumed(1), Some(Confirmed)),
        ("consumed", |d| d.on_consumed(2), Some(Credited)),
        ("L2 goes back", |d| d.on_consumed(1), Some(Confirmed)),
        (
            "paid back in block 16",
            |d| {
                d.on_block(16);
                d.on_refund(1, 16);
            },
            Some(Refunded),
        ),
        (
            "back to 15",
            |d| assert_eq!(d.roll_back(Some(15)), 0),
            Some(Confirmed),
        ),
        ("consumed", |d| d.on_consumed(2), Some(Credited)),
        (
            "L1 drops what L2 has",
            |d| assert_eq!(d.roll_back(Some(10)), 1),
            None,
        ),
        (
            "nothing is left",
            |d| assert_eq!(d.roll_back(None), 1),
            None,
        ),
    ];
    let mut deposits = Deposits::new(CONFIG);
    for (what, happen, expected) in table {
        happen(&mut deposits);
        let status = deposits.get(1);
        assert_eq!(status.map(|status| status.stage), *expected, "{what}");
    }
}

#[test]
fn what_is_over_is_forgotten_and_what_is_too_much_is_counted() {
    let config = DepositConfig {
        tracked_max: 4,
        recent_max: 2,
        ..CONFIG
    };
    let mut deposits = Deposits::new(config);
    deposits.on_block(1);
    (0..6).for_each(|index| deposits.on_deposit(deposit(index, 1)));
    assert_eq!((deposits.waiting(), deposits.untracked()), (4, 2));
    deposits.on_consumed(3);
    assert!(deposits.get(0).is_some(), "its block is not final");
    deposits.on_final(1);
    let known = |deposits: &Deposits| {
        (0..7)
            .filter(|i| deposits.get(*i).is_some())
            .collect::<Vec<_>>()
    };
    assert_eq!(known(&deposits), [2, 3]);
    deposits.on_deposit(deposit(6, 1));
    assert_eq!(known(&deposits), [3, 6]);
    assert_eq!(deposits.of_account(Address::ZERO, 9).len(), 2);
    assert_eq!(deposits.of_account(Address::ZERO, 1)[0].deposit.index, 6);
}

#[derive(Clone, Debug)]
enum Op {
    Block(u64),
    RollBack(usize),
    Final(u64),
    Consumed(u64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0u64..4).prop_map(Op::Block),
        1 => (1usize..6).prop_map(Op::RollBack),
        2 => (0u64..5).prop_map(Op::Final),
        2 => (0u64..40).prop_map(Op::Consumed),
    ]
}

/// L1 as it is, and what was told of it.
#[derive(Default)]
struct Model {
    /// Deposits of each block; block 1 first.
    blocks: Vec<Vec<Deposit>>,
    consumed: u64,
    final_block: u64,
    /// What was over at some time: it may have been forgotten.
    over: BTreeSet<u64>,
}

impl Model {
    fn head(&self) -> u64 {
        self.blocks.len() as u64
    }

    fn all(&self) -> impl Iterator<Item = &Deposit> {
        self.blocks.iter().flatten()
    }

    fn is_over(&self, deposit: &Deposit) -> bool {
        deposit.index < self.consumed && deposit.l1_block <= self.final_block
    }

    fn stage(&self, deposit: &Deposit) -> DepositStage {
        let on_top = self.blocks.iter().skip(deposit.l1_block as usize).count() as u64;
        match on_top {
            _ if deposit.index < self.consumed => Credited,
            0 => Seen,
            1..4 => confirming(on_top),
            _ => Confirmed,
        }
    }

    fn apply(&mut self, op: &Op, deposits: &mut Deposits) {
        match *op {
            Op::Block(count) => {
                let (number, first) = (self.head() + 1, self.all().count() as u64);
                let new: Vec<_> = (first..first + count).map(|i| deposit(i, number)).collect();
                deposits.on_block(number);
                new.iter().for_each(|new| deposits.on_deposit(*new));
                self.blocks.push(new);
            }
            Op::RollBack(depth) => {
                let kept = self.blocks.len().saturating_sub(depth);
                let kept = kept.max(self.final_block as usize);
                let gone = self.blocks.split_off(kept);
                let lost = gone
                    .iter()
                    .flatten()
                    .filter(|gone| gone.index < self.consumed);
                let to = (kept > 0).then_some(kept as u64);
                assert_eq!(deposits.roll_back(to), lost.count());
            }
            Op::Final(depth) => {
                self.final_block = self.final_block.max(self.head().saturating_sub(depth));
                deposits.on_final(self.final_block);
            }
            Op::Consumed(messages) => {
                self.consumed = messages;
                deposits.on_consumed(messages);
            }
        }
        let over = self.all().filter(|deposit| self.is_over(deposit));
        let over: Vec<_> = over.map(|deposit| deposit.index).collect();
        self.over.extend(over);
    }

    fn check(&self, deposits: &Deposits) {
        let mut known = 0;
        for deposit in self.all() {
            match deposits.get(deposit.index) {
                Some(status) => {
                    known += 1;
                    assert_eq!(
                        (status.deposit, status.stage),
                        (*deposit, self.stage(deposit))
                    );
                }
                None => assert!(
                    self.over.contains(&deposit.index),
                    "{deposit:?} is forgotten"
                ),
            }
        }
        assert_eq!(deposits.get(self.all().count() as u64), None);
        let open = self.all().filter(|deposit| !self.is_over(deposit)).count();
        assert!(
            known <= CONFIG.recent_max.max(open),
            "{known} known, {open} open"
        );
        for account in 0..3 {
            let account = Address::repeat_byte(account);
            let own = deposits.of_account(account, usize::MAX);
            assert!(own.is_sorted_by(|a, b| a.deposit.index > b.deposit.index));
            assert!(own.iter().all(|status| status.deposit.to == account));
            known -= own.len();
        }
        assert_eq!(known, 0, "each is found by its account");
    }
}

proptest! {
    #[test]
    fn what_is_answered_follows_from_l1_as_it_is(ops in prop::collection::vec(op(), 1..80)) {
        let (mut model, mut deposits) = (Model::default(), Deposits::new(CONFIG));
        for op in &ops {
            model.apply(op, &mut deposits);
            model.check(&deposits);
        }
    }
}
