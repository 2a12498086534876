//! Random transactions as encoded items, so that any bytes can stand in the place of one, before it is signed or after.

use alloy_consensus::crypto::secp256k1::sign_message;
use alloy_primitives::ruint::UintTryFrom;
use alloy_primitives::{B256, U256, keccak256};
use rand::Rng as _;
use rand::rngs::StdRng;

use super::calls::{Call, amount};
use super::mutations;

/// A signed transaction in items.
pub(super) struct Draft {
    /// The type, 0 to 2.
    form: u8,
    items: Vec<Vec<u8>>,
}

impl Draft {
    /// A transaction for that chain, or nearly one.
    pub(super) fn random(rng: &mut StdRng, chain_id: u64) -> Self {
        let mut draft = Self::unsigned(rng, chain_id);
        if rng.random_ratio(1, 4) {
            let place = rng.random_range(0..draft.items.len());
            mutations::of_item(rng, chain_id, &mut draft.items[place]);
        }
        let unsigned = draft.items.len();
        draft.sign(rng, chain_id);
        if rng.random_ratio(1, 5) {
            let place = rng.random_range(unsigned..draft.items.len());
            mutations::of_item(rng, chain_id, &mut draft.items[place]);
        }
        draft
    }

    fn unsigned(rng: &mut StdRng, chain_id: u64) -> Self {
        let form = rng.random_range(0..3);
        let call = Call::random(rng);
        let nonce = if rng.random_ratio(1, 32) {
            u64::MAX - rng.random_range(0..2)
        } else {
            amount(rng) as u64
        };
        let mut items = vec![];
        if form != 0 {
            items.push(integer(chain_id));
        }
        items.push(integer(nonce));
        if form == 2 {
            items.push(integer(amount(rng)));
        }
        items.push(integer(amount(rng)));
        items.push(integer(call.gas_limit));
        items.push(string(call.to.as_slice()));
        items.push(integer(call.value));
        items.push(string(&call.data));
        if form != 0 {
            items.push(list(&[]));
        }
        Self { form, items }
    }

    fn sign(&mut self, rng: &mut StdRng, chain_id: u64) {
        let replay_protection = match self.form {
            0 => vec![integer(chain_id), integer(0_u8), integer(0_u8)],
            _ => vec![],
        };
        let signed = Self {
            form: self.form,
            items: [self.items.clone(), replay_protection].concat(),
        };
        let signature = sign_message(key(rng), keccak256(signed.encode())).expect("a valid key");
        let parity = u64::from(signature.v());
        let v = if self.form == 0 {
            35 + 2 * chain_id + parity
        } else {
            parity
        };
        let numbers = [U256::from(v), signature.r(), signature.s()];
        self.items.extend(numbers.map(integer));
    }

    /// The bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let list = list(&self.items.concat());
        match self.form {
            0 => list,
            form => [vec![form], list].concat(),
        }
    }
}

/// The canonical encoding of an integer.
pub(super) fn integer<N>(value: N) -> Vec<u8>
where
    U256: UintTryFrom<N>,
{
    string(&U256::from(value).to_be_bytes_trimmed_vec())
}

/// The canonical encoding of bytes.
pub(super) fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte] if *byte < 0x80 => vec![*byte],
        _ => with_header(0x80, bytes),
    }
}

/// A list of encoded items.
pub(super) fn list(items: &[u8]) -> Vec<u8> {
    with_header(0xc0, items)
}

fn with_header(base: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let header = match length {
        0..=55 => vec![base + length as u8],
        56..=0xff => vec![base + 56, length as u8],
        _ => vec![base + 57, (length >> 8) as u8, length as u8],
    };
    [&header[..], payload].concat()
}

/// A secret key.
fn key(rng: &mut StdRng) -> B256 {
    let mut key: [u8; 32] = rng.random();
    // Below 2^255 is below the order of the group.
    key[0] &= 0x7f;
    key[31] |= 1;
    key.into()
}
