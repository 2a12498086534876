//! What the proof of a typical chunk takes when there are a million accounts. L1 believes the state because batch 1 claims it.
//!
//!     cargo test --release -p spillway-verifier --test verifier gas -- --ignored --nocapture

use std::sync::Arc;

use alloy_primitives::Address;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway_protocol::account::Account;
use spillway_protocol::block::BlockHeader;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::{Counters, State};
use spillway_protocol::token::{ETH, TokenTable};
use spillway_verifier::derivation::fetch_blobs;
use spillway_verifier::disputes::{Case, Evidence, prove};
use spillway_verifier::replay::{Ledger, TransitionFault, Wrong, WrongKind};

use super::costs::Costs;
use super::court::{Court, Form};
use super::forging::{Draft, Ground, transfer};
use super::l1::PROVER;

const ACCOUNTS: u32 = 1_000_000;
/// Bytes of a transfer with a short amount.
const TRANSFER_BYTES: usize = 8;

/// A state with so many accounts that nobody has ever executed.
fn city() -> Ground {
    let funded = (0..ACCOUNTS).map(|number| Account {
        address: Address::left_padding_from(&(number + 1).to_be_bytes()),
        eth: 10_u128.pow(24),
        ..Account::default()
    });
    let counters = Counters {
        block_number: 1,
        base_fee: 1_000,
        ..Counters::default()
    };
    let state = State::import(funded, counters).unwrap();
    let tree = StateTree::build(&state, std::iter::empty()).unwrap();
    Ground {
        state,
        tree,
        ..Ground::genesis(TokenTable::default(), Vec::new())
    }
}

/// Fills the chunk with transfers: accounts by Zipf's law with exponent 1, amounts of two to four digits.
fn typical(draft: &mut Draft<'_>, random: &mut StdRng) {
    let mut account = || f64::from(ACCOUNTS).powf(random.random::<f64>()) as u32 - 1;
    let pairs: Vec<_> = (0..64).map(|_| (account(), account())).collect();
    for (from, to) in pairs {
        if draft.room() < TRANSFER_BYTES {
            break;
        }
        let amount = random.random_range(10..10_000) * 10_u128.pow(14);
        draft.push(&transfer(from, to, ETH, amount));
    }
}

#[ignore = "builds a state of a million accounts"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typical_chunk_at_a_million_accounts() {
    let court = Court::new().await;
    let mut city = city();
    let mut claim = Ground::genesis(TokenTable::default(), Vec::new()).forge(0, |_| ());
    claim.header.state_root = city.tree.root(&city.state);
    court.post(Form::Calldata, &claim, None).await;
    city.parent = claim.header_hash();

    let mut costs = Costs::default();
    let mut random = StdRng::seed_from_u64(1);
    for form in [Form::Calldata, Form::Blobs] {
        let batch = city.forge(1, |draft| {
            typical(draft, &mut random);
            draft.claim = Some(Default::default());
        });
        court.post(form, &batch, None).await;
        let fault = TransitionFault::OtherRoot {
            claimed: Default::default(),
            derived: Default::default(),
        };
        let wrong = Wrong {
            batch: 2,
            kind: WrongKind::Transition { chunk: 1, fault },
        };
        let posted = court.l1.batches().await;
        let newest = Arc::new(posted[posted.len() - 1].clone());
        let evidence = Evidence {
            wrong,
            case: Case {
                batch: Arc::clone(&newest),
                parent: Some(Arc::new(posted[0].clone())),
                ledger: Ledger::of_snapshot(
                    city.state.clone(),
                    city.tree.clone(),
                    BlockHeader::genesis(),
                    1,
                ),
                messages: Vec::new(),
                tokens: TokenTable::default(),
            },
        };
        let blobs = fetch_blobs(&court.blobs, &newest).await.unwrap();
        let began = std::time::Instant::now();
        let proof = prove(&evidence, &blobs, &court.l1.deployment.disputes).unwrap();
        println!("{form:?}: made in {:?}", began.elapsed());
        court.l1.call_as(PROVER, proof.to, proof.calldata).await;
        let cost = court.l1.cost_of_the_last_fall().await;
        costs.note(wrong.kind.dispute(), &format!("{form:?}"), cost);
        court.l1.stake(super::l1::SEQUENCER).await;
    }
    costs.print("a typical chunk at a million accounts");
}
