//! Reorgs: blocks, logs and receipts vanish, transactions come back or are lost.

use alloy_primitives::{Address, B256, Bytes, U256};
use spillway_devnet::chain::{Chain, ChainError, Dropped};
use spillway_devnet::forwarder;

use crate::support::{
    ETHER, GENESIS, LOGGER, address, call_to, chain, deployed, sign, signer, transfer,
};

/// Mines a call of the logger and a transfer, each in a block, and returns their hashes.
fn two_blocks(chain: &mut Chain) -> (B256, B256) {
    let logger = deployed(chain, 0, 0, &LOGGER);
    let logged = chain
        .submit(&sign(0, call_to(1, logger, Bytes::new())))
        .unwrap();
    chain.mine(0).unwrap();
    let sent = chain.submit(&sign(1, transfer(0))).unwrap();
    chain.mine(0).unwrap();
    (logged, sent)
}

#[test]
fn replaced_blocks_are_gone_and_their_slots_taken() {
    let mut chain = chain();
    let (logged, sent) = two_blocks(&mut chain);
    let balance = chain.balance(&address(9));
    let old: Vec<_> = (1..=3)
        .map(|number| chain.block(number).unwrap().clone())
        .collect();
    assert_eq!(old[1].logs().count(), 1);

    let reorg = chain.reorg(2, Dropped::Lost).unwrap();
    assert_eq!(reorg.dropped.len(), 2);
    assert_eq!(reorg.added.len(), 2);
    assert_eq!(
        chain.block(1).unwrap().hash,
        old[0].hash,
        "the ancestor stays"
    );
    for (number, old) in [(2, &old[1]), (3, &old[2])] {
        let new = chain.block(number).unwrap();
        assert_ne!(new.hash, old.hash);
        assert_eq!(new.header.timestamp, old.header.timestamp);
        assert!(new.transactions.is_empty());
        assert!(chain.block_by_hash(&old.hash).is_none());
        let slot = chain.slot(new);
        assert_eq!(chain.block_by_slot(slot).unwrap().hash, new.hash);
    }
    assert!(chain.transaction(&logged).is_none() && chain.transaction(&sent).is_none());
    assert_eq!(chain.balance(&address(9)), balance - U256::ONE);
    assert_eq!((chain.nonce(&address(0)), chain.nonce(&address(1))), (1, 0));
    assert_eq!(chain.mine(0).unwrap().block.transactions.len(), 0);
}

#[test]
fn repooled_transactions_are_mined_again() {
    let mut chain = chain();
    let (logged, sent) = two_blocks(&mut chain);
    chain.reorg(3, Dropped::Repooled).unwrap();
    assert!(chain.transaction(&sent).is_none());
    assert!(chain.pending(&sent).is_some());
    // The deployment, the call and the transfer, the account's in their order.
    let block = chain.mine(0).unwrap().block;
    assert_eq!(block.transactions.len(), 3);
    assert_eq!(chain.transaction(&sent).unwrap().0.hash, block.hash);
    let (found, index) = chain.transaction(&logged).unwrap();
    assert!(found.transactions[index].receipt.status());
    assert_eq!(block.logs().count(), 1);
}

#[test]
fn the_same_reorg_twice_gives_other_blocks_each_time() {
    let mut chain = chain();
    for _ in 0..5 {
        chain.mine(0).unwrap();
    }
    let mut seen = vec![chain.head().hash];
    for _ in 0..4 {
        chain.reorg(3, Dropped::Lost).unwrap();
        assert!(!seen.contains(&chain.head().hash));
        seen.push(chain.head().hash);
    }
}

#[test]
fn two_chains_that_are_told_the_same_are_the_same() {
    let run = || {
        let mut chain = chain();
        two_blocks(&mut chain);
        chain.reorg(1, Dropped::Repooled).unwrap();
        chain.set_balance(address(50), U256::from(7));
        chain.mine(GENESIS + 100).unwrap();
        chain.head().hash
    };
    assert_eq!(run(), run());
}

