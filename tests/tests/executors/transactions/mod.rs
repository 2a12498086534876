//! A wallet transaction is read by the contract and by admission: the same fields, or refused for the same reason.
//!
//! `SPILLWAY_CASES` sets how many, `SPILLWAY_SEED` the first one's seed: a difference prints its own, and the bytes.

mod answers;
mod calls;
mod drafts;
mod faults;
mod mutations;
mod vectors;

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use spillway_bridge_contracts::AUTHORISATION_DISPUTES;
use spillway_bridge_contracts::AuthorisationDisputes::{Payment, Signed, decodeCall};
use spillway_protocol::transaction::{Asset, Intent};
use spillway_sequencer::admission::{AdmissionError, Admitted, admit};

use crate::evm::Evm;
use crate::runs::{cases_wanted, first_seed, in_parallel};
use drafts::Draft;
use faults::{FAULTS, fault_in_l1, fault_in_rust};

const CASES: u64 = 20_000;
/// With fewer cases, some outcome may not come up: the rarest does once in a thousand.
const CASES_FOR_EVERY_OUTCOME: u64 = CASES;
const DISPUTES_AT: Address = Address::repeat_byte(0xd1);

#[test]
fn the_contract_and_rust_agree_on_every_transaction() {
    let chains = vectors::CHAIN_IDS.map(Chain::new);
    let samples = vectors::all_bytes();
    let first = first_seed();
    let cases = cases_wanted(CASES);
    let outcomes = in_parallel(first..first.saturating_add(cases), |seed| {
        let chain = &chains[(seed % 2) as usize];
        let raw = random_bytes(&mut StdRng::seed_from_u64(seed), chain.id, &samples);
        chain.compare(&raw, &format!("SPILLWAY_SEED={seed}"))
    });
    let mut tally = BTreeMap::<String, u64>::new();
    for outcome in outcomes {
        *tally.entry(outcome).or_default() += 1;
    }
    println!("{tally:#?}");
    if cases >= CASES_FOR_EVERY_OUTCOME {
        let accepted = ["Transfer", "Withdraw", "Payout"]
            .map(|kind| [format!("{kind} of ETH"), format!("{kind} of a token")]);
        let refused = FAULTS.map(str::to_owned);
        for outcome in accepted.into_iter().flatten().chain(refused) {
            assert!(tally.contains_key(&outcome), "no case came to {outcome}");
        }
    }
}

/// Every one of the protocol's golden vectors, on both chains.
#[test]
fn the_contract_and_rust_agree_on_the_vectors() {
    for chain in vectors::CHAIN_IDS.map(Chain::new) {
        for raw in vectors::all_bytes() {
            chain.compare(&raw, "vector");
        }
    }
}

/// A transaction of a draft or of the vectors, in most cases changed once or twice.
fn random_bytes(rng: &mut StdRng, chain_id: u64, samples: &[Vec<u8>]) -> Vec<u8> {
    let mut raw = if rng.random_ratio(1, 8) {
        samples[rng.random_range(0..samples.len())].clone()
    } else {
        Draft::random(rng, chain_id).encode()
    };
    if rng.random_ratio(1, 3) {
        mutations::of_bytes(rng, &mut raw);
    }
    raw
}

/// A contract that reads transactions of one chain.
struct Chain {
    id: u64,
    evm: Evm,
}

impl Chain {
    fn new(id: u64) -> Self {
        let mut evm = Evm::default();
        let chain_id = ("_chainId", B256::from(U256::from(id)));
        evm.deploy(DISPUTES_AT, &AUTHORISATION_DISPUTES, [chain_id]);
        Self { id, evm }
    }

    /// Holds the two readers against each other, and answers what both said.
    fn compare(&self, raw: &[u8], case: &str) -> String {
        let raw = Bytes::copy_from_slice(raw);
        let in_rust = admit(raw.clone(), self.id);
        let call = decodeCall { raw: raw.clone() };
        let in_l1 = self.evm.call(DISPUTES_AT, &call).result;
        let said = format!(
            "{case} chain {} {}: Rust {in_rust:?}, L1 {in_l1:?}",
            self.id,
            hex::encode(&raw)
        );
        match (in_rust, in_l1) {
            (Ok(admitted), Ok(signed)) => {
                assert_eq!(signed_by(&admitted), signed, "{said}");
                name_of(&admitted.intent)
            }
            (Err(error), Err(data)) => {
                let fault = fault_in_l1(&data).expect(&said);
                assert_eq!(fault_in_rust(&error), fault, "{said}");
                fault.to_owned()
            }
            _ => panic!("{said}"),
        }
    }
}

/// What the contract must say of an admitted transaction.
fn signed_by(admitted: &Admitted) -> Signed {
    let payment = |(recipient, amount)| Payment { recipient, amount };
    let (kind, payments) = match &admitted.intent {
        Intent::Transfer {
            recipient, amount, ..
        } => (0, vec![(*recipient, *amount)]),
        Intent::Withdraw {
            recipient, amount, ..
        } => (1, vec![(*recipient, *amount)]),
        Intent::Payout { payees, .. } => (
            2,
            payees
                .iter()
                .map(|payee| (payee.recipient, payee.amount))
                .collect(),
        ),
    };
    let token = match admitted.intent.asset() {
        Asset::Eth => Address::ZERO,
        Asset::Token(token) => token,
    };
    Signed {
        sender: admitted.signer(),
        nonce: admitted.nonce,
        kind,
        token,
        maxFee: admitted.max_fee_per_gas,
        payments: payments.into_iter().map(payment).collect(),
    }
}

fn name_of(intent: &Intent) -> String {
    let kind = match intent {
        Intent::Transfer { .. } => "Transfer",
        Intent::Withdraw { .. } => "Withdraw",
        Intent::Payout { .. } => "Payout",
    };
    let asset = match intent.asset() {
        Asset::Eth => "ETH",
        Asset::Token(_) => "a token",
    };
    format!("{kind} of {asset}")
}
