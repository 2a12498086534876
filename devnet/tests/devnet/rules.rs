//! Osaka's rules, one by one.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::eip7702::Authorization;
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, Bytes, TxKind, U256, b256, hex};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_signer::SignerSync;
use spillway_devnet::chain::{CallError, Chain};
use spillway_devnet::pool::PoolError;

use crate::support::{
    CHAIN_ID, ETHER, GENESIS, GWEI, LOGGER, address, call_to, chain, deploy, deployed, forwarder,
    sign, signer, transfer,
};

#[test]
fn transactions_of_each_ordinary_type_are_included() {
    let mut chain = chain();
    let to = TxKind::Call(address(9));
    let legacy = TxLegacy {
        chain_id: Some(CHAIN_ID),
        gas_price: 2 * GWEI,
        gas_limit: 21_000,
        to,
        ..TxLegacy::default()
    };
    let access_list = TxEip2930 {
        chain_id: CHAIN_ID,
        nonce: 1,
        gas_price: 2 * GWEI,
        gas_limit: 21_000,
        to,
        ..TxEip2930::default()
    };
    chain.submit(&sign(0, legacy)).unwrap();
    chain.submit(&sign(0, access_list)).unwrap();
    chain.submit(&sign(0, transfer(2))).unwrap();
    let block = chain.mine(GENESIS).unwrap().block;
    let types: Vec<u8> = block
        .transactions
        .iter()
        .map(|one| one.receipt.tx_type() as u8)
        .collect();
    assert_eq!(types, [0, 1, 2]);
    assert!(block.transactions.iter().all(|one| one.receipt.status()));
    assert_eq!(block.header.gas_used, 63_000);
    assert_eq!(block.header.hash_slow(), block.hash);
}

#[test]
fn an_account_delegates_to_code() {
    let mut chain = chain();
    let logger = deployed(&mut chain, 0, 0, &LOGGER);
    let authorization = Authorization {
        chain_id: U256::from(CHAIN_ID),
        address: logger,
        nonce: 0,
    };
    let signature = signer(1)
        .sign_hash_sync(&authorization.signature_hash())
        .unwrap();
    let mut delegation = TxEip7702 {
        chain_id: CHAIN_ID,
        nonce: 1,
        gas_limit: 100_000,
        max_fee_per_gas: 100 * GWEI,
        max_priority_fee_per_gas: GWEI,
        to: address(1),
        authorization_list: vec![authorization.into_signed(signature)],
        ..TxEip7702::default()
    };
    chain.submit(&sign(0, delegation.clone())).unwrap();
    let block = chain.mine(0).unwrap().block;
    assert_eq!(block.logs().count(), 1, "account 1 runs the logger's code");

    // It can still send, as its code is a delegation.
    chain.submit(&sign(1, transfer(1))).unwrap();
    assert_eq!(chain.mine(0).unwrap().block.transactions.len(), 1);

    delegation.authorization_list.clear();
    delegation.nonce = 2;
    let mut raw = Vec::new();
    let signature = signer(0).sign_transaction_sync(&mut delegation).unwrap();
    delegation.into_signed(signature).eip2718_encode(&mut raw);
    assert_eq!(
        chain.submit(&raw),
        Err(PoolError::NoAuthorisations(address(0)))
    );
}

#[test]
fn calldata_has_a_floor_price() {
    let mut chain = chain();
    let data = |gas_limit| TxEip1559 {
        input: Bytes::from(vec![1; 1_000]),
        gas_limit,
        ..transfer(0)
    };
    // 21,000 + 16 a byte before it runs, and 21,000 + 40 a byte at least (EIP-7623).
    let (have, want) = (36_999, 37_000);
    assert_eq!(
        chain.submit(&sign(0, data(have))),
        Err(PoolError::IntrinsicGas { have, want })
    );
    let (have, want) = (60_999, 61_000);
    assert_eq!(
        chain.submit(&sign(0, data(have))),
        Err(PoolError::FloorDataGas { have, want })
    );
    chain.submit(&sign(0, data(80_000))).unwrap();
    assert_eq!(chain.mine(0).unwrap().block.header.gas_used, 61_000);
}

#[test]
fn a_transaction_has_16_777_216_gas_at_most() {
    let mut chain = chain();
    let with_gas = |gas_limit| {
        sign(
            0,
            TxEip1559 {
                gas_limit,
                ..transfer(0)
            },
        )
    };
    let (cap, have) = (1 << 24, (1 << 24) + 1);
    assert_eq!(
        chain.submit(&with_gas(have)),
        Err(PoolError::GasCap { cap, have })
    );
    assert_eq!(
        chain.submit(&with_gas(60_000_001)),
        Err(PoolError::BlockGasLimit)
    );
    assert!(chain.submit(&with_gas(cap)).is_ok());
}

