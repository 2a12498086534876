//! What can be said of a transaction without the state: its form, its signature, its gas, its blobs.

use alloy_consensus::transaction::{Recovered, SignerRecoverable};
use alloy_consensus::{Signed, Transaction, TxEip4844Variant, TxEnvelope};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_eips::eip4844::env_settings::EnvKzgSettings;
use alloy_eips::eip7594::{
    BlobTransactionSidecarEip7594, BlobTransactionSidecarVariant, CELLS_PER_EXT_BLOB,
};
use alloy_eips::eip7825::MAX_TX_GAS_LIMIT_OSAKA;
use alloy_eips::eip7840::BlobParams;
use alloy_primitives::{Address, B256, U256};
use revm::context_interface::cfg::gas::calculate_initial_tx_gas;
use revm::primitives::eip3860::MAX_INITCODE_SIZE;
use revm::primitives::hardfork::SpecId;

use super::error::PoolError;

/// Bytes of an ordinary transaction, as geth limits them.
const ORDINARY_BYTES_MAX: usize = 128 << 10;
/// Bytes of a blob transaction: six blobs with their cell proofs take 824 kB.
const BLOB_BYTES_MAX: usize = ORDINARY_BYTES_MAX + (1 << 20);
/// The first byte of a blob transaction.
const BLOB_TYPE: u8 = 3;

/// What a transaction is checked against, beside the state.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub(crate) chain_id: u64,
    pub(crate) gas_limit: u64,
    pub(crate) blobs: BlobParams,
    pub(crate) min_tip: u128,
}

/// A transaction that is well formed and signed, pays for what it takes before it runs, and whose blobs
/// are those that it names. To hold one proves that this was checked.
#[derive(Clone, Debug)]
pub struct Submission {
    transaction: Recovered<TxEnvelope>,
    sidecar: Option<BlobTransactionSidecarEip7594>,
    bytes: usize,
}

impl Submission {
    /// Checks the bytes of a transaction. For blobs this takes milliseconds each, and waits for the KZG
    /// set-up if that is not loaded yet.
    ///
    /// # Errors
    /// When the transaction could be included in no state.
    pub fn check(raw: &[u8], rules: &Rules) -> Result<Self, PoolError> {
        check_size(raw)?;
        let envelope = TxEnvelope::decode_2718_exact(raw)
            .map_err(|error| PoolError::Malformed(error.to_string()))?;
        check_fields(&envelope, rules)?;
        check_gas(&envelope)?;
        let (envelope, sidecar) = take_sidecar(envelope)?;
        let signer = envelope.recover_signer().map_err(|_| PoolError::Sender)?;
        check_authorisations(&envelope, signer)?;
        if let Some(sidecar) = &sidecar {
            check_sidecar(
                sidecar,
                envelope.blob_versioned_hashes().unwrap_or_default(),
            )?;
        }
        Ok(Self {
            transaction: Recovered::new_unchecked(envelope, signer),
            sidecar,
            bytes: raw.len(),
        })
    }

    /// One that was in a block, or comes from our own disk: nothing is checked again.
    pub(crate) const fn known(
        transaction: Recovered<TxEnvelope>,
        sidecar: Option<BlobTransactionSidecarEip7594>,
        bytes: usize,
    ) -> Self {
        Self {
            transaction,
            sidecar,
            bytes,
        }
    }

    /// The bytes that it was sent as.
    pub(crate) fn network_form(&self) -> Vec<u8> {
        if let (TxEnvelope::Eip4844(signed), Some(sidecar)) = (&*self.transaction, &self.sidecar) {
            let transaction = signed.tx().tx().clone().with_sidecar(sidecar.clone());
            let (signature, hash) = (*signed.signature(), *signed.hash());
            return Signed::new_unchecked(transaction, signature, hash).encoded_2718();
        }
        self.transaction.encoded_2718()
    }

