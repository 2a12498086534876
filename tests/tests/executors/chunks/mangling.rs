//! Witnesses that are not what they should be.

use alloy_primitives::{B256, U256};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use spillway_bridge_contracts::TransitionDisputes::executeCall;

/// Bytes of a packed account before its token list, and of an entry of that.
const ACCOUNT_BYTES: usize = 49;
const ENTRY_BYTES: usize = 17;

/// Changes the witness somewhere, in a way that may leave it as it was.
pub(super) fn mangle(rng: &mut StdRng, call: &mut executeCall) {
    let witness = &mut call.witness;
    match rng.random_range(0..15) {
        12..15 => witness.accounts = padded(rng, &witness.accounts).into(),
        0..4 => witness.accounts = mangled(rng, &witness.accounts).into(),
        4..6 => mangle_hashes(rng, &mut witness.siblings),
        6 => mangle_hashes(rng, &mut witness.peaks),
        7..9 => {
            let count = witness.messages.len();
            if count == 0 {
                witness.messages.push(bytes(rng, 39).into());
            } else {
                let at = rng.random_range(0..count);
                witness.messages[at] = mangled(rng, &witness.messages[at]).into();
            }
        }
        9 => witness.holder = U256::from(rng.random_range(0..120)),
        _ => mangle_state(rng, call),
    }
}

fn mangle_state(rng: &mut StdRng, call: &mut executeCall) {
    let state = &mut call.witness.state;
    match rng.random_range(0..10) {
        0 => state.accountsRoot = hash(rng),
        1 => state.withdrawalsRoot = hash(rng),
        2 => state.accountCount ^= 1 << rng.random_range(0..32),
        3 => state.withdrawalCount ^= 1 << rng.random_range(0..32),
        4 => state.inboxCount ^= 1 << rng.random_range(0..64),
        5 => state.authorisedCount ^= 1 << rng.random_range(0..64),
        6 => state.blockNumber ^= 1 << rng.random_range(0..64),
        7 => state.timestamp ^= 1 << rng.random_range(0..64),
        8 => state.baseFee ^= 1 << rng.random_range(0..64),
        _ => call.rootBefore = hash(rng),
    }
}

/// The accounts with an entry of zero put into a token list somewhere: the list's hash leaves zeros out.
fn padded(rng: &mut StdRng, accounts: &[u8]) -> Vec<u8> {
    let mut lists = Vec::new();
    let mut at = 0;
    while at < accounts.len() {
        let list = at + ACCOUNT_BYTES;
        let (known, count) = (accounts[list] == 1, usize::from(accounts[list + 1]));
        if known && count < 255 {
            lists.push((list, count));
        }
        at = list + if known { 2 + ENTRY_BYTES * count } else { 33 };
    }
    let mut padded = accounts.to_vec();
    let Some((list, count)) = lists.choose(rng).copied() else {
        return padded;
    };
    let place = list + 2 + ENTRY_BYTES * rng.random_range(0..=count);
    let mut entry = [0; ENTRY_BYTES];
    entry[0] = rng.random();
    padded.splice(place..place, entry);
    padded[list + 1] += 1;
    padded
}

/// Bytes flipped, cut off, put in, put elsewhere.
fn mangled(rng: &mut StdRng, whole: &[u8]) -> Vec<u8> {
    let mut whole = whole.to_vec();
    let at = rng.random_range(0..whole.len());
    match rng.random_range(0..5) {
        0 => whole[at] ^= 1 << rng.random_range(0..8),
        1 => whole.truncate(at),
        2 => {
            let more = bytes(rng, 1 + at % 60);
            whole.splice(at..at, more);
        }
        3 => {
            let half = whole.split_off(at);
            whole = [half, whole].concat();
        }
        _ => {
            let end = rng.random_range(at..=whole.len());
            whole.drain(at..end);
        }
    }
    whole
}

fn mangle_hashes(rng: &mut StdRng, hashes: &mut Vec<B256>) {
    let at = rng.random_range(0..=hashes.len());
    match rng.random_range(0..4) {
        0 if at < hashes.len() => hashes[at] = hash(rng),
        1 if at < hashes.len() => drop(hashes.remove(at)),
        2 if at < hashes.len() => {
            let other = rng.random_range(0..hashes.len());
            hashes.swap(at, other);
        }
        _ => hashes.insert(at, if rng.random() { hash(rng) } else { B256::ZERO }),
    }
}

fn hash(rng: &mut StdRng) -> B256 {
    B256::from(rng.random::<[u8; 32]>())
}

fn bytes(rng: &mut StdRng, count: usize) -> Vec<u8> {
    (0..count).map(|_| rng.random()).collect()
}
