//! Random calls: of every meaning, or nearly of one.

use alloy_primitives::{Address, B256, U256};
use rand::rngs::StdRng;
use rand::{Rng as _, RngCore as _};
use spillway_protocol::gas;
use spillway_protocol::transaction::{
    PAYOUT_PREDEPLOY, Payee, WITHDRAW_PREDEPLOY, encode_payout_call, encode_payout_token_call,
    encode_transfer_call, encode_withdraw_call, encode_withdraw_token_call,
};

/// Whom a transaction calls, how, and with how much gas.
pub(super) struct Call {
    pub(super) to: Address,
    pub(super) value: u128,
    pub(super) data: Vec<u8>,
    pub(super) gas_limit: u64,
}

/// Memos around their limit of 256 bytes.
const MEMO_LENGTHS: [usize; 6] = [0, 1, 31, 255, 256, 257];

impl Call {
    pub(super) fn random(rng: &mut StdRng) -> Self {
        let mut call = Self::meaningful(rng);
        if rng.random_ratio(1, 4) {
            disturb(rng, &mut call.data);
        }
        if rng.random_ratio(1, 12) {
            call.value = amount(rng);
        }
        if rng.random_ratio(1, 6) {
            call.gas_limit = gas_limit(rng, call.gas_limit);
        }
        call
    }

    /// With exactly the gas that it takes.
    fn meaningful(rng: &mut StdRng) -> Self {
        let (recipient, token, amount) = (address(rng), address(rng), amount(rng));
        let payees = payees(rng);
        let sum = payees
            .iter()
            .fold(0_u128, |sum, payee| sum.wrapping_add(payee.amount));
        let payout = gas::PAYOUT_BASE + gas::PAYOUT_PER_RECIPIENT * payees.len() as u64;
        let (to, value, data, gas_limit) = match rng.random_range(0..8) {
            0 | 1 => (recipient, amount, memo(rng), gas::TRANSFER_ETH),
            2 | 3 => {
                let data = [encode_transfer_call(recipient, amount), memo(rng)].concat();
                (token, 0, data, gas::TRANSFER_TOKEN)
            }
            4 => (
                WITHDRAW_PREDEPLOY,
                amount,
                encode_withdraw_call(recipient),
                gas::WITHDRAW,
            ),
            5 => {
                let data = encode_withdraw_token_call(token, amount, recipient);
                (WITHDRAW_PREDEPLOY, 0, data, gas::WITHDRAW)
            }
            6 => (PAYOUT_PREDEPLOY, sum, encode_payout_call(&payees), payout),
            _ => (
                PAYOUT_PREDEPLOY,
                0,
                encode_payout_token_call(token, &payees),
                payout,
            ),
        };
        Self {
            to,
            value,
            data,
            gas_limit,
        }
    }
}

/// Makes the arguments almost right.
fn disturb(rng: &mut StdRng, data: &mut Vec<u8>) {
    match rng.random_range(0..6) {
        0 => data.truncate(rng.random_range(0..=data.len())),
        1 => data.extend(bytes(rng, 40)),
        2 if !data.is_empty() => {
            let place = rng.random_range(0..data.len());
            data[place] ^= rng.random::<u8>();
        }
        3 if !data.is_empty() => data[0] ^= 1,
        _ => set_word(rng, data),
    }
}

/// Puts a word that may be out of range in the place of one of the first few, where counts, offsets and addresses are.
fn set_word(rng: &mut StdRng, data: &mut [u8]) {
    let place = 4 + 32 * rng.random_range(0..6);
    if let Some(word) = data.get_mut(place..place + 32) {
        word.copy_from_slice(&edge(rng).to_be_bytes::<32>());
    }
}

/// A number at or beside the limit of something.
pub(super) fn edge(rng: &mut StdRng) -> U256 {
    let bits = [0, 1, 5, 6, 7, 8, 16, 63, 64, 127, 128, 160, 255];
    let power: U256 = U256::from(1) << bits[rng.random_range(0..bits.len())];
    match rng.random_range(0..5) {
        0 => power.wrapping_sub(U256::from(1)),
        1 => power + U256::from(1),
        2 => U256::from(rng.random_range(0..40_u64)),
        3 => U256::MAX,
        _ => power,
    }
}

/// Amounts of every length.
pub(super) fn amount(rng: &mut StdRng) -> u128 {
    rng.random::<u128>()
        .checked_shr(rng.random_range(0..=128))
        .unwrap_or(0)
}

pub(super) fn bytes(rng: &mut StdRng, length_max: usize) -> Vec<u8> {
    let mut bytes = vec![0; rng.random_range(0..=length_max)];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// Whether it is exactly right matters as much as whether it is far off.
fn gas_limit(rng: &mut StdRng, exact: u64) -> u64 {
    match rng.random_range(0..4) {
        0 => exact - 1,
        1 => exact + 1,
        2 => rng.random(),
        _ => u64::MAX,
    }
}

fn address(rng: &mut StdRng) -> Address {
    match rng.random_range(0..16) {
        0 => Address::ZERO,
        1 => PAYOUT_PREDEPLOY,
        2 => WITHDRAW_PREDEPLOY,
        _ => Address::from_word(B256::from(rng.random::<[u8; 32]>())),
    }
}

fn memo(rng: &mut StdRng) -> Vec<u8> {
    let mut memo = vec![0; MEMO_LENGTHS[rng.random_range(0..MEMO_LENGTHS.len())]];
    rng.fill_bytes(&mut memo);
    memo
}

/// Mostly few, at times at the limit or beyond; mostly with a sum that fits.
fn payees(rng: &mut StdRng) -> Vec<Payee> {
    let count = match rng.random_range(0..8) {
        0 => rng.random_range(62..=66),
        _ => rng.random_range(0..6),
    };
    let shift = if rng.random_ratio(1, 8) { 0 } else { 7 };
    let payee = |rng: &mut StdRng| Payee {
        recipient: address(rng),
        amount: amount(rng) >> shift,
    };
    (0..count).map(|_| payee(rng)).collect()
}