#[test]
fn code_and_initcode_have_limits() {
    let mut chain = chain();
    // 24,576 bytes of code fit, one more does not (EIP-170).
    for (nonce, (size, fits)) in [(24_576, true), (24_577, false)].into_iter().enumerate() {
        chain
            .submit(&sign(0, deploy(nonce as u64, &vec![0; size])))
            .unwrap();
        let block = chain.mine(0).unwrap().block;
        assert_eq!(block.transactions[0].receipt.status(), fits, "{size}");
        assert_eq!(block.transactions[0].contract.is_some(), fits, "{size}");
    }
    // EIP-3860.
    let (have, limit) = (49_153, 49_152);
    assert_eq!(
        chain.submit(&sign(0, deploy(2, &vec![0; have - 10]))),
        Err(PoolError::InitCode { have, limit })
    );
}

fn call(chain: &Chain, to: Address, input: Vec<u8>) -> Result<Bytes, CallError> {
    let request = TransactionRequest {
        to: Some(TxKind::Call(to)),
        input: Bytes::from(input).into(),
        ..TransactionRequest::default()
    };
    chain
        .call(request, chain.head())
        .map(|outcome| outcome.output)
}

/// The generator of G1, in EIP-2537's form.
const G1: [u8; 128] = hex!(
    "0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
    "0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1"
);

#[test]
fn points_of_bls12_381_are_added_and_multiplied() {
    let mut chain = chain();
    let add = deployed(&mut chain, 0, 0, &forwarder(0x0b));
    let multiply = deployed(&mut chain, 0, 1, &forwarder(0x0c));
    let sum = call(&chain, add, [G1, G1].concat()).unwrap();
    let mut two = [0; 32];
    two[31] = 2;
    let double = call(&chain, multiply, [G1.as_slice(), &two].concat()).unwrap();
    assert_eq!(sum.len(), 128);
    assert_eq!(sum, double);
    assert_ne!(sum.as_ref(), G1);
    let with_infinity = call(&chain, add, [G1, [0; 128]].concat()).unwrap();
    assert_eq!(with_infinity.as_ref(), G1);
    assert!(call(&chain, add, vec![1; 256]).is_err(), "not on the curve");
}

#[test]
fn a_block_knows_the_hashes_before_it() {
    let mut chain = chain();
    for _ in 0..3 {
        chain.mine(0).unwrap();
    }
    // BLOCKHASH of the number in calldata.
    let by_opcode = [0x5f, 0x35, 0x40, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3];
    let by_opcode = deployed(&mut chain, 0, 0, &by_opcode);
    let want = chain.block(2).unwrap().hash;
    let two = U256::from(2).to_be_bytes_vec();
    assert_eq!(call(&chain, by_opcode, two.clone()).unwrap().as_ref(), want);
    // EIP-2935's contract, and EIP-4788's, which goes by timestamps.
    let history = alloy_eips::eip2935::HISTORY_STORAGE_ADDRESS;
    assert_eq!(call(&chain, history, two).unwrap().as_ref(), want);
    let third = U256::from(chain.block(3).unwrap().header.timestamp);
    let roots = alloy_eips::eip4788::BEACON_ROOTS_ADDRESS;
    assert_eq!(
        call(&chain, roots, third.to_be_bytes_vec())
            .unwrap()
            .as_ref(),
        want
    );
}

#[test]
fn the_base_fee_follows_the_blocks() {
    let mut chain = chain();
    assert_eq!(chain.mine(0).unwrap().block.base_fee(), 875_000_000);
    // Code that burns all gas: three such transactions are 83.9 % of a block.
    let burner = deployed(&mut chain, 0, 0, &[0xfe]);
    let before = chain.head().clone();
    for nonce in 1..4 {
        let burn = TxEip1559 {
            gas_limit: 1 << 24,
            ..call_to(nonce, burner, Bytes::new())
        };
        chain.submit(&sign(0, burn)).unwrap();
    }
    let full = chain.mine(0).unwrap().block;
    assert_eq!(full.header.gas_used, 3 << 24);
    // By EIP-1559: base * (used - target) / target / 8 more.
    let base = u128::from(full.base_fee());
    let more = base * ((3 << 24) - 30_000_000) / 30_000_000 / 8;
    let next = chain.mine(0).unwrap().block;
    assert_eq!(u128::from(next.base_fee()), base + more);
    assert!(full.base_fee() < before.base_fee());
    // The base fee is burnt, and the tips are the fee recipient's.
    let blocks = (1..=4).map(|number| chain.block(number).unwrap());
    let tips: u128 = blocks
        .flat_map(|block| {
            block
                .transactions
                .iter()
                .map(move |one| (block.base_fee(), one))
        })
        .map(|(base, one)| u128::from(one.gas_used) * (one.effective_gas_price - u128::from(base)))
        .sum();
    let recipient = chain.config().fee_recipient;
    assert_eq!(chain.balance(&recipient), U256::from(tips));
}