    /// Reads what [`Self::network_form`] wrote, from our own disk.
    pub(crate) fn from_network_form(raw: &[u8]) -> Result<Self, PoolError> {
        let envelope = TxEnvelope::decode_2718_exact(raw)
            .map_err(|error| PoolError::Malformed(error.to_string()))?;
        let (envelope, sidecar) = take_sidecar(envelope)?;
        let signer = envelope.recover_signer().map_err(|_| PoolError::Sender)?;
        let transaction = Recovered::new_unchecked(envelope, signer);
        Ok(Self::known(transaction, sidecar, raw.len()))
    }

    /// The transaction without its blobs.
    #[must_use]
    pub const fn transaction(&self) -> &Recovered<TxEnvelope> {
        &self.transaction
    }

    /// Its blobs, with commitments and proofs.
    pub(crate) const fn sidecar(&self) -> Option<&BlobTransactionSidecarEip7594> {
        self.sidecar.as_ref()
    }

    /// Its hash.
    #[must_use]
    pub fn hash(&self) -> B256 {
        *self.transaction.tx_hash()
    }

    /// Who signed it.
    #[must_use]
    pub const fn sender(&self) -> Address {
        self.transaction.signer()
    }

    /// Bytes on the wire, about what it takes in memory.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it has blobs.
    #[must_use]
    pub const fn has_blobs(&self) -> bool {
        self.sidecar.is_some()
    }

    /// What it costs at most, in wei.
    pub(crate) fn cost(&self) -> U256 {
        let transaction = &*self.transaction;
        let per_gas = |gas: u64, price: u128| U256::from(gas).saturating_mul(U256::from(price));
        per_gas(transaction.gas_limit(), transaction.max_fee_per_gas())
            .saturating_add(per_gas(
                transaction.blob_gas_used().unwrap_or_default(),
                transaction.max_fee_per_blob_gas().unwrap_or_default(),
            ))
            .saturating_add(transaction.value())
    }
}

fn check_size(raw: &[u8]) -> Result<(), PoolError> {
    let limit = if raw.first() == Some(&BLOB_TYPE) {
        BLOB_BYTES_MAX
    } else {
        ORDINARY_BYTES_MAX
    };
    let size = raw.len();
    if size > limit {
        return Err(PoolError::Oversized { size, limit });
    }
    Ok(())
}

fn check_fields(transaction: &TxEnvelope, rules: &Rules) -> Result<(), PoolError> {
    match transaction.chain_id() {
        None => return Err(PoolError::Unprotected),
        Some(have) if have != rules.chain_id => {
            let want = rules.chain_id;
            return Err(PoolError::ChainId { have, want });
        }
        Some(_) => {}
    }
    if transaction.nonce() == u64::MAX {
        return Err(PoolError::NonceMax);
    }
    check_fees(transaction, rules)?;
    if !transaction.is_eip4844() {
        return Ok(());
    }
    let have = transaction.blob_versioned_hashes().map_or(0, <[B256]>::len);
    let permitted = rules.blobs.max_blobs_per_tx.min(rules.blobs.max_blob_count);
    match have {
        0 => Err(PoolError::NoBlobs),
        _ if have as u64 > permitted => Err(PoolError::TooManyBlobs { have, permitted }),
        _ => Ok(()),
    }
}

fn check_fees(transaction: &TxEnvelope, rules: &Rules) -> Result<(), PoolError> {
    let fee = transaction.max_fee_per_gas();
    let tip = transaction.max_priority_fee_per_gas().unwrap_or(fee);
    if tip > fee {
        return Err(PoolError::TipAboveFee { tip, fee });
    }
    if tip < rules.min_tip {
        let (have, want) = (tip, rules.min_tip);
        return Err(PoolError::Underpriced { have, want });
    }
    let want = rules.blobs.min_blob_fee;
    match transaction.max_fee_per_blob_gas() {
        Some(have) if have < want => Err(PoolError::BlobFeeUnderpriced { have, want }),
        _ => check_gas_limit(transaction, rules),
    }
}

const fn check_gas_limit_cap(have: u64) -> Result<(), PoolError> {
    let cap = MAX_TX_GAS_LIMIT_OSAKA;
    if have > cap {
        return Err(PoolError::GasCap { cap, have });
    }
    Ok(())
}

