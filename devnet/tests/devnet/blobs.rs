//! Blob transactions with real sidecars. These need the KZG set-up.

use alloy_consensus::{SignableTransaction, TxEip4844};
use alloy_eips::eip2718::Encodable2718;
use alloy_eips::eip4844::builder::{SidecarBuilder, SimpleCoder};
use alloy_eips::eip4844::env_settings::EnvKzgSettings;
use alloy_eips::eip4844::{BlobTransactionSidecar, DATA_GAS_PER_BLOB};
use alloy_network::TxSignerSync;
use alloy_primitives::{B256, Bytes, TxKind, U256};
use alloy_rpc_types_eth::TransactionRequest;
use spillway_devnet::chain::{Chain, Dropped};
use spillway_devnet::pool::PoolError;

use crate::support::{
    GWEI, address, blob_transaction, call_to, chain, deployed, forwarder, sidecar, sign,
    sign_blobs, signer, transfer,
};

/// Returns BLOBHASH(0) of the transaction that stored it: stores with data, and reads without.
const BLOB_HASH: [u8; 21] = [
    0x5f, 0x49, 0x80, 0x15, 0x60, 11, 0x57, 0x5f, 0x55, 0x00,
    0x00, // if not zero: store, stop
    0x5b, 0x5f, 0x54, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3, 0x00,
];

#[test]
fn a_sidecar_must_be_that_of_its_transaction() {
    let mut chain = chain();
    let good = sidecar(b"blob", 2);
    let hashes: Vec<B256> = good.versioned_hashes().collect();
    let transaction = || blob_transaction(0, hashes.clone());
    let refused = |chain: &mut Chain, raw: Vec<u8>, words: &str| {
        let error = chain.submit(&raw).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    };

    let mut proof = good.clone();
    proof.cell_proofs[200] = proof.cell_proofs[201];
    refused(
        &mut chain,
        sign_blobs(0, transaction(), &proof),
        "InvalidProof",
    );
    let mut blob = good.clone();
    blob.blobs[1][40] ^= 1;
    refused(
        &mut chain,
        sign_blobs(0, transaction(), &blob),
        "InvalidProof",
    );
    let mut element = good.clone();
    element.blobs[0][..32].fill(0xff);
    refused(
        &mut chain,
        sign_blobs(0, transaction(), &element),
        "invalid blob sidecar",
    );
    let mut commitments = good.clone();
    commitments.commitments.swap(0, 1);
    refused(
        &mut chain,
        sign_blobs(0, transaction(), &commitments),
        "not those of the versioned hashes",
    );
    let mut short = good.clone();
    short.cell_proofs.pop();
    refused(
        &mut chain,
        sign_blobs(0, transaction(), &short),
        "255 cell proofs",
    );
    let mut fewer = good.clone();
    fewer.blobs.pop();
    refused(
        &mut chain,
        sign_blobs(0, transaction(), &fewer),
        "1 blobs for 2 versioned hashes",
    );

    let other = TxEip4844 {
        blob_versioned_hashes: vec![hashes[0], B256::ZERO],
        ..transaction()
    };
    refused(
        &mut chain,
        sign_blobs(0, other, &good),
        "not those of the versioned hashes",
    );
    assert_eq!(
        chain.submit(&sign(0, transaction())),
        Err(PoolError::MissingSidecar)
    );
    let none = blob_transaction(0, []);
    assert_eq!(
        chain.submit(&sign_blobs(0, none, &good)),
        Err(PoolError::NoBlobs)
    );
    let many = blob_transaction(0, [B256::ZERO; 7]);
    let (have, permitted) = (7, 6);
    assert_eq!(
        chain.submit(&sign_blobs(0, many, &good)),
        Err(PoolError::TooManyBlobs { have, permitted })
    );
    refuses_the_old_form(&mut chain);
    assert!(chain.submit(&sign_blobs(0, transaction(), &good)).is_ok());
}

fn refuses_the_old_form(chain: &mut Chain) {
    let old: BlobTransactionSidecar = SidecarBuilder::<SimpleCoder>::from_slice(b"old")
        .build()
        .unwrap();
    let hashes: Vec<B256> = old.versioned_hashes().collect();
    let mut whole = blob_transaction(0, hashes).with_sidecar(old);
    let signature = signer(0).sign_transaction_sync(&mut whole).unwrap();
    let raw = whole.into_signed(signature).encoded_2718();
    assert_eq!(chain.submit(&raw), Err(PoolError::OldSidecar));
    let words = PoolError::OldSidecar.to_string();
    assert!(
        words.contains("cell proofs (EIP-7594, version 1)"),
        "{words}"
    );
}

