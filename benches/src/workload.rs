//! The transfers of one round: drawn from the seed, then signed, all before the clock starts.

use crate::accounts::{Fleet, derive};
use crate::zipf::Zipf;
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, TxKind, U256};
use alloy_signer::SignerSync;
use alloy_signer_local::Secp256k1Signer;
use anyhow::Result;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rayon::prelude::*;

/// Gas of an ETH transfer; wallets hard-code it.
pub const TRANSFER_GAS: u64 = 21_000;

/// Amounts are whole multiples of this many wei (0.000001 ETH).
pub const AMOUNT_UNIT_WEI: u128 = 1_000_000_000_000;

/// A transfer that is drawn but not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Index into [`Fleet::senders`].
    pub sender: usize,
    /// Index into [`Fleet::recipients`].
    pub recipient: usize,
    /// In wei.
    pub amount: u128,
}

/// A signed transfer as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Index into [`Fleet::senders`].
    pub sender: usize,
    /// The EIP-2718 encoding.
    pub raw: Vec<u8>,
    /// The transaction hash that the node must answer with.
    pub hash: B256,
}

/// What every transaction of a round has in common.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The chain that the signatures bind to.
    pub chain_id: u64,
    /// Highest fee per gas, in wei.
    pub max_fee: u128,
}

/// Draws `count` transfers: senders take turns, recipients are Zipf(1.0), amounts have two to four
/// digits, each length equally often. `label` separates the rounds of one seed.
#[must_use]
pub fn draw(seed: u64, label: &str, count: usize, fleet: &Fleet) -> Vec<Planned> {
    let mut rng = StdRng::from_seed(derive(seed, label, count).0);
    let zipf = Zipf::new(fleet.recipients.len());
    (0..count)
        .map(|index| Planned {
            sender: index % fleet.senders.len(),
            recipient: zipf.draw(&mut rng),
            amount: draw_amount(&mut rng),
        })
        .collect()
}

/// An amount of two to four digits, in wei; each number of digits is equally likely.
pub(crate) fn draw_amount(rng: &mut impl Rng) -> u128 {
    let lowest = 10u128.pow(rng.random_range(1..=3));
    rng.random_range(lowest..lowest * 10) * AMOUNT_UNIT_WEI
}

/// Signs the plan on all cores. `next_nonces` holds the next nonce of each sender and is not changed;
/// a sender's transfers take consecutive nonces in the order of the plan.
///
/// # Errors
/// If the signer fails.
pub fn sign(
    plan: &[Planned],
    fleet: &Fleet,
    next_nonces: &[u64],
    terms: Terms,
) -> Result<Vec<Signed>> {
    let mut nonces = next_nonces.to_vec();
    let with_nonce: Vec<(Planned, u64)> = plan
        .iter()
        .map(|planned| {
            let nonce = nonces[planned.sender];
            nonces[planned.sender] += 1;
            (*planned, nonce)
        })
        .collect();
    with_nonce
        .into_par_iter()
        .map(|(planned, nonce)| {
            let signer = &fleet.senders[planned.sender];
            let to = fleet.recipients[planned.recipient];
            let (raw, hash) = sign_transfer(signer, to, planned.amount, nonce, terms)?;
            Ok(Signed {
                sender: planned.sender,
                raw,
                hash,
            })
        })
        .collect()
}

/// Signs one type-2 transfer: its encoding and its hash.
///
/// # Errors
/// If the signer fails.
pub fn sign_transfer(
    signer: &Secp256k1Signer,
    to: Address,
    amount: u128,
    nonce: u64,
    terms: Terms,
) -> Result<(Vec<u8>, B256)> {
    let transaction = TxEip1559 {
        chain_id: terms.chain_id,
        nonce,
        gas_limit: TRANSFER_GAS,
        max_fee_per_gas: terms.max_fee,
        max_priority_fee_per_gas: 0,
        to: TxKind::Call(to),
        value: U256::from(amount),
        ..Default::default()
    };
    let signature = signer.sign_hash_sync(&transaction.signature_hash())?;
    let signed = transaction.into_signed(signature);
    Ok((signed.encoded_2718(), *signed.hash()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::{Transaction, TxEnvelope, transaction::SignerRecoverable};
    use alloy_eips::eip2718::Decodable2718;

    const TERMS: Terms = Terms {
        chain_id: 51_717,
        max_fee: 1_000_000_000,
    };

    #[test]
    fn a_round_repeats_from_its_seed_and_differs_by_label() {
        let fleet = Fleet::derive(3, 4, 50).unwrap();
        let plan = draw(3, "single/0", 100, &fleet);
        assert_eq!(plan, draw(3, "single/0", 100, &fleet));
        assert_ne!(plan, draw(3, "single/1", 100, &fleet));
    }

    #[test]
    fn amounts_have_two_to_four_digits() {
        let fleet = Fleet::derive(3, 4, 50).unwrap();
        for planned in draw(3, "single/0", 1000, &fleet) {
            let units = planned.amount / AMOUNT_UNIT_WEI;
            assert!((10..10_000).contains(&units), "{units}");
            assert_eq!(planned.amount % AMOUNT_UNIT_WEI, 0);
        }
    }

    #[test]
    fn signed_transfers_decode_to_the_plan_with_consecutive_nonces() {
        let fleet = Fleet::derive(3, 4, 50).unwrap();
        let plan = draw(3, "single/0", 12, &fleet);
        let signed = sign(&plan, &fleet, &[5, 0, 9, 1], TERMS).unwrap();
        let mut nonces = [5, 0, 9, 1];
        for (planned, signed) in plan.iter().zip(&signed) {
            let envelope = TxEnvelope::decode_2718(&mut signed.raw.as_slice()).unwrap();
            let sender = fleet.senders[planned.sender].address();
            assert_eq!(envelope.recover_signer().unwrap(), sender);
            assert_eq!(envelope.nonce(), nonces[planned.sender]);
            assert_eq!(envelope.to(), Some(fleet.recipients[planned.recipient]));
            assert_eq!(envelope.value(), U256::from(planned.amount));
            assert_eq!(*envelope.tx_hash(), signed.hash);
            nonces[planned.sender] += 1;
        }
    }
}
