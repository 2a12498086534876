//! What an operation calls for: the contract finds in the proof what Rust finds in the execution.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway_bridge_contracts::PostedData::{
    Batch, BatchHeader, ChunkProof, OperationProof, RootProof, State, demandCall,
};
use spillway_bridge_contracts::{BRIDGE, POSTED_DATA};
use spillway_protocol::batch::calldata_commitment;
use spillway_protocol::chunk::Chunk;
use spillway_protocol::dispute::{self, Demand, DemandKind, OperationProofError, prove_operation};
use spillway_protocol::limits::CHUNK_BYTES;
use spillway_protocol::root::StatePreimage;
use spillway_protocol::token::TokenTable;
use spillway_protocol::tree::{list_proof, list_root};

use super::World;
use super::cases::Case;
use super::l1::list;
use crate::evm::{Called, Evm};
use crate::runs::{cases_wanted, first_seed, in_parallel};

const CASES: u64 = 6_000;
const BRIDGE_AT: Address = Address::repeat_byte(0x02);
const POSTED_DATA_AT: Address = Address::repeat_byte(0x05);

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The chunk is invalid, so that nothing can be demanded of it.
    Invalid,
    /// Nobody signs that operation, or it is not there; the contract refuses as well.
    NotSigned,
    Agreed(DemandKind),
}

#[test]
fn the_contract_and_rust_agree_on_what_was_signed() {
    let worlds = [0, 7, 255].map(|listed| {
        let tokens = World::new(listed).tokens;
        let mut evm = Evm::default();
        evm.deploy(BRIDGE_AT, &BRIDGE, []);
        evm.deploy(
            POSTED_DATA_AT,
            &POSTED_DATA,
            [("bridge", BRIDGE_AT.into_word())],
        );
        list(&mut evm, BRIDGE_AT, &tokens);
        (tokens, evm)
    });
    let first = first_seed();
    let wanted = cases_wanted(CASES);
    let outcomes = in_parallel(first..first + wanted, |seed| {
        let (tokens, evm) = &worlds[(seed % 3) as usize];
        compare(seed, tokens, evm)
    });
    let count = |outcome| outcomes.iter().filter(|other| **other == outcome).count();
    let expected = [
        Outcome::Invalid,
        Outcome::NotSigned,
        Outcome::Agreed(DemandKind::Transfer),
        Outcome::Agreed(DemandKind::Withdraw),
        Outcome::Agreed(DemandKind::Payout),
    ];
    for outcome in expected {
        println!("{:>8}  {outcome:?}", count(outcome));
        assert!(
            wanted < CASES || count(outcome) > 0,
            "no case came to {outcome:?}"
        );
    }
}

fn compare(seed: u64, tokens: &TokenTable, evm: &Evm) -> Outcome {
    let Case {
        ground,
        messages,
        mut chunk,
    } = Case::random(seed, tokens);
    let rng = &mut StdRng::seed_from_u64(!seed);
    let (mut state, mut tree) = (ground.state, ground.tree);
    let mut at_batch = tree.preimage(&state);
    let earlier = rng
        .random_range(0..5_000)
        .min(at_batch.counters.authorised_count);
    at_batch.counters.authorised_count -= earlier;
    let operation = rng.random_range(0..8);
    let before = tree.preimage(&state);
    let found = prove_operation(
        &mut state, &mut tree, &at_batch, &chunk, operation, &messages, tokens,
    );
    let (proof, demand) = match found {
        Ok(found) => found,
        Err(OperationProofError::Invalid(_)) => return Outcome::Invalid,
        Err(OperationProofError::NotAuthorised(_) | OperationProofError::NoSuchOperation(_)) => {
            return Outcome::NotSigned;
        }
        Err(error) => panic!("seed {seed}: {error}"),
    };
    assert_eq!(proof.before, before);
    chunk[..32].copy_from_slice(tree.root(&state).as_slice());
    let mut call = call(&chunk, &proof, &at_batch);
    let Called { result, .. } = evm.call(POSTED_DATA_AT, &call);
    let said = result.unwrap_or_else(|refusal| panic!("seed {seed}: refused: {refusal}"));
    assert_eq!(u64::from(said.place), demand.place, "seed {seed}");
    assert_eq!(said.baseFee, demand.base_fee, "seed {seed}");
    assert_eq!(
        said.digest,
        digest(&demand, tokens),
        "seed {seed}: {demand:?}"
    );

    // Shown with anything else of the state, the operation calls for the same or for nothing.
    spoil(rng, &mut call.operation);
    if let Ok(spoilt) = evm.call(POSTED_DATA_AT, &call).result {
        assert_eq!(spoilt.digest, said.digest, "seed {seed}, spoilt");
    }
    Outcome::Agreed(demand.kind)
}

