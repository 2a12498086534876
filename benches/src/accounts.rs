//! The accounts of a run: the funded development accounts, and fresh senders and recipients.

use alloy_primitives::{Address, keccak256};
use alloy_signer_local::{MnemonicBuilder, Secp256k1Signer, coins_bip39::English};
use anyhow::{Context, Result};
use rayon::prelude::*;

/// The development mnemonic that Spillway's `dev` and anvil both fund.
pub const DEV_MNEMONIC: &str = "test test test test test test test test test test test junk";

/// How many accounts of [`DEV_MNEMONIC`] are funded on a development node.
pub const DEV_ACCOUNTS: u32 = 20;

/// Senders and recipients, derived from the seed alone, so that a run can be repeated.
#[derive(Debug)]
pub struct Fleet {
    /// Who signs. All keys differ from the recipients'.
    pub senders: Vec<Secp256k1Signer>,
    /// Who is paid, by Zipf rank. Nobody holds a key to these.
    pub recipients: Vec<Address>,
}

impl Fleet {
    /// Derives `senders` keys and `recipients` addresses from `seed`.
    ///
    /// # Errors
    /// If a derived key is not on the curve (chance 2^-128): take another seed.
    pub fn derive(seed: u64, senders: usize, recipients: usize) -> Result<Self> {
        let senders = (0..senders)
            .into_par_iter()
            .map(|index| {
                Secp256k1Signer::from_bytes(&derive(seed, "sender", index))
                    .context("derived key is not valid, take another --seed")
            })
            .collect::<Result<_>>()?;
        let recipients = (0..recipients)
            .map(|index| Address::from_slice(&derive(seed, "recipient", index)[12..]))
            .collect();
        Ok(Self {
            senders,
            recipients,
        })
    }
}

/// 32 bytes that depend on the seed, the purpose and the index.
#[must_use]
pub fn derive(seed: u64, purpose: &str, index: usize) -> alloy_primitives::B256 {
    keccak256(format!("spillway-benches/{purpose}/{seed}/{index}"))
}

/// The funded accounts of a development node.
///
/// # Errors
/// If the mnemonic cannot be expanded, which would be a fault of the library.
pub fn dev_accounts() -> Result<Vec<Secp256k1Signer>> {
    (0..DEV_ACCOUNTS)
        .map(|index| {
            let signer = MnemonicBuilder::<English>::default()
                .phrase(DEV_MNEMONIC)
                .index(index)?
                .build()?;
            Ok(Secp256k1Signer::from_bytes(&signer.to_bytes())?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::address;

    #[test]
    fn the_first_dev_account_is_the_well_known_one() {
        let first = dev_accounts().unwrap()[0].address();
        assert_eq!(first, address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
    }

    #[test]
    fn a_seed_gives_the_same_fleet_again_and_another_seed_another() {
        let first = Fleet::derive(1, 3, 2).unwrap();
        let again = Fleet::derive(1, 3, 2).unwrap();
        let other = Fleet::derive(2, 3, 2).unwrap();
        assert_eq!(first.recipients, again.recipients);
        assert_eq!(first.senders[2].address(), again.senders[2].address());
        assert_ne!(first.senders[2].address(), other.senders[2].address());
    }
}
