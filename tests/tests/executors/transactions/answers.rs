//! Answers with the golden vectors: what Rust says of a transaction is the digest that the contract finds in it.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use spillway_bridge_contracts::AuthorisationDisputes::{
    ANSWER_GASCall, Payment, Signed, answerCall,
};
use spillway_bridge_contracts::{AUTHORISATION_DISPUTES, IAuthorisationDisputes, ROLLUP};
use spillway_protocol::tree::{list_proof, list_root};
use spillway_sequencer::admission::admit;

use super::{Chain, DISPUTES_AT, signed_by, vectors};
use crate::evm::{CALLER, Evm, mapped};

const ROLLUP_AT: Address = Address::repeat_byte(0xd2);
const BATCH_HASH: B256 = B256::repeat_byte(0xba);

/// Places in the storage of the two contracts.
const RECORDS: u64 = 0;
const OPEN_CHALLENGES: u64 = 8;
const IS_DISPUTES: u64 = 9;

#[test]
fn an_answer_goes_through_by_the_digest_that_rust_computes() {
    let chain_id = vectors::CHAIN_IDS[0];
    let of_chain = |raw: &Vec<u8>| admit(raw.clone().into(), chain_id).is_ok();
    let raws: Vec<_> = vectors::valid_bytes()
        .into_iter()
        .filter(of_chain)
        .collect();
    assert!(raws.len() >= 10, "vectors are missing");
    let hashes: Vec<_> = raws.iter().map(keccak256).collect();
    let most = Chain::new(chain_id)
        .evm
        .call(DISPUTES_AT, &ANSWER_GASCall {});
    let most = most.result.expect("a constant");
    for (place, raw) in (0..).zip(&raws) {
        let signed = signed_by(&admit(raw.clone().into(), chain_id).expect("it was filtered"));
        let base_fee = u64::try_from(signed.maxFee).unwrap_or(u64::MAX);
        let challenge = challenge_of(&hashes, place, digest(&signed), base_fee);
        let answer = answerCall {
            challenge: challenge.clone(),
            raw: Bytes::copy_from_slice(raw),
            proof: list_proof(&hashes, place).expect("it is in the list"),
        };
        let called = l1_with(chain_id, &challenge).call(DISPUTES_AT, &answer);
        assert_eq!(called.result.err(), None, "{place}");
        assert!(
            U256::from(called.gas) <= most,
            "{place}: {} gas, the bond is for {most}",
            called.gas
        );

        let mut forged = signed;
        forged.payments[0].amount ^= 1;
        let challenge = challenge_of(&hashes, place, digest(&forged), base_fee);
        let answer = answerCall {
            challenge: challenge.clone(),
            ..answer
        };
        let called = l1_with(chain_id, &challenge).call(DISPUTES_AT, &answer);
        assert!(called.result.is_err(), "{place}");
    }
}

fn challenge_of(
    hashes: &[B256],
    place: u32,
    digest: B256,
    base_fee: u64,
) -> IAuthorisationDisputes::Challenge {
    IAuthorisationDisputes::Challenge {
        number: 1,
        batchHash: BATCH_HASH,
        place,
        authRoot: list_root(hashes),
        authCount: hashes.len() as u32,
        digest,
        baseFee: base_fee,
        deadline: u64::MAX,
        bond: 1,
        challenger: CALLER,
    }
}

/// As the documentation of `Challenge` says.
fn digest(signed: &Signed) -> B256 {
    let payments: Vec<(Address, u128)> = signed
        .payments
        .iter()
        .map(|Payment { recipient, amount }| (*recipient, *amount))
        .collect();
    let kind = U256::from(signed.kind);
    let nonce = U256::from(signed.nonce);
    keccak256((signed.sender, nonce, kind, signed.token, payments).abi_encode_params())
}

/// Where that challenge is open.
fn l1_with(chain_id: u64, challenge: &IAuthorisationDisputes::Challenge) -> Evm {
    let mut evm = Evm::default();
    evm.deploy(ROLLUP_AT, &ROLLUP, []);
    let immutables = [
        ("_chainId", U256::from(chain_id).into()),
        ("rollup", ROLLUP_AT.into_word()),
    ];
    evm.deploy(DISPUTES_AT, &AUTHORISATION_DISPUTES, immutables);
    let id = keccak256((BATCH_HASH, challenge.place).abi_encode_packed());
    let record = keccak256(challenge.abi_encode());
    evm.store(DISPUTES_AT, mapped(id, RECORDS), record.into());
    let one = U256::from(1);
    evm.store(ROLLUP_AT, mapped(BATCH_HASH, OPEN_CHALLENGES), one);
    evm.store(ROLLUP_AT, mapped(DISPUTES_AT.into_word(), IS_DISPUTES), one);
    evm
}