fn spoil(rng: &mut StdRng, proof: &mut OperationProof) {
    match rng.random_range(0..4) {
        0 => {
            let mut accounts = proof.accounts.to_vec();
            let at = rng.random_range(0..accounts.len());
            accounts[at] ^= 1 << rng.random_range(0..8);
            proof.accounts = accounts.into();
        }
        1 => proof.siblings.push(B256::ZERO),
        2 => proof.before.accountCount ^= 1 << rng.random_range(0..32),
        _ => proof.before.baseFee ^= 1 << rng.random_range(0..64),
    }
}

/// The demand for an operation of a batch of two chunks in calldata, of which that is the second.
fn call(chunk: &Chunk, proof: &dispute::OperationProof, at_batch: &StatePreimage) -> demandCall {
    let mut first = [0; CHUNK_BYTES];
    first[..32].copy_from_slice(proof.before.root().as_slice());
    let hashes = [keccak256(first), keccak256(chunk)];
    let path = |place| list_proof(&hashes, place).expect("there are two");
    let batch = Batch {
        header: BatchHeader {
            chunkCount: 2,
            ..Default::default()
        },
        dataCommitment: calldata_commitment(&[first, *chunk]),
        ..Default::default()
    };
    demandCall {
        batch,
        rootAtBatch: at_batch.root(),
        number: U256::from(1),
        opening: ChunkProof {
            chunk: (*chunk).into(),
            listRoot: list_root(&hashes),
            path: path(1),
            ..Default::default()
        },
        before: RootProof {
            start: first.into(),
            listRoot: list_root(&hashes),
            path: path(0),
            ..Default::default()
        },
        operation: OperationProof {
            operation: U256::from(proof.operation),
            atBatch: encoded(&proof.at_batch),
            before: encoded(&proof.before),
            afterwards: encoded(&proof.afterwards),
            accounts: proof.accounts.clone().into(),
            siblings: proof.siblings.clone(),
        },
    }
}

fn encoded(state: &StatePreimage) -> State {
    State {
        accountsRoot: state.accounts_root,
        withdrawalsRoot: state.withdrawals_root,
        accountCount: state.account_count,
        withdrawalCount: state.counters.withdrawal_count,
        inboxCount: state.counters.inbox_count,
        authorisedCount: state.counters.authorised_count,
        blockNumber: state.counters.block_number,
        timestamp: state.counters.timestamp,
        baseFee: state.counters.base_fee,
    }
}

/// As `IAuthorisationDisputes.Challenge` documents it.
fn digest(demand: &Demand, tokens: &TokenTable) -> B256 {
    let kind = U256::from(match demand.kind {
        DemandKind::Transfer => 0,
        DemandKind::Withdraw => 1,
        DemandKind::Payout => 2,
    });
    let token = tokens.get(demand.token).expect("it is listed").address;
    let payments = demand.payments.clone();
    keccak256(
        (
            demand.sender,
            U256::from(demand.nonce),
            kind,
            token,
            payments,
        )
            .abi_encode_params(),
    )
}
