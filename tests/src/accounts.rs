//! The funded accounts of a development chain, and transfers signed by them.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEnvelope, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, address, keccak256};
use alloy_signer_local::coins_bip39::English;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner};

use crate::{CHAIN_ID, TRANSFER_GAS};

/// The words from which the development accounts are derived.
pub const MNEMONIC: &str = "test test test test test test test test test test test junk";

/// Who sends the transaction, signed by nobody, that stands for a block's messages from L1.
pub const SYSTEM_ADDRESS: Address = address!("5350000000000000000000000000000000000000");

/// Number of funded accounts.
pub const COUNT: u32 = 20;

/// What each of them begins with, in wei: 1,000 ETH.
pub const INITIAL_BALANCE: u128 = 1_000_000_000_000_000_000_000;

/// The funded account with this index, below [`COUNT`].
///
/// # Panics
/// If the index is too large to derive a key from.
pub fn funded(index: u32) -> PrivateKeySigner {
    let builder = MnemonicBuilder::<English>::default()
        .phrase(MNEMONIC)
        .index(index);
    builder
        .and_then(|builder| builder.build())
        .expect("a key from the development mnemonic")
}

/// An account that nobody has used: the same for the same seed.
///
/// # Panics
/// Never in practice: a hash that is not a valid key is as likely as a collision.
pub fn fresh(seed: u64) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256(seed.to_be_bytes())).expect("a key from a hash")
}

/// The kinds of transaction that a wallet may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Type 0 with replay protection (EIP-155).
    Legacy,
    /// Type 1, its access list empty.
    AccessList,
    /// Type 2.
    DynamicFee,
}

/// A transfer of ETH, before it is signed. Change what a test needs and take the rest from [`Transfer::to`].
#[derive(Debug, Clone)]
pub struct Transfer {
    /// How it is encoded.
    pub kind: Kind,
    /// Chain that it is signed for.
    pub chain_id: u64,
    /// The sender's nonce.
    pub nonce: u64,
    /// The recipient; [`TxKind::Create`] is what the node must refuse.
    pub to: TxKind,
    /// Amount, in wei.
    pub value: U256,
    /// Gas limit.
    pub gas_limit: u64,
    /// Highest price for a unit of gas, in wei.
    pub max_fee: u128,
    /// Memo.
    pub input: Bytes,
}

/// A signed transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTransfer {
    /// The bytes that `eth_sendRawTransaction` takes.
    pub raw: Vec<u8>,
    /// Its hash.
    pub hash: B256,
}

impl Transfer {
    /// A type 2 transfer of `value` wei with a maximum fee of 1,000 gwei, far above the base fee of an idle chain.
    pub fn to(to: Address, value: u128, nonce: u64) -> Self {
        Self {
            kind: Kind::DynamicFee,
            chain_id: CHAIN_ID,
            nonce,
            to: TxKind::Call(to),
            value: U256::from(value),
            gas_limit: TRANSFER_GAS,
            max_fee: 1_000_000_000_000,
            input: Bytes::new(),
        }
    }

    /// Signs it.
    pub fn sign(&self, signer: &PrivateKeySigner) -> SignedTransfer {
        self.sign_with(signer, |signature| signature)
    }

    /// Signs it, and lets a test replace the signature by another one.
    pub fn sign_with(
        &self,
        signer: &PrivateKeySigner,
        replace: impl FnOnce(Signature) -> Signature,
    ) -> SignedTransfer {
        let Self {
            chain_id,
            nonce,
            to,
            value,
            gas_limit,
            max_fee,
            ..
        } = *self;
        let input = self.input.clone();
        let access_list = Default::default();
        match self.kind {
            Kind::Legacy => {
                let chain_id = Some(chain_id);
                seal(
                    TxLegacy {
                        chain_id,
                        nonce,
                        gas_price: max_fee,
                        gas_limit,
                        to,
                        value,
                        input,
                    },
                    signer,
                    replace,
                )
            }
            Kind::AccessList => {
                let gas_price = max_fee;
                seal(
                    TxEip2930 {
                        chain_id,
                        nonce,
                        gas_price,
                        gas_limit,
                        to,
                        value,
                        access_list,
                        input,
                    },
                    signer,
                    replace,
                )
            }
            Kind::DynamicFee => {
                let (max_fee_per_gas, max_priority_fee_per_gas) = (max_fee, 0);
                let tx = TxEip1559 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas,
                    max_priority_fee_per_gas,
                    to,
                    value,
                    access_list,
                    input,
                };
                seal(tx, signer, replace)
            }
        }
    }
}

/// Signs any transaction of alloy's and encodes it for the wire.
///
/// # Panics
/// If alloy cannot sign it.
pub fn seal<T>(
    mut tx: T,
    signer: &PrivateKeySigner,
    replace: impl FnOnce(Signature) -> Signature,
) -> SignedTransfer
where
    T: SignableTransaction<Signature>,
    TxEnvelope: From<alloy_consensus::Signed<T>>,
{
    let signature = signer
        .sign_transaction_sync(&mut tx)
        .expect("a signature by a key in memory");
    let envelope = TxEnvelope::from(tx.into_signed(replace(signature)));
    let raw = envelope.encoded_2718();
    SignedTransfer {
        hash: keccak256(&raw),
        raw,
    }
}
