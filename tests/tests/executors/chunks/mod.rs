//! A chunk is executed by Rust and by the contract: the same root, or both say that it is invalid.
//!
//! `SPILLWAY_CASES` sets how many (a million takes half an hour), `SPILLWAY_SEED` the first one's seed: a difference prints its own.

mod cases;
mod demands;
pub(crate) mod l1;
mod mangling;
mod operations;
mod states;
mod tally;

use alloy_primitives::{Address, B256, U256};
use rand::SeedableRng;
use rand::rngs::StdRng;
use spillway_bridge_contracts::TransitionDisputes::{self, executeCall};
use spillway_protocol::chunk::{self, ChunkError};
use spillway_protocol::dispute::{self, Witness};
use spillway_protocol::token::TokenTable;

use crate::runs::{cases_wanted, first_seed, in_parallel};
use cases::Case;
use l1::{Answer, L1};
use tally::Tally;

const CASES: u64 = 20_000;

#[test]
fn the_contract_and_rust_agree_on_every_chunk() {
    let worlds = [0, 7, 255].map(World::new);
    let first = first_seed();
    let tally = in_parallel(first..first + cases_wanted(CASES), |seed| {
        let world = &worlds[(seed % 3) as usize];
        world.compare(seed)
    });
    let tally = tally.into_iter().fold(Tally::default(), Tally::with);
    println!("{tally}");
    tally.check_that_everything_happened();
}

/// Tokens that are listed, and an L1 on which they are.
struct World {
    tokens: TokenTable,
    l1: L1,
}

impl World {
    fn new(listed: u8) -> Self {
        let mut tokens = TokenTable::default();
        for id in 1..=listed {
            tokens
                .list(Address::repeat_byte(id), id % 39)
                .expect("there is room, and 38 decimals are allowed");
        }
        let l1 = L1::new(&tokens);
        Self { tokens, l1 }
    }

    /// Holds both executors against each other, with the right witness and with a mangled one.
    fn compare(&self, seed: u64) -> Tally {
        let case = Case::random(seed, &self.tokens);
        let verdict = self.in_rust(&case);
        let proof = dispute::prove(
            &case.ground.state,
            &case.ground.tree,
            &case.chunk,
            &case.messages,
            &self.tokens,
        )
        .expect("the tree is the state's");
        assert_eq!(proof.verdict, verdict.map(drop), "seed {seed}");

        let mut l1 = self.l1.clone();
        let consumed = case.ground.state.counters().inbox_count;
        l1.send(consumed, case.ground.accumulator, &case.messages);
        let mut call = executeCall {
            rootBefore: proof.witness.state.root(),
            chunk: case.chunk.into(),
            inboxEnd: consumed + case.messages.len() as u64,
            witness: encoded(&proof.witness),
        };
        let (answer, gas) = l1.execute(&call);
        assert_eq!(
            answer,
            Answer::Executed(verdict.ok()),
            "seed {seed}: {verdict:?}"
        );

        // A mangled witness is refused, or what it says of a valid chunk is true.
        let rng = &mut StdRng::seed_from_u64(!seed);
        mangling::mangle(rng, &mut call);
        let (mangled, _) = l1.execute(&call);
        if verdict.is_ok() && mangled != Answer::Refused {
            assert_eq!(mangled, answer, "seed {seed}, mangled");
        }
        Tally::of(&proof, mangled == Answer::Refused, gas)
    }

    fn in_rust(&self, case: &Case) -> Result<B256, ChunkError> {
        let (mut state, mut tree) = (case.ground.state.clone(), case.ground.tree.clone());
        let mut messages = case.messages.iter();
        chunk::execute(
            &mut state,
            &mut tree,
            &case.chunk,
            &mut messages,
            &self.tokens,
        )
    }
}

/// A witness as the contract takes it.
pub(crate) fn encoded(witness: &Witness) -> TransitionDisputes::Witness {
    let state = &witness.state;
    TransitionDisputes::Witness {
        state: TransitionDisputes::State {
            accountsRoot: state.accounts_root,
            withdrawalsRoot: state.withdrawals_root,
            accountCount: state.account_count,
            withdrawalCount: state.counters.withdrawal_count,
            inboxCount: state.counters.inbox_count,
            authorisedCount: state.counters.authorised_count,
            blockNumber: state.counters.block_number,
            timestamp: state.counters.timestamp,
            baseFee: state.counters.base_fee,
        },
        accounts: witness.accounts.clone().into(),
        siblings: witness.siblings.clone(),
        messages: witness
            .messages
            .iter()
            .map(|message| message.as_bytes().to_vec().into())
            .collect(),
        peaks: witness.peaks.clone(),
        holder: witness.holder.map_or(U256::MAX, U256::from),
    }
}