fn check_gas_limit(transaction: &TxEnvelope, rules: &Rules) -> Result<(), PoolError> {
    if transaction.gas_limit() > rules.gas_limit {
        return Err(PoolError::BlockGasLimit);
    }
    check_gas_limit_cap(transaction.gas_limit())
}

/// The gas that it takes before it runs, by its data (EIP-7623 too), its lists and its kind.
fn check_gas(transaction: &TxEnvelope) -> Result<(), PoolError> {
    let input = transaction.input();
    if transaction.is_create() && input.len() > MAX_INITCODE_SIZE {
        let (have, limit) = (input.len(), MAX_INITCODE_SIZE);
        return Err(PoolError::InitCode { have, limit });
    }
    let (mut accounts, mut slots) = (0u64, 0u64);
    for item in transaction.access_list().iter().flat_map(|list| &list.0) {
        accounts += 1;
        slots += item.storage_keys.len() as u64;
    }
    let authorisations = transaction.authorization_list().map_or(0, <[_]>::len) as u64;
    let want = calculate_initial_tx_gas(
        SpecId::OSAKA,
        input,
        transaction.is_create(),
        accounts,
        slots,
        authorisations,
        None,
    );
    let have = transaction.gas_limit();
    if have < want.initial_regular_gas {
        let want = want.initial_regular_gas;
        return Err(PoolError::IntrinsicGas { have, want });
    }
    if have < want.floor_gas {
        let want = want.floor_gas;
        return Err(PoolError::FloorDataGas { have, want });
    }
    Ok(())
}

fn check_authorisations(transaction: &TxEnvelope, signer: Address) -> Result<(), PoolError> {
    let empty = transaction
        .authorization_list()
        .is_some_and(<[_]>::is_empty);
    if transaction.is_eip7702() && empty {
        return Err(PoolError::NoAuthorisations(signer));
    }
    Ok(())
}

/// The transaction as it stands in a block, and its blobs.
fn take_sidecar(
    envelope: TxEnvelope,
) -> Result<(TxEnvelope, Option<BlobTransactionSidecarEip7594>), PoolError> {
    let TxEnvelope::Eip4844(signed) = envelope else {
        return Ok((envelope, None));
    };
    let (variant, signature, hash) = signed.into_parts();
    let (transaction, sidecar) = match variant {
        TxEip4844Variant::TxEip4844(_) => return Err(PoolError::MissingSidecar),
        TxEip4844Variant::TxEip4844WithSidecar(both) => both.into_parts(),
    };
    let BlobTransactionSidecarVariant::Eip7594(sidecar) = sidecar else {
        return Err(PoolError::OldSidecar);
    };
    let transaction = TxEip4844Variant::TxEip4844(transaction);
    let signed = Signed::new_unchecked(transaction, signature, hash);
    Ok((TxEnvelope::Eip4844(signed), Some(sidecar)))
}

/// That the sidecar is of those blobs, and that each cell of them is proven.
fn check_sidecar(
    sidecar: &BlobTransactionSidecarEip7594,
    versioned_hashes: &[B256],
) -> Result<(), PoolError> {
    let count = versioned_hashes.len();
    for (what, have, want) in [
        ("blobs", sidecar.blobs.len(), count),
        ("commitments", sidecar.commitments.len(), count),
        (
            "cell proofs",
            sidecar.cell_proofs.len(),
            count * CELLS_PER_EXT_BLOB,
        ),
    ] {
        if have != want {
            let problem = format!("{have} {what} for {count} versioned hashes, {want} expected");
            return Err(PoolError::InvalidSidecar(problem));
        }
    }
    // Before the set-up is waited for: a wrong hash needs none.
    if !sidecar
        .versioned_hashes()
        .eq(versioned_hashes.iter().copied())
    {
        let problem = "the commitments are not those of the versioned hashes".to_owned();
        return Err(PoolError::InvalidSidecar(problem));
    }
    sidecar
        .validate(versioned_hashes, EnvKzgSettings::Default.get())
        .map_err(|error| PoolError::InvalidSidecar(format!("{error:?}")))
}
