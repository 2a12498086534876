//! Changes that break a rule, or move to the edge of one.

use alloy_primitives::{U256, uint};
use rand::Rng as _;
use rand::rngs::StdRng;

use super::calls::{bytes, edge};
use super::drafts::{integer, list, string};

/// The order of secp256k1.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
/// Bytes of a transaction, at most.
const TRANSACTION_BYTES_MAX: usize = 8_192;

/// Puts something else in the place of an encoded item: another value, another encoding, another kind, nothing, or two.
pub(super) fn of_item(rng: &mut StdRng, chain_id: u64, item: &mut Vec<u8>) {
    *item = match rng.random_range(0..13) {
        0..=2 => integer(edge(rng)),
        3 => integer(signature_edge(rng)),
        4 => integer(v_edge(rng, chain_id)),
        5 => string(&[&[0], &bytes(rng, 33)[..]].concat()),
        6 => string(&bytes(rng, 70)),
        7 => list(&bytes(rng, 3)),
        8 => vec![0x81, rng.random()],
        9 => overlong(rng, item),
        10 => vec![0xb8 + rng.random_range(0..8), rng.random(), rng.random()],
        11 => item.repeat(2),
        _ => vec![],
    };
}

/// A string whose length is written longer than it need be.
fn overlong(rng: &mut StdRng, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u8;
    let header = if rng.random() {
        vec![0xb8, length]
    } else {
        vec![0xb9, 0, length]
    };
    [header, payload.to_vec()].concat()
}

fn signature_edge(rng: &mut StdRng) -> U256 {
    let half = ORDER >> 1;
    let edges = [ORDER, half];
    let near = [U256::ZERO, U256::from(1), U256::MAX];
    edges[rng.random_range(0..2)].wrapping_add(near[rng.random_range(0..3)])
}

fn v_edge(rng: &mut StdRng, chain_id: u64) -> u64 {
    let edges = [
        0,
        1,
        2,
        26,
        27,
        28,
        29,
        34,
        35,
        36,
        chain_id,
        2 * chain_id + 34,
        2 * chain_id + 37,
    ];
    edges[rng.random_range(0..edges.len())]
}

/// Changes a few of the bytes, wherever they belong.
pub(super) fn of_bytes(rng: &mut StdRng, raw: &mut Vec<u8>) {
    for _ in 0..rng.random_range(1..3) {
        let place = rng.random_range(0..raw.len().max(1));
        match rng.random_range(0..10) {
            0..=2 if !raw.is_empty() => raw[place] = rng.random(),
            3 if !raw.is_empty() => raw[place] ^= 1 << rng.random_range(0..8),
            4 => raw.insert(place, rng.random()),
            5 if !raw.is_empty() => drop(raw.remove(place)),
            6 => raw.truncate(place),
            7 => raw.extend(bytes(rng, 3)),
            8 if !raw.is_empty() => raw[0] = rng.random_range(0..6),
            _ => lengthen(rng, raw),
        }
    }
}

/// To the limit, or beyond it.
fn lengthen(rng: &mut StdRng, raw: &mut Vec<u8>) {
    if rng.random_ratio(1, 4) {
        raw.resize(TRANSACTION_BYTES_MAX + rng.random_range(0..2), 0x80);
    }
}
