//! Accounts, signed transactions and small contracts.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip4844, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_eips::eip4844::builder::{SidecarBuilder, SimpleCoder};
use alloy_eips::eip7594::BlobTransactionSidecarEip7594;
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_signer_local::PrivateKeySigner;
use spillway_devnet::chain::Chain;
use spillway_devnet::{ChainConfig, Config};

pub(crate) const CHAIN_ID: u64 = 31_337;
pub(crate) const GENESIS: u64 = 1_800_000_000;
pub(crate) const GWEI: u128 = 1_000_000_000;
pub(crate) const ETHER: u128 = 1_000_000_000_000_000_000;

/// The account with that number: the same for the same number.
pub(crate) fn signer(number: u64) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256(number.to_be_bytes())).unwrap()
}

pub(crate) fn address(number: u64) -> Address {
    signer(number).address()
}

/// A chain in which accounts 0 to 9 have 1,000 ETH each.
pub(crate) fn chain_config() -> ChainConfig {
    ChainConfig {
        genesis_timestamp: Some(GENESIS),
        funded: (0..10)
            .map(|number| (address(number), U256::from(1_000 * ETHER)))
            .collect(),
        safe_depth: 2,
        finalized_depth: 4,
        ..ChainConfig::default()
    }
}

pub(crate) fn config() -> Config {
    Config {
        chain: chain_config(),
        controls: true,
        preload_kzg: false,
        ..Config::default()
    }
}

pub(crate) fn chain() -> Chain {
    Chain::new(chain_config(), GENESIS)
}

/// A transfer of 1 wei to account 9 that pays well. Change what a test needs.
pub(crate) fn transfer(nonce: u64) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 100 * GWEI,
        max_priority_fee_per_gas: GWEI,
        to: TxKind::Call(address(9)),
        value: U256::ONE,
        ..TxEip1559::default()
    }
}

/// A transaction of an account, signed: its bytes.
pub(crate) fn sign<T>(account: u64, mut transaction: T) -> Vec<u8>
where
    T: SignableTransaction<alloy_primitives::Signature>,
    TxEnvelope: From<alloy_consensus::Signed<T>>,
{
    let signature = signer(account)
        .sign_transaction_sync(&mut transaction)
        .unwrap();
    TxEnvelope::from(transaction.into_signed(signature)).encoded_2718()
}

/// A sidecar of so many blobs, the first with that text. Computing its proofs takes 0.3 s a blob.
pub(crate) fn sidecar(text: &[u8], blobs: usize) -> BlobTransactionSidecarEip7594 {
    // 31 bytes of each of its 4,096 field elements are what a blob holds.
    let filling = vec![7; (blobs - 1) * 31 * 4_096];
    let data = [text, &filling].concat();
    let sidecar = SidecarBuilder::<SimpleCoder>::from_slice(&data).build_7594();
    let sidecar = sidecar.unwrap();
    assert_eq!(sidecar.blobs.len(), blobs);
    sidecar
}

/// A transaction without its sidecar that names those blobs and pays well.
pub(crate) fn blob_transaction(nonce: u64, hashes: impl IntoIterator<Item = B256>) -> TxEip4844 {
    TxEip4844 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 100_000,
        max_fee_per_gas: 100 * GWEI,
        max_priority_fee_per_gas: GWEI,
        max_fee_per_blob_gas: GWEI,
        to: address(9),
        blob_versioned_hashes: hashes.into_iter().collect(),
        ..TxEip4844::default()
    }
}

/// In network form.
pub(crate) fn sign_blobs(
    account: u64,
    transaction: TxEip4844,
    sidecar: &BlobTransactionSidecarEip7594,
) -> Vec<u8> {
    let mut whole = transaction.with_sidecar(sidecar.clone());
    let signature = signer(account).sign_transaction_sync(&mut whole).unwrap();
    whole.into_signed(signature).encoded_2718()
}

/// What deploys that code.
pub(crate) fn deployment(code: &[u8]) -> Bytes {
    // PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN
    let [high, low] = u16::try_from(code.len()).unwrap().to_be_bytes();
    let mut init = vec![0x61, high, low, 0x80, 0x60, 10, 0x5f, 0x39, 0x5f, 0xf3];
    init.extend(code);
    init.into()
}

/// Code that passes its calldata on to a precompile and returns, or reverts with, what that returns.
pub(crate) fn forwarder(precompile: u8) -> Vec<u8> {
    vec![
        0x36, 0x5f, 0x5f, 0x37, // calldatacopy
        0x5f, 0x5f, 0x36, 0x5f, 0x60, precompile, 0x5a, 0xfa, // staticcall
        0x3d, 0x5f, 0x5f, 0x3e, // returndatacopy
        0x60, 22, 0x57, 0x3d, 0x5f, 0xfd, // revert unless it succeeded
        0x5b, 0x3d, 0x5f, 0xf3, // return
    ]
}

/// Code that emits a log without data whose topic is the caller's.
pub(crate) const LOGGER: [u8; 5] = [0x33, 0x5f, 0x5f, 0xa1, 0x00];

/// A deployment of code by an account.
pub(crate) fn deploy(nonce: u64, code: &[u8]) -> TxEip1559 {
    TxEip1559 {
        to: TxKind::Create,
        input: deployment(code),
        gas_limit: 10_000_000,
        value: U256::ZERO,
        ..transfer(nonce)
    }
}

/// Deploys code in a block of its own.
pub(crate) fn deployed(chain: &mut Chain, account: u64, nonce: u64, code: &[u8]) -> Address {
    chain.submit(&sign(account, deploy(nonce, code))).unwrap();
    let mined = chain.mine(0).unwrap();
    let included = &mined.block.transactions[0];
    assert!(included.receipt.status(), "the deployment failed");
    included.contract.unwrap()
}

/// A call of a contract.
pub(crate) fn call_to(nonce: u64, contract: Address, input: Bytes) -> TxEip1559 {
    TxEip1559 {
        to: TxKind::Call(contract),
        input,
        gas_limit: 1_000_000,
        value: U256::ZERO,
        ..transfer(nonce)
    }
}
