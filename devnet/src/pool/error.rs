//! Why a transaction is not taken, in geth's words: clients match on them.

use alloy_eips::eip7594::EIP_7594_WRAPPER_VERSION;
use alloy_primitives::{Address, U256};

/// Why a transaction is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// More bytes than any transaction has.
    #[error("oversized data: transaction size {size}, limit {limit}")]
    Oversized {
        /// Bytes of the transaction.
        size: usize,
        /// Bytes that it may have.
        limit: usize,
    },
    /// Bytes that are no transaction.
    #[error("rlp: the bytes are no transaction of types 0 to 4 in network form: {0}")]
    Malformed(String),
    /// A blob transaction without its blobs.
    #[error(
        "missing sidecar in blob transaction: send the network form, with blobs and cell proofs"
    )]
    MissingSidecar,
    /// A sidecar with a proof for each blob instead of cell proofs.
    #[error(
        "unsupported sidecar version 0: since Osaka a blob transaction carries cell proofs \
         (EIP-7594, version {EIP_7594_WRAPPER_VERSION})"
    )]
    OldSidecar,
    /// A sidecar that does not fit its transaction, or whose proofs do not hold.
    #[error("invalid blob sidecar: {0}")]
    InvalidSidecar(String),
    /// A blob transaction without blobs.
    #[error("blobless blob transaction")]
    NoBlobs,
    /// More blobs than a transaction may have.
    #[error("too many blobs in transaction: have {have}, permitted {permitted}")]
    TooManyBlobs {
        /// Blobs of the transaction.
        have: usize,
        /// Blobs that it may have.
        permitted: u64,
    },
    /// No blob pays less than 1 wei.
    #[error("transaction underpriced: blob fee cap {have}, minimum needed {want}")]
    BlobFeeUnderpriced {
        /// Wei per blob gas.
        have: u128,
        /// The least.
        want: u128,
    },
    /// For another chain.
    #[error("invalid chain id for signer: have {have} want {want}")]
    ChainId {
        /// The transaction's.
        have: u64,
        /// Ours.
        want: u64,
    },
    /// Without a chain id.
    #[error("only replay-protected (EIP-155) transactions allowed over RPC")]
    Unprotected,
    /// A signature from which no account follows.
    #[error("invalid sender")]
    Sender,
    /// An account with code of its own (EIP-3607).
    #[error("sender not an eoa: address {0}")]
    SenderNotEoa(Address),
    /// A type 4 transaction that authorises nothing.
    #[error("EIP-7702 transaction with empty auth list (sender {0})")]
    NoAuthorisations(Address),
    /// More gas than a block has.
    #[error("exceeds block gas limit")]
    BlockGasLimit,
    /// More gas than a transaction may use (EIP-7825).
    #[error("transaction gas limit too high (cap: {cap}, tx: {have})")]
    GasCap {
        /// The cap.
        cap: u64,
        /// The transaction's limit.
        have: u64,
    },
    /// A tip above the fee that holds it.
    #[error(
        "max priority fee per gas higher than max fee per gas: \
         maxPriorityFeePerGas: {tip}, maxFeePerGas: {fee}"
    )]
    TipAboveFee {
        /// Wei per gas.
        tip: u128,
        /// Wei per gas.
        fee: u128,
    },
    /// Code to create a contract with that is too long (EIP-3860).
    #[error("max initcode size exceeded: code size {have}, limit {limit}")]
    InitCode {
        /// Bytes of it.
        have: usize,
        /// Bytes that it may have.
        limit: usize,
    },
    /// Less gas than the transaction takes before it runs.
    #[error("intrinsic gas too low: gas {have}, minimum needed {want}")]
    IntrinsicGas {
        /// The transaction's limit.
        have: u64,
        /// What it takes.
        want: u64,
    },
    /// Less gas than its data takes at least (EIP-7623).
    #[error("insufficient gas for floor data gas cost: gas {have}, minimum needed {want}")]
    FloorDataGas {
        /// The transaction's limit.
        have: u64,
        /// What its data takes.
        want: u64,
    },
    /// A tip below the pool's least.
    #[error("transaction underpriced: gas tip cap {have}, minimum needed {want}")]
    Underpriced {
        /// Wei per gas.
        have: u128,
        /// The pool's least.
        want: u128,
    },
    /// A nonce that no account ever gets beyond (EIP-2681).
    #[error("nonce has max value")]
    NonceMax,
    /// A nonce that has been used.
    #[error("nonce too low: next nonce {next}, tx nonce {have}")]
    NonceTooLow {
        /// The account's.
        next: u64,
        /// The transaction's.
        have: u64,
    },
    /// A blob transaction that leaves a gap.
    #[error("nonce too high: tx nonce {have}, gapped nonce {next}")]
    NonceGap {
        /// The next one without a gap.
        next: u64,
        /// The transaction's.
        have: u64,
    },
    /// More than the account holds.
    #[error(
        "insufficient funds for gas * price + value: balance {balance}, tx cost {cost}, \
         overshot {}", cost.saturating_sub(*balance)
    )]
    Funds {
        /// Wei.
        balance: U256,
        /// What the transaction costs at most.
        cost: U256,
    },
    /// More than the account holds beside what it has in the pool.
    #[error(
        "insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, \
         tx cost {cost}, overshot {}", queued.saturating_add(*cost).saturating_sub(*balance)
    )]
    QueuedFunds {
        /// Wei.
        balance: U256,
        /// What the account's other transactions in the pool cost at most.
        queued: U256,
        /// What the transaction costs at most.
        cost: U256,
    },
    /// In the pool already.
    #[error("already known")]
    Known,
    /// Another one of that nonce is in the pool, and this one does not pay enough more.
    #[error("replacement transaction underpriced: new tx {field} {have} < {want} needed")]
    ReplacementUnderpriced {
        /// Which of the fees.
        field: &'static str,
        /// Wei per gas.
        have: u128,
        /// The least that replaces.
        want: u128,
    },
    /// An ordinary transaction of an account with blob transactions in the pool, or the reverse.
    #[error("address already reserved: it has {0} transactions in the pool")]
    Reserved(&'static str),
    /// As many transactions of the account as the pool takes.
    #[error("account limit exceeded: pooled {0} txs")]
    AccountLimit(usize),
    /// As many transactions as the pool takes.
    #[error("txpool is full")]
    Full,
}