#[test]
fn a_call_runs_on_the_state_after_its_block() {
    let mut chain = chain();
    // Adds one to slot 0 when called with data, and returns it.
    let counter = [
        0x36, 0x15, 0x60, 10, 0x57, 0x5f, 0x54, 0x60, 1, 0x01, // if calldata: slot + 1
        0x5b, 0x36, 0x15, 0x60, 18, 0x57, 0x5f, 0x55, // store it
        0x5b, 0x5f, 0x54, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3,
    ];
    let counter = deployed(&mut chain, 0, 0, &counter);
    let first = chain.head().clone();
    for nonce in 1..=3 {
        chain
            .submit(&sign(0, call_to(nonce, counter, Bytes::from_static(&[1]))))
            .unwrap();
        chain.mine(0).unwrap();
    }
    let read = |at: &spillway_devnet::chain::Block| {
        let request = TransactionRequest {
            to: Some(TxKind::Call(counter)),
            ..TransactionRequest::default()
        };
        U256::from_be_slice(&chain.call(request, at).unwrap().output)
    };
    assert_eq!(read(chain.head()), U256::from(3));
    assert_eq!(
        read(chain.block(first.header.number + 1).unwrap()),
        U256::from(1)
    );
    assert_eq!(read(&first), U256::ZERO);
}

#[test]
fn an_old_state_is_an_error_that_says_so() {
    let mut config = crate::support::chain_config();
    config.history.states = 4;
    let mut chain = Chain::new(config, GENESIS);
    for _ in 0..5 {
        chain.mine(0).unwrap();
    }
    let error = chain.call(TransactionRequest::default(), chain.block(0).unwrap());
    assert!(error.unwrap_err().to_string().contains("no longer kept"));
    let kept = chain.block(1).unwrap();
    assert!(chain.call(TransactionRequest::default(), kept).is_ok());
}

#[test]
fn gas_is_estimated_to_the_unit() {
    let mut chain = chain();
    let logger = deployed(&mut chain, 0, 0, &LOGGER);
    for (to, input, value) in [
        (address(9), vec![], 1),
        (logger, vec![], 0),
        (address(9), vec![1; 500], 0),
        (address(77), vec![0; 100], ETHER),
    ] {
        let request = |gas| TransactionRequest {
            from: Some(address(0)),
            to: Some(TxKind::Call(to)),
            input: Bytes::from(input.clone()).into(),
            value: Some(U256::from(value)),
            gas,
            ..TransactionRequest::default()
        };
        let gas = chain.estimate_gas(request(None), chain.head()).unwrap();
        assert!(
            chain.call(request(Some(gas)), chain.head()).is_ok(),
            "{to} {gas}"
        );
        assert!(
            chain.call(request(Some(gas - 1)), chain.head()).is_err(),
            "{to} {gas}"
        );
    }
}

#[test]
fn a_revert_says_why() {
    let mut chain = chain();
    // revert with Error("no"), built in memory from the code's own tail.
    let reason = hex!(
        "08c379a0"
        "0000000000000000000000000000000000000000000000000000000000000020"
        "0000000000000000000000000000000000000000000000000000000000000002"
        "6e6f000000000000000000000000000000000000000000000000000000000000"
    );
    let mut code = vec![0x60, 100, 0x60, 10, 0x5f, 0x39, 0x60, 100, 0x5f, 0xfd];
    code.extend(reason);
    let contract = deployed(&mut chain, 0, 0, &code);
    let error = call(&chain, contract, vec![]).unwrap_err();
    assert_eq!(error.to_string(), "execution reverted: no");
    assert!(matches!(error, CallError::Reverted(data) if data.as_ref() == reason));

    // Panic(0x11), as checked arithmetic has it.
    let mut panic = [0; 36];
    panic[..4].copy_from_slice(&hex!("4e487b71"));
    panic[35] = 0x11;
    let mut code = vec![0x60, 36, 0x60, 10, 0x5f, 0x39, 0x60, 36, 0x5f, 0xfd];
    code.extend(panic);
    let contract = deployed(&mut chain, 0, 1, &code);
    let error = call(&chain, contract, vec![]).unwrap_err().to_string();
    assert_eq!(
        error,
        "execution reverted: panic: arithmetic underflow or overflow (0x11)"
    );
}

#[test]
fn the_genesis_of_a_configuration_never_changes() {
    // A directory that was made by an earlier version holds this hash: changing it shuts it out.
    let want = b256!("0x7c296aee259f29bd95bd541b16f55f6dfdafcabfdd492bb50b46fbc4b0fea360");
    assert_eq!(chain().head().hash, want);
}
