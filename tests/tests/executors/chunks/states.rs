//! Random states: few accounts, and everything else at its edges now and then.

use alloy_primitives::Address;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use spillway_protocol::account::{Account, TokenBalance, TokenBalances};
use spillway_protocol::inbox::InboxAccumulator;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::{Counters, State};
use spillway_protocol::token::TokenTable;
use spillway_protocol::withdrawal::Withdrawal;

/// Counts at which a reference or a pair takes one more byte, and around the accounts that a chunk may touch; and one so large that
/// the contract's guesses of where an account is are wrong now and then.
const ACCOUNT_COUNTS: [u32; 17] = [
    1, 2, 3, 4, 5, 16, 63, 64, 65, 111, 112, 113, 180, 254, 255, 256, 1_100,
];
/// Balances stay below it, so that no supply reaches 2^128 whatever is deposited.
const BALANCE_BITS: u32 = 112;

/// A state with its trees, and what L1 knows of its inbox.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub(super) state: State,
    pub(super) tree: StateTree,
    pub(super) accumulator: InboxAccumulator,
}

impl Ground {
    pub(super) fn random(rng: &mut StdRng, tokens: &TokenTable) -> Self {
        let count = *ACCOUNT_COUNTS.choose(rng).expect("it is not empty");
        let withdrawals: Vec<_> = (0..rng.random_range(0..20))
            .map(|i| withdrawal(rng, i))
            .collect();
        let counters = counters(rng, withdrawals.len() as u32);
        let accounts: Vec<_> = (0..count).map(|_| account(rng, tokens)).collect();
        let state = State::import(accounts.into_iter(), counters).expect("balances are small");
        let tree = StateTree::build(&state, withdrawals.into_iter()).expect("it has few leaves");
        let accumulator = if counters.inbox_count == 0 {
            InboxAccumulator::ZERO
        } else {
            InboxAccumulator::from(rng.random::<[u8; 24]>())
        };
        Self {
            state,
            tree,
            accumulator,
        }
    }
}

/// Usually somewhere in the middle, now and then so near the end that it cannot grow, or nothing.
fn counter(rng: &mut StdRng) -> u64 {
    match rng.random_range(0..24) {
        0 => 0,
        1 => u64::MAX - rng.random_range(0..3),
        _ => rng.random_range(1..1 << 40),
    }
}

fn counters(rng: &mut StdRng, withdrawal_count: u32) -> Counters {
    Counters {
        withdrawal_count,
        // L1 counts messages one by one.
        inbox_count: [0, rng.random_range(0..1 << 40)][rng.random_range(0..2)],
        authorised_count: counter(rng),
        block_number: counter(rng),
        timestamp: counter(rng),
        base_fee: match rng.random_range(0..12) {
            0 => 0,
            1 => u64::MAX,
            _ => rng.random_range(1..1 << 34),
        },
    }
}

fn withdrawal(rng: &mut StdRng, index: u32) -> alloy_primitives::B256 {
    let withdrawal = Withdrawal {
        account: address(rng),
        recipient: address(rng),
        token: rng.random(),
        amount: rng.random(),
    };
    withdrawal.leaf(index)
}

pub(super) fn address(rng: &mut StdRng) -> Address {
    Address::from(rng.random::<[u8; 20]>())
}

/// Any number of digits, of any length, with any number of zeros behind them.
pub(super) fn amount(rng: &mut StdRng, bits: u32) -> u128 {
    let raw = rng.random::<u128>() >> (128 - rng.random_range(1..=bits));
    if rng.random_ratio(1, 3) {
        return raw;
    }
    let unit = 10u128.pow(rng.random_range(0..=raw.checked_ilog10().unwrap_or(0)));
    let digits = raw / unit;
    (digits % 10u128.pow(rng.random_range(1..=4))) * unit
}

fn account(rng: &mut StdRng, tokens: &TokenTable) -> Account {
    Account {
        address: address(rng),
        nonce: if rng.random_ratio(1, 60) {
            u64::MAX
        } else {
            rng.random_range(0..1 << 30)
        },
        locked: rng.random_ratio(1, 16),
        eth: if rng.random_ratio(1, 8) {
            amount(rng, BALANCE_BITS)
        } else {
            rng.random::<u128>() >> 20
        },
        tokens: token_list(rng, tokens),
    }
}

fn token_list(rng: &mut StdRng, tokens: &TokenTable) -> TokenBalances {
    let listed = tokens.as_slice().len();
    let held = match rng.random_range(0..8) {
        0..4 => 0,
        4..7 => rng.random_range(0..6),
        _ => rng.random_range(0..256),
    };
    let mut ids: Vec<u8> = (1..listed).map(|id| id as u8).collect();
    let (chosen, _) = rand::seq::SliceRandom::partial_shuffle(&mut ids[..], rng, held);
    chosen.sort_unstable();
    let entries = chosen.iter().map(|token| TokenBalance {
        token: *token,
        amount: amount(rng, BALANCE_BITS).max(1),
    });
    TokenBalances::from_entries(entries.collect()).expect("ascending, and none zero")
}
