//! The mempool, as a client meets it.

use alloy_consensus::TxEip1559;
use alloy_primitives::{TxKind, U256};
use spillway_devnet::chain::Chain;
use spillway_devnet::pool::PoolError;

use crate::support::{
    CHAIN_ID, ETHER, GENESIS, GWEI, LOGGER, address, chain, chain_config, deployed, sign, transfer,
};

fn priced(nonce: u64, fee: u128, tip: u128) -> TxEip1559 {
    TxEip1559 {
        max_fee_per_gas: fee,
        max_priority_fee_per_gas: tip,
        ..transfer(nonce)
    }
}

#[test]
fn a_gap_waits_until_it_is_filled() {
    let mut chain = chain();
    for nonce in [2, 1] {
        chain.submit(&sign(0, transfer(nonce))).unwrap();
    }
    assert_eq!(chain.pending_nonce(&address(0)), 0);
    assert_eq!(chain.mine(0).unwrap().block.transactions.len(), 0);
    chain.submit(&sign(0, transfer(0))).unwrap();
    assert_eq!(chain.pending_nonce(&address(0)), 3);
    assert_eq!(chain.mine(0).unwrap().block.transactions.len(), 3);
    assert_eq!(chain.pending_count(), 0);
}

#[test]
fn who_pays_more_goes_first_and_an_account_keeps_its_order() {
    let mut chain = chain();
    for (account, nonce, tip) in [(0, 0, 1), (0, 1, 50), (1, 0, 3), (2, 0, 2), (3, 0, 3)] {
        chain
            .submit(&sign(account, priced(nonce, 100 * GWEI, tip * GWEI)))
            .unwrap();
    }
    let block = chain.mine(0).unwrap().block;
    let order: Vec<_> = block
        .transactions
        .iter()
        .map(|one| one.transaction.signer())
        .collect();
    // Of 1 and 3, which pay the same, 1 came first; the 50 of account 0 has to wait for its 1.
    let want = [1, 3, 2, 0, 0].map(address);
    assert_eq!(order, want);
}

#[test]
fn a_replacement_pays_ten_percent_more_in_both_fees() {
    let mut chain = chain();
    chain.submit(&sign(0, priced(0, 10 * GWEI, GWEI))).unwrap();
    for (fee, tip, ok) in [
        (10 * GWEI, GWEI, false),
        (11 * GWEI, GWEI, false),
        (10 * GWEI, 2 * GWEI, false),
        (11 * GWEI - 1, 11 * GWEI / 10, false),
        (11 * GWEI, 11 * GWEI / 10, true),
    ] {
        // Another value makes it another transaction.
        let replacement = TxEip1559 {
            value: U256::from(2),
            ..priced(0, fee, tip)
        };
        let taken = chain.submit(&sign(0, replacement));
        assert_eq!(taken.is_ok(), ok, "{fee} {tip}: {taken:?}");
        if let Err(error) = taken {
            let words = error.to_string();
            assert!(
                words.starts_with("replacement transaction underpriced"),
                "{words}"
            );
        }
    }
    assert_eq!(chain.pending_count(), 1);
    let block = chain.mine(0).unwrap().block;
    assert_eq!(block.transactions.len(), 1);
}

#[test]
fn refusals_have_geths_words() {
    let mut chain = chain();
    let contract = deployed(&mut chain, 5, 0, &LOGGER);
    for nonce in [0, 1] {
        chain.submit(&sign(0, transfer(nonce))).unwrap();
    }
    chain.mine(0).unwrap();
    for (account, transaction, words) in [
        (0, transfer(0), "nonce too low: next nonce 2, tx nonce 0"),
        (
            77,
            transfer(0),
            "insufficient funds for gas * price + value: balance 0, tx cost 2100000000000001",
        ),
        (
            0,
            priced(2, GWEI, 2 * GWEI),
            "max priority fee per gas higher than max fee per gas",
        ),
        (
            0,
            priced(2, GWEI, 0),
            "transaction underpriced: gas tip cap 0, minimum needed 1",
        ),
        (
            0,
            TxEip1559 {
                gas_limit: 20_999,
                ..transfer(2)
            },
            "intrinsic gas too low: gas 20999, minimum needed 21000",
        ),
        (
            0,
            TxEip1559 {
                chain_id: CHAIN_ID + 1,
                ..transfer(2)
            },
            "invalid chain id for signer: have 31338 want 31337",
        ),
        (
            0,
            TxEip1559 {
                value: U256::MAX,
                to: TxKind::Call(contract),
                ..transfer(2)
            },
            "insufficient funds for gas * price + value",
        ),
    ] {
        let error = chain.submit(&sign(account, transaction)).unwrap_err();
        assert!(error.to_string().starts_with(words), "{error}");
    }
    chain.submit(&sign(0, transfer(2))).unwrap();
    assert_eq!(chain.submit(&sign(0, transfer(2))), Err(PoolError::Known));
    assert_eq!(PoolError::Known.to_string(), "already known");
}