#[test]
fn a_balance_that_was_set_survives_and_spending_does_not() {
    let mut chain = chain();
    let rich = U256::from(5 * ETHER);
    chain.mine(0).unwrap();
    chain.set_balance(address(20), rich);
    chain.submit(&sign(20, transfer(0))).unwrap();
    chain.mine(0).unwrap();
    assert!(chain.balance(&address(20)) < rich);
    chain.reorg(2, Dropped::Lost).unwrap();
    assert_eq!(chain.balance(&address(20)), rich);
    assert_eq!(chain.nonce(&address(20)), 0);
}

/// Calls a contract that logs its caller, by its name or a forwarder's. Answers whether that succeeded, and who called.
fn callers(chain: &mut Chain, nonce: u64, contract: Address) -> (bool, Vec<Address>) {
    let sent = chain.submit(&sign(4, call_to(nonce, contract, Bytes::new())));
    chain.mine(0).unwrap();
    let (block, index) = chain.transaction(&sent.unwrap()).unwrap();
    let callers = block.logs().map(|(.., log)| log.topics()[0]);
    let callers = callers.map(Address::from_word).collect();
    (block.transactions[index].receipt.status(), callers)
}

#[test]
fn code_that_was_set_survives() {
    let mut chain = chain();
    chain.mine(0).unwrap();
    let logger = deployed(&mut chain, 3, 0, &LOGGER);
    let (name, failing) = (address(40), address(41));
    assert_eq!(
        callers(&mut chain, 0, logger),
        (true, vec![signer(4).address()])
    );
    assert_eq!(chain.set_code(name, forwarder(logger)), Bytes::new());
    assert_eq!(callers(&mut chain, 1, name), (true, vec![name]));
    // revert(0, 0)
    chain.set_code(failing, Bytes::from_static(&[0x5f, 0x5f, 0xfd]));
    assert_eq!(chain.set_code(name, forwarder(failing)), forwarder(logger));
    assert_eq!(callers(&mut chain, 2, name), (false, vec![]));
    chain.set_code(name, forwarder(logger));

    chain.reorg(2, Dropped::Lost).unwrap();
    assert_eq!(callers(&mut chain, 1, name), (true, vec![name]));
    assert_eq!(chain.set_code(name, Bytes::new()), forwarder(logger));
    assert_eq!(callers(&mut chain, 2, name), (true, vec![]));
}

#[test]
fn no_deeper_than_states_are_kept() {
    let mut config = crate::support::chain_config();
    config.history.states = 8;
    let mut chain = Chain::new(config, GENESIS);
    for _ in 0..20 {
        chain.mine(0).unwrap();
    }
    for depth in [0, 9, usize::MAX] {
        let max = 8;
        let error = chain.reorg(depth, Dropped::Lost).unwrap_err();
        assert_eq!(error, ChainError::Depth { depth, max });
    }
    chain.reorg(8, Dropped::Lost).unwrap();
    assert_eq!(chain.head().header.number, 20);
}

#[test]
fn every_block_has_a_slot_of_its_own() {
    let mut config = crate::support::chain_config();
    config.seconds_per_slot = 12;
    let mut chain = Chain::new(config, GENESIS);
    for (now, slot) in [
        (0, 1),
        (0, 2),
        (GENESIS + 100, 8),
        (GENESIS + 100, 9),
        (GENESIS + 119, 10),
    ] {
        let block = chain.mine(now).unwrap().block;
        assert_eq!(chain.slot(&block), slot, "{now}");
        assert_eq!(block.header.timestamp, GENESIS + 12 * slot);
        assert_eq!(chain.block_by_slot(slot).unwrap().hash, block.hash);
    }
    assert!(chain.block_by_slot(5).is_none(), "nothing was mined there");
    assert!(chain.block_by_slot(u64::MAX).is_none());
}
