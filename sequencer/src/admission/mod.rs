//! Admission: from raw bytes to a transaction whose sender is known.
//!
//! Everything here is a function of the bytes and the chain id, so it runs on any thread: one
//! transaction on the caller's, many across all cores.

use alloy_consensus::crypto::secp256k1::recover_signer;
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use rayon::prelude::*;
use reth_primitives_traits::Recovered;
use spillway_protocol::transaction::{Intent, TransactionError, WalletTransaction};

/// A transaction that was decoded and interpreted. [`Admitted`] says that its sender was recovered.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// The bytes as the wallet signed them, at most 8,192.
    pub raw: Bytes,
    /// Their hash.
    pub hash: B256,
    /// The sender's nonce that it uses.
    pub nonce: u64,
    /// The most that it pays, in wei a unit of gas.
    pub max_fee_per_gas: u128,
    /// What it asks for.
    pub intent: Intent,
}

/// A transaction with the sender that its signature proves. To hold one is proof of the check.
pub type Admitted = Recovered<Transaction>;

/// Why bytes are not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// The bytes are no transaction that this chain takes.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// No sender comes out of the signature.
    #[error("invalid sender")]
    Sender,
}

/// Decodes, interprets, and recovers the sender.
///
/// # Errors
/// [`AdmissionError`].
pub fn admit(raw: Bytes, chain_id: u64) -> Result<Admitted, AdmissionError> {
    let (transaction, signing_hash, signature) = decode(raw, chain_id)?;
    let sender = recover(&signature, signing_hash)?;
    Ok(Recovered::new_unchecked(transaction, sender))
}

/// The same for many, on all cores, in their order.
#[must_use]
pub fn admit_all(raw: Vec<Bytes>, chain_id: u64) -> Vec<Result<Admitted, AdmissionError>> {
    raw.into_par_iter()
        .with_min_len(PARALLEL_MIN)
        .map(|raw| admit(raw, chain_id))
        .collect()
}

/// Below this many a thread's work costs less than handing it over.
const PARALLEL_MIN: usize = 8;

fn decode(raw: Bytes, chain_id: u64) -> Result<(Transaction, B256, Signature), AdmissionError> {
    let decoded = WalletTransaction::decode(&raw, chain_id)?;
    let intent = Intent::of(&decoded)?;
    let signature = Signature::new(
        U256::from_be_bytes(decoded.signature.r.0),
        U256::from_be_bytes(decoded.signature.s.0),
        decoded.signature.y_parity,
    );
    let (hash, signing_hash) = (decoded.hash(), decoded.signing_hash());
    let (nonce, max_fee_per_gas) = (decoded.nonce, decoded.max_fee);
    Ok((
        Transaction {
            raw,
            hash,
            nonce,
            max_fee_per_gas,
            intent,
        },
        signing_hash,
        signature,
    ))
}

fn recover(signature: &Signature, signing_hash: B256) -> Result<Address, AdmissionError> {
    let sender = recover_signer(signature, signing_hash).map_err(|_| AdmissionError::Sender)?;
    if sender.is_zero() {
        return Err(AdmissionError::Sender);
    }
    Ok(sender)
}