#[test]
fn what_waits_counts_against_the_balance() {
    let mut chain = chain();
    let most = TxEip1559 {
        value: U256::from(600 * ETHER),
        ..transfer(0)
    };
    chain.submit(&sign(0, most.clone())).unwrap();
    let error = chain.submit(&sign(
        0,
        TxEip1559 {
            nonce: 1,
            ..most.clone()
        },
    ));
    assert!(
        matches!(error, Err(PoolError::QueuedFunds { .. })),
        "{error:?}"
    );
    // In place of the first one it is affordable.
    let instead = TxEip1559 {
        value: U256::from(900 * ETHER),
        ..priced(0, 200 * GWEI, 2 * GWEI)
    };
    chain.submit(&sign(0, instead)).unwrap();
}

#[test]
fn what_a_block_makes_unpayable_is_dropped() {
    let mut chain = chain();
    chain.submit(&sign(0, transfer(0))).unwrap();
    chain.submit(&sign(0, transfer(2))).unwrap();
    chain.set_balance(address(0), U256::ZERO);
    assert_eq!(chain.pending_count(), 0);
    assert_eq!(chain.mine(0).unwrap().block.transactions.len(), 0);
}

#[test]
fn a_fee_below_the_base_fee_waits() {
    let mut chain = chain();
    chain.submit(&sign(0, priced(0, GWEI / 2, 1))).unwrap();
    let included = |chain: &mut Chain| chain.mine(0).unwrap().block.transactions.len();
    // 1 gwei falls by an eighth with each empty block: 0.488 after six.
    for block in 1..=5 {
        assert_eq!(included(&mut chain), 0, "{block}");
    }
    assert_eq!(included(&mut chain), 1);
}

#[test]
fn the_pool_is_bounded() {
    let mut config = chain_config();
    config.pool.transactions = 3;
    config.pool.account_transactions = 2;
    let mut chain = Chain::new(config, GENESIS);
    chain.submit(&sign(0, transfer(0))).unwrap();
    chain.submit(&sign(0, transfer(5))).unwrap();
    assert_eq!(
        chain.submit(&sign(0, transfer(1))),
        Err(PoolError::AccountLimit(2))
    );
    chain.submit(&sign(1, transfer(0))).unwrap();
    assert_eq!(chain.submit(&sign(2, transfer(0))), Err(PoolError::Full));
    // Replacing takes no room.
    chain
        .submit(&sign(1, priced(0, 200 * GWEI, 2 * GWEI)))
        .unwrap();
}

#[test]
fn a_block_takes_no_more_than_its_gas() {
    let mut chain = chain();
    let burner = deployed(&mut chain, 9, 0, &[0xfe]);
    for account in 0..5 {
        let burn = TxEip1559 {
            to: TxKind::Call(burner),
            value: U256::ZERO,
            gas_limit: 1 << 24,
            ..transfer(0)
        };
        chain.submit(&sign(account, burn)).unwrap();
    }
    // Three times 2^24 fit into 60 million; a small one fits beside them.
    chain.submit(&sign(6, transfer(0))).unwrap();
    let block = chain.mine(0).unwrap().block;
    assert_eq!(block.transactions.len(), 4);
    assert!(block.header.gas_used <= block.header.gas_limit);
    assert_eq!(chain.mine(0).unwrap().block.transactions.len(), 2);
}
