//! What an owner asks the manager to get into the chain.

use std::fmt;
use std::sync::Arc;

use alloy_eips::eip7594::BlobTransactionSidecarEip7594;
use alloy_primitives::{Address, B256, Bytes, U256};

/// Blobs, their commitments and cell proofs (EIP-7594).
pub type Sidecar = BlobTransactionSidecarEip7594;

/// Gas that a transaction may have at most: it has to stay below 2^24 (EIP-7825).
pub const GAS_LIMIT_MAX: u64 = (1 << 24) - 1;

/// Bytes that clients take at most for a transaction, its blobs not counted.
pub const TRANSACTION_BYTES_MAX: usize = 128 * 1024;

/// Room for what an encoded transaction holds beside its data: fees, signature, versioned hashes.
const ENVELOPE_BYTES_MAX: usize = 1024;

/// Bytes of calldata that a request may have.
pub const DATA_BYTES_MAX: usize = TRANSACTION_BYTES_MAX - ENVELOPE_BYTES_MAX;

/// Blobs that one transaction may carry (EIP-7594).
pub const BLOBS_MAX: usize = 6;

/// The name of an intent. The owner chooses it, best as a hash of what is to happen, so that it finds the same name
/// again after a crash: a name that the manager knows is never carried out a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId(pub B256);

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// What kind of transactions an account sends. Clients keep the two in different pools and refuse an account that
/// has pending ones in both, so an account is of one kind for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Type 2 (EIP-1559).
    Ordinary,
    /// Type 3 (EIP-4844), with a sidecar of cell proofs (EIP-7594).
    Blob,
}

/// A transaction that is to take effect once.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its name.
    pub id: IntentId,
    /// The contract or account that is called.
    pub to: Address,
    /// Wei that go with the call.
    pub value: U256,
    /// Calldata, at most [`DATA_BYTES_MAX`].
    pub data: Bytes,
    /// Gas limit, at most [`GAS_LIMIT_MAX`]. Without one the gas is estimated on the latest block, which fails for a
    /// call that depends on another one still in flight.
    pub gas_limit: Option<u64>,
    /// Blobs: for a manager of [`Kind::Blob`] and only there, 1 to [`BLOBS_MAX`].
    pub sidecar: Option<Arc<Sidecar>>,
}

impl Request {
    /// A call with calldata only.
    #[must_use]
    pub fn call(id: IntentId, to: Address, data: Bytes) -> Self {
        Self {
            id,
            to,
            value: U256::ZERO,
            data,
            gas_limit: None,
            sidecar: None,
        }
    }

    /// The same with that gas limit.
    #[must_use]
    pub fn with_gas_limit(mut self, gas_limit: u64) -> Self {
        self.gas_limit = Some(gas_limit);
        self
    }

    /// The same with so many wei.
    #[must_use]
    pub fn with_value(mut self, value: U256) -> Self {
        self.value = value;
        self
    }

    /// The same with blobs.
    #[must_use]
    pub fn with_sidecar(mut self, sidecar: Arc<Sidecar>) -> Self {
        self.sidecar = Some(sidecar);
        self
    }

    /// # Errors
    /// When no transaction of that kind can carry it.
    pub(super) fn check(&self, kind: Kind) -> Result<(), SubmitError> {
        let blobs = self
            .sidecar
            .as_ref()
            .map_or(0, |sidecar| sidecar.blobs.len());
        let fits = match kind {
            Kind::Ordinary => self.sidecar.is_none(),
            Kind::Blob => (1..=BLOBS_MAX).contains(&blobs),
        };
        if !fits {
            return Err(SubmitError::Blobs { kind, blobs });
        }
        if self.data.len() > DATA_BYTES_MAX {
            return Err(SubmitError::Data(self.data.len()));
        }
        match self.gas_limit {
            Some(gas) if gas > GAS_LIMIT_MAX => Err(SubmitError::Gas(gas)),
            _ => Ok(()),
        }
    }
}

/// Why a request is not taken. Nothing of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Blobs for an account that sends ordinary transactions, or too few or too many of them.
    #[error(
        "a {kind:?} account cannot send a transaction with {blobs} blobs: use an account of the other kind, \
         and 1 to {BLOBS_MAX} blobs"
    )]
    Blobs {
        /// The account's kind.
        kind: Kind,
        /// Blobs of the request.
        blobs: usize,
    },
    /// Too much calldata.
    #[error("{0} bytes of calldata: clients take at most {DATA_BYTES_MAX}")]
    Data(usize),
    /// Too much gas.
    #[error("a gas limit of {0}: a transaction has at most {GAS_LIMIT_MAX} (EIP-7825)")]
    Gas(u64),
    /// The queue is full.
    #[error("{0} requests wait already: submit again when one of them is final")]
    Busy(usize),
    /// The name belongs to another request.
    #[error("intent {0} is there already and asks for something else: choose another id")]
    OtherRequest(IntentId),
    /// The manager has stopped; its log says why.
    #[error("the transaction manager has stopped: see its log, mend the cause and start it again")]
    Stopped,
}