#[test]
fn blobs_are_paid_for_known_to_contracts_and_given_back_by_a_reorg() {
    let mut chain = chain();
    let keeper = deployed(&mut chain, 1, 0, &BLOB_HASH);
    let sidecar = sidecar(b"to be kept", 1);
    let hash = sidecar.versioned_hashes().next().unwrap();
    let raw = |nonce, factor| {
        let transaction = TxEip4844 {
            to: keeper,
            max_fee_per_gas: factor * 10 * GWEI,
            max_priority_fee_per_gas: factor * GWEI,
            max_fee_per_blob_gas: factor * 10,
            ..blob_transaction(nonce, [hash])
        };
        sign_blobs(0, transaction, &sidecar)
    };
    chain.submit(&raw(0, 1)).unwrap();
    // Ordinary ones wait elsewhere, and a gap is refused.
    assert_eq!(
        chain.submit(&sign(0, transfer(1))),
        Err(PoolError::Reserved("blob"))
    );
    assert_eq!(
        chain.submit(&raw(2, 1)),
        Err(PoolError::NonceGap { next: 1, have: 2 })
    );
    let balance = chain.balance(&address(0));
    let block = chain.mine(0).unwrap().block;
    let included = &block.transactions[0];
    assert!(included.receipt.status());
    assert_eq!(block.header.blob_gas_used, Some(DATA_GAS_PER_BLOB));
    let paid = U256::from(included.gas_used) * U256::from(included.effective_gas_price);
    // A blob costs 1 wei a unit of its gas here.
    let blob_fee = U256::from(DATA_GAS_PER_BLOB);
    assert_eq!(chain.balance(&address(0)), balance - paid - blob_fee);
    let kept = chain.call(
        TransactionRequest {
            to: Some(TxKind::Call(keeper)),
            ..TransactionRequest::default()
        },
        chain.head(),
    );
    assert_eq!(kept.unwrap().output.as_ref(), hash);

    let whole = chain.blob_transactions(&block).unwrap();
    assert_eq!(whole.len(), 1);
    // The next one waits already, and goes on waiting for the one that comes back.
    chain.submit(&raw(1, 1)).unwrap();
    chain.set_balance(address(40), U256::ONE);
    chain.reorg(1, Dropped::Repooled).unwrap();
    assert!(chain.blob_transactions(&block).is_none());
    assert_eq!(
        (chain.pending_count(), chain.balance(&address(40))),
        (2, U256::ONE)
    );
    let again = chain.mine(0).unwrap();
    assert_eq!(again.blobs.len(), 2);
    assert_eq!(
        again.block.transactions[0].transaction.tx_hash(),
        included.transaction.tx_hash()
    );
    evaluates_points(&mut chain, hash, &sidecar.commitments[0], &sidecar.blobs[0]);
}

/// The point evaluation precompile, called by a contract.
fn evaluates_points(
    chain: &mut Chain,
    hash: B256,
    commitment: &alloy_eips::eip4844::Bytes48,
    blob: &alloy_eips::eip4844::Blob,
) {
    let contract = deployed(chain, 1, 1, &forwarder(0x0a));
    let z = U256::from(5).to_be_bytes::<32>();
    let settings = EnvKzgSettings::Default.get();
    let kzg_blob = c_kzg::Blob::from_bytes(blob.as_slice()).unwrap();
    let (proof, y) = settings.compute_kzg_proof(&kzg_blob, &z.into()).unwrap();
    let mut input = [
        hash.as_slice(),
        &z,
        y.as_slice(),
        commitment.as_slice(),
        proof.to_bytes().as_slice(),
    ]
    .concat();
    chain
        .submit(&sign(1, call_to(2, contract, Bytes::from(input.clone()))))
        .unwrap();
    let block = chain.mine(0).unwrap().block;
    assert!(block.transactions[0].receipt.status());
    assert!(block.header.gas_used > 50_000, "{}", block.header.gas_used);

    input[63] ^= 1;
    chain
        .submit(&sign(1, call_to(3, contract, Bytes::from(input))))
        .unwrap();
    assert!(
        !chain.mine(0).unwrap().block.transactions[0]
            .receipt
            .status()
    );
}
