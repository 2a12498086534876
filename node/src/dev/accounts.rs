//! The accounts of a development chain. Everybody knows their keys.

use alloy_primitives::{Address, B256};
use alloy_signer_local::coins_bip39::English;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner};
use anyhow::Result;

/// The words from which the accounts are derived, at m/44'/60'/0'/0/i: the same as in other development nodes.
pub(crate) const MNEMONIC: &str = "test test test test test test test test test test test junk";

/// How many are funded.
pub(crate) const FUNDED: u32 = 20;

/// The account that fees go to: the first that is not funded.
const FEE_ACCOUNT: u32 = FUNDED;

/// The sequencer's account on L1, which also posts batches in calldata.
const SEQUENCER: u32 = FUNDED + 1;

/// The account that posts batches in blobs: one account cannot do both.
const BLOB_POSTER: u32 = FUNDED + 2;

/// The account that proves, answers and challenges.
const VERIFIER: u32 = FUNDED + 3;

/// The account that claims withdrawals.
const RELAYER: u32 = FUNDED + 4;

/// The accounts that pay fast withdrawals: the one that pays, and its reserve.
const HOT: u32 = FUNDED + 5;
const COLD: u32 = FUNDED + 6;

/// How many there are, the operator's included.
pub(crate) const COUNT: u32 = COLD + 1;

/// An account with its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TestAccount {
    pub(crate) address: Address,
    pub(crate) key: B256,
}

impl TestAccount {
    /// Takes milliseconds.
    fn derive(index: u32) -> Result<Self> {
        let signer = MnemonicBuilder::<English>::default()
            .phrase(MNEMONIC)
            .index(index)?
            .build()?;
        Ok(Self {
            address: signer.address(),
            key: signer.to_bytes(),
        })
    }
}

/// All that a development chain has keys of.
#[derive(Debug)]
pub(crate) struct Accounts {
    /// Those that everybody may use, by index.
    pub(crate) funded: Vec<TestAccount>,
    /// Where fees go.
    pub(crate) fees: Address,
    /// The sequencer on L1: posts batches in calldata.
    pub(crate) sequencer: TestAccount,
    /// Posts batches in blobs, in the sequencer's name.
    pub(crate) blob_poster: TestAccount,
    /// Proves batches wrong, and answers challenges.
    pub(crate) verifier: TestAccount,
    /// Claims withdrawals.
    pub(crate) relayer: TestAccount,
    /// Pays fast withdrawals.
    pub(crate) hot: TestAccount,
    /// Its reserve.
    pub(crate) cold: TestAccount,
}

impl Accounts {
    /// Derives them all.
    pub(crate) fn derive() -> Result<Self> {
        Ok(Self {
            funded: funded()?,
            fees: fee_account()?,
            sequencer: TestAccount::derive(SEQUENCER)?,
            blob_poster: TestAccount::derive(BLOB_POSTER)?,
            verifier: TestAccount::derive(VERIFIER)?,
            relayer: TestAccount::derive(RELAYER)?,
            hot: TestAccount::derive(HOT)?,
            cold: TestAccount::derive(COLD)?,
        })
    }

    /// Who deploys, and pays for what the operator's accounts lack.
    pub(crate) fn deployer(&self) -> TestAccount {
        self.funded[0]
    }

    /// Everybody who sends transactions on L1.
    pub(crate) fn on_l1(&self) -> impl Iterator<Item = &TestAccount> {
        self.funded.iter().chain(self.operator())
    }

    /// Those of them that the operator uses.
    pub(crate) fn operator(&self) -> [&TestAccount; 6] {
        [
            &self.sequencer,
            &self.blob_poster,
            &self.verifier,
            &self.relayer,
            &self.hot,
            &self.cold,
        ]
    }
}

/// The funded accounts, by index.
fn funded() -> Result<Vec<TestAccount>> {
    (0..FUNDED).map(TestAccount::derive).collect()
}

/// Who deploys the contracts unless another key is given: the first that is funded.
pub(crate) fn deployer() -> Result<TestAccount> {
    TestAccount::derive(0)
}

/// The key of the account with that index, whether it is funded or the operator's.
pub(crate) fn signer(index: u32) -> Result<PrivateKeySigner> {
    Ok(PrivateKeySigner::from_bytes(
        &TestAccount::derive(index)?.key,
    )?)
}

/// Where fees go.
pub(crate) fn fee_account() -> Result<Address> {
    Ok(TestAccount::derive(FEE_ACCOUNT)?.address)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{address, b256};

    use super::*;

    #[test]
    fn the_well_known_addresses() {
        let accounts = funded().unwrap();
        assert_eq!(accounts.len(), 20);
        assert_eq!(
            accounts[0],
            TestAccount {
                address: address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
                key: b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
            }
        );
        assert_eq!(
            accounts[19].address,
            address!("8626f6940E2eb28930eFb4CeF49B2d1F2C9C1199")
        );
        let all = Accounts::derive().unwrap();
        let mut addresses: Vec<_> = all.on_l1().map(|account| account.address).collect();
        addresses.push(all.fees);
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!((addresses.len(), COUNT), (27, 27));
    }
}
