//! Proofs at every block of a chain, in any order of questions, held against a ledger made from genesis.

use alloy_primitives::Address;
use proptest::prelude::*;
use spillway_protocol::tree::multiproof_root;

use super::*;
use crate::Sequencer;
use crate::rollback::tests::{Chain, GENESIS, signer};
use crate::view::View;

/// The ledger after a block, from nothing.
fn ledger_after(chain: &Chain, block: u64) -> Ledger {
    let mut ledger = Ledger::genesis(&GENESIS);
    for block in &chain.blocks[..block as usize] {
        ledger.apply(&block.header, &block.body).unwrap();
    }
    ledger
}

fn check(chain: &Chain, settled: &SettledLedger, block: u64) {
    let expected = ledger_after(chain, block).preimage().unwrap();
    let count = expected.counters.withdrawal_count;
    let indices: Vec<_> = (0..count).step_by(2).collect();
    if !indices.is_empty() {
        let proven = settled.withdrawals(block, &indices).unwrap();
        assert_eq!(proven.state, expected);
        let leaves = proven.withdrawals.iter();
        let leaves: Vec<_> = leaves.map(|(i, it)| (*i, it.leaf(*i))).collect();
        let root = multiproof_root(count, &leaves, &proven.siblings).unwrap();
        assert_eq!(root, expected.withdrawals_root);
    }
    let refused = settled.withdrawals(block, &[count]).unwrap_err();
    assert!(matches!(refused, SettledError::NotThere(_)), "{refused}");

    let address = signer(1).address();
    match settled.account(block, &address).unwrap() {
        None => assert_eq!(expected.account_count, 1, "only the fee account"),
        Some(proven) => {
            assert_eq!((proven.state, proven.account.address), (expected, address));
            let leaf = (proven.index, proven.account.leaf());
            let root = multiproof_root(expected.account_count, &[leaf], &proven.siblings);
            assert_eq!(root.unwrap(), expected.accounts_root);
        }
    }
    let nobody = Address::repeat_byte(0x99);
    assert_eq!(settled.account(block, &nobody).unwrap(), None);
}

#[tokio::test]
async fn proofs_lead_to_the_root_of_the_block() {
    let chain = Chain::new().await;
    let sequencer = Sequencer::start(&chain.config).unwrap();
    let view: View = sequencer.view();
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(16)
    };
    let head = chain.head();
    proptest!(config, |(questions in prop::collection::vec(0..=head, 1..8))| {
        let settled = view.settled_ledger();
        for block in questions {
            check(&chain, &settled, block);
        }
    });
    sequencer.stop().unwrap();
}

#[tokio::test]
async fn what_is_not_durable_is_not_proven_and_spoils_nothing() {
    let chain = Chain::new().await;
    let sequencer = Sequencer::start(&chain.config).unwrap();
    let settled = sequencer.view().settled_ledger();
    let beyond = sequencer.view().block_number() + 1_000;
    let refused = settled.withdrawals(beyond, &[0]).unwrap_err();
    assert!(matches!(refused, SettledError::Unknown(_)), "{refused}");
    check(&chain, &settled, chain.head());
    sequencer.stop().unwrap();
}
