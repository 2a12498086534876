//! From a draft to a signed transaction, and to the form in which nodes take it.

use std::sync::Arc;

use alloy_consensus::{
    SignableTransaction, Signed, TxEip1559, TxEip4844, TxEip4844Variant, TxEip4844WithSidecar,
    TxEnvelope,
};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{B256, Bytes, Signature, TxKind};
use alloy_signer::Signer;

use super::manager::{Attempt, Draft, SignedTransaction};
use super::request::Sidecar;

/// Whatever signs for the account: a key in memory, or later one in an HSM or a key service.
pub type AccountSigner = Arc<dyn Signer<Signature> + Send + Sync>;

pub(super) async fn sign(
    signer: &AccountSigner,
    chain_id: u64,
    draft: Draft,
) -> alloy_signer::Result<SignedTransaction> {
    if draft.versioned_hashes.is_empty() {
        seal(signer, ordinary(chain_id, draft)).await
    } else {
        seal(signer, blob(chain_id, draft)).await
    }
}

async fn seal<T>(signer: &AccountSigner, transaction: T) -> alloy_signer::Result<SignedTransaction>
where
    T: SignableTransaction<Signature>,
    TxEnvelope: From<Signed<T>>,
{
    let signature = signer.sign_hash(&transaction.signature_hash()).await?;
    let envelope = TxEnvelope::from(transaction.into_signed(signature));
    Ok(SignedTransaction {
        hash: *envelope.tx_hash(),
        raw: envelope.encoded_2718().into(),
    })
}

fn ordinary(chain_id: u64, draft: Draft) -> TxEip1559 {
    TxEip1559 {
        chain_id,
        nonce: draft.nonce,
        gas_limit: draft.gas_limit,
        max_fee_per_gas: draft.price.max_fee,
        max_priority_fee_per_gas: draft.price.priority_fee,
        to: TxKind::Call(draft.to),
        value: draft.value,
        access_list: Default::default(),
        input: draft.data,
    }
}

fn blob(chain_id: u64, draft: Draft) -> TxEip4844 {
    TxEip4844 {
        chain_id,
        nonce: draft.nonce,
        gas_limit: draft.gas_limit,
        max_fee_per_gas: draft.price.max_fee,
        max_priority_fee_per_gas: draft.price.priority_fee,
        to: draft.to,
        value: draft.value,
        access_list: Default::default(),
        blob_versioned_hashes: draft.versioned_hashes,
        max_fee_per_blob_gas: draft.price.blob_fee,
        input: draft.data,
    }
}

/// The bytes that a node takes: those of the transaction, with the blobs around it. None if the intent's file holds
/// something else than was signed.
pub(super) fn network_form(attempt: &Attempt, sidecar: Option<Arc<Sidecar>>) -> Option<Bytes> {
    let Some(sidecar) = sidecar else {
        return Some(attempt.raw.clone());
    };
    let envelope = TxEnvelope::decode_2718_exact(&attempt.raw).ok()?;
    let TxEnvelope::Eip4844(signed) = envelope else {
        return None;
    };
    let (variant, signature, hash): (_, _, B256) = signed.into_parts();
    let TxEip4844Variant::TxEip4844(transaction) = variant else {
        return None;
    };
    let sidecar = Arc::unwrap_or_clone(sidecar);
    let whole = TxEip4844WithSidecar::from_tx_and_sidecar(transaction, sidecar);
    Some(
        Signed::new_unchecked(whole, signature, hash)
            .encoded_2718()
            .into(),
    )
}
