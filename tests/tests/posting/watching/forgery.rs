//! A sequencer that posts what nobody has signed.

use alloy_network::{EthereumWallet, TransactionBuilder as _, TransactionBuilder4844 as _};
use alloy_primitives::B256;
use alloy_provider::{Provider as _, ProviderBuilder};
use alloy_rpc_types_eth::TransactionRequest;
use spillway_l1::batches;
use spillway_protocol::batch::{BatchHeader, header_hash};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::chunk::Chunk;
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::keccak::keccak256;
use spillway_protocol::limits::{CHUNK_BYTES, CHUNK_ROOT_BYTES};
use spillway_protocol::operation::Operation;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::{ETH, TokenTable};
use spillway_protocol::transition;
use spillway_protocol::tree::list_root;
use spillway_tests::accounts;

use super::super::felled::SEQUENCER;
use super::super::stranger::{Contracts, Derived};

/// Posts blobs in the sequencer's name.
const BLOB_POSTER: u32 = 22;

/// A batch of one block after everything derived: a transfer of all but a little from one account to another, which is valid
/// in every way but one. No withdrawal was ever made on that chain.
pub(super) fn theft(derived: &Derived, victim: u32, thief: u32) -> (BatchHeader, Chunk) {
    let mut state = derived.state.clone();
    state.clear_changes();
    let tree = StateTree::build(&state, std::iter::empty()).expect("a tree");
    assert_eq!(
        tree.root(&state),
        derived.state_root,
        "withdrawals were made"
    );
    let last = derived.batches.last().expect("a batch").header;
    let operations = operations(&mut state, victim, thief);
    let counters = *state.counters();
    let block = BlockHeader {
        parent: derived.block_hash,
        number: counters.block_number,
        timestamp: counters.timestamp,
        base_fee: counters.base_fee,
        inbox_count: last.inbox_count,
        inbox_accumulator: last.inbox_accumulator,
        operations_hash: keccak256(&operations),
    };
    let root = StateTree::build(&state, std::iter::empty());
    let state_root = root.expect("a tree").root(&state);
    let mut chunk = [0; CHUNK_BYTES];
    chunk[..CHUNK_ROOT_BYTES].copy_from_slice(state_root.as_slice());
    chunk[CHUNK_ROOT_BYTES..][..operations.len()].copy_from_slice(&operations);
    let header = BatchHeader {
        parent: header_hash(&last),
        state_root,
        auth_root: list_root(&[B256::repeat_byte(0x7e)]),
        auth_count: 1,
        chunk_count: 1,
        block_number: block.number,
        block_hash: block.hash(),
        timestamp: block.timestamp,
        ..last
    };
    (header, chunk)
}

fn operations(state: &mut State, victim: u32, thief: u32) -> Vec<u8> {
    let (mut bytes, tokens) = (Vec::new(), TokenTable::default());
    let base_fee = state.counters().base_fee;
    let amount = 5_000_000_000_000_000_000;
    for operation in [
        Operation::Block {
            seconds: 1,
            base_fee,
        },
        Operation::Transfer {
            from: victim,
            to: thief,
            token: ETH,
            amount,
        },
    ] {
        codec::encode(&operation, &Scope::of(state, &tokens), &mut bytes).expect("bytes");
        transition::apply(state, &operation, None).expect("a valid operation");
    }
    bytes
}

/// Posts it in a blob, with the keys of the sequencer's operator.
pub(super) async fn post(l1_url: &str, contracts: &Contracts, header: &BatchHeader, chunk: Chunk) {
    let sidecar = tokio::task::spawn_blocking(move || batches::sidecar(&[chunk]));
    let sidecar = sidecar.await.expect("a thread").expect("a sidecar");
    let sequencer = accounts::funded(SEQUENCER).address();
    let request = TransactionRequest::default()
        .with_to(contracts.rollup)
        .with_input(batches::submit_blobs(sequencer, header))
        .with_blob_sidecar_7594(sidecar);
    let wallet = EthereumWallet::from(accounts::funded(BLOB_POSTER));
    let url = l1_url.parse().expect("a URL");
    let provider = ProviderBuilder::new().wallet(wallet).connect_http(url);
    let sent = provider
        .send_transaction(request)
        .await
        .expect("a transaction");
    let receipt = sent.get_receipt().await.expect("a receipt");
    assert!(receipt.status(), "{receipt:?}");
}
