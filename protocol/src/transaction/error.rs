//! Why a signed transaction is not accepted, in geth's words where geth has them.

use alloy_primitives::U256;

use crate::limits::{MEMO_BYTES_MAX, PAYEES_MAX, TRANSACTION_BYTES_MAX};

/// Why the bytes of a signed transaction are refused.
///
/// In the order of precedence: of two things wrong, the one read first. What can be wrong with any
/// item or argument ([`Self::Rlp`], [`Self::CallTooShort`], [`Self::AmountTooLarge`],
/// [`Self::AddressHighBytes`]) stands where that item or argument is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    // The envelope.
    /// More than [`TRANSACTION_BYTES_MAX`] bytes.
    #[error("oversized data: transaction size {size}, limit {TRANSACTION_BYTES_MAX}")]
    Oversized {
        /// Bytes that came.
        size: usize,
    },
    /// No bytes, or only a type.
    #[error("typed transaction too short")]
    TooShort,
    /// Type 3 (EIP-4844).
    #[error("transaction type not supported: type 3 (blob), send type 0, 1 or 2")]
    BlobTransaction,
    /// Type 4 (EIP-7702).
    #[error("transaction type not supported: type 4 (set code), send type 0, 1 or 2")]
    SetCodeTransaction,
    /// Another type. A type byte of 0 belongs here: a legacy transaction has none.
    #[error("transaction type not supported: type {0}, send type 0 (without a type byte), 1 or 2")]
    UnknownType(u8),
    /// Not the canonical RLP of the items that the type has.
    #[error(transparent)]
    Rlp(#[from] RlpError),

    // The fields, in their order. A legacy transaction names its chain in v, near the end.
    /// Signed for another chain.
    #[error("invalid chain id for signer: have {have} want {want}")]
    WrongChain {
        /// The chain that the transaction names.
        have: U256,
        /// This chain.
        want: u64,
    },
    /// A nonce beyond 64 bits.
    #[error("nonce is beyond 64 bits")]
    NonceTooLarge,
    /// The nonce 2^64 - 1, after which there is none (EIP-2681).
    #[error("nonce has max value: {}", u64::MAX)]
    NonceMax,
    /// A priority fee beyond 128 bits.
    #[error("max priority fee per gas is beyond 128 bits")]
    PriorityFeeTooLarge,
    /// A gas price or max fee beyond 128 bits.
    #[error("max fee per gas (or gas price) is beyond 128 bits")]
    FeeTooLarge,
    /// A gas limit beyond 64 bits.
    #[error("gas limit is beyond 64 bits")]
    GasLimitTooLarge,
    /// No `to`.
    #[error("contract creation is not supported: this chain has payments only, set `to`")]
    ContractCreation,
    /// A `to` that is neither empty nor 20 bytes.
    #[error("invalid `to`: have {0} bytes, want 20")]
    ToInvalid(usize),
    /// An amount beyond 128 bits: the value, or an amount inside a call.
    #[error("amount is beyond 128 bits, send less")]
    AmountTooLarge,
    /// An access list with entries.
    #[error("access lists are not supported: send an empty one")]
    AccessListNotEmpty,
    /// A legacy transaction without a chain id.
    #[error("only replay-protected (EIP-155) transactions allowed over RPC")]
    Unprotected,
    /// A legacy v that names no chain and is none of the values from before EIP-155.
    #[error("invalid transaction v, r, s values: v is not 2 * chain id + 35 or 36")]
    LegacyVInvalid,
    /// A y parity other than 0 and 1.
    #[error("invalid transaction v, r, s values: y parity is not 0 or 1")]
    YParityInvalid,
    /// r is zero, or not below the order of the group.
    #[error("invalid transaction v, r, s values: r is out of range")]
    ROutOfRange,
    /// s is zero, or not below the order of the group.
    #[error("invalid transaction v, r, s values: s is out of range")]
    SOutOfRange,
    /// s in the upper half (EIP-2).
    #[error("invalid transaction v, r, s values: s is not the lower of its two values (EIP-2)")]
    HighS,

    // The meaning.
    /// A call of the withdraw predeploy that it does not have.
    #[error("no such method of the withdraw predeploy: call withdraw or withdrawToken")]
    UnknownWithdrawCall,
    /// A call of the payout predeploy that it does not have.
    #[error("no such method of the payout predeploy: call payout or payoutToken")]
    UnknownPayoutCall,
    /// ETH sent along with a call that moves a token.
    #[error("a call that moves a token cannot send ETH: set value to zero")]
    ValueWithToken,
    /// Fewer bytes than the arguments take.
    #[error("call data ends before its last argument")]
    CallTooShort,
    /// A token call that names address zero: ETH has its own calls.
    #[error("the token's address is zero: use the call for ETH")]
    TokenIsZero,
    /// High bytes set in the word of an address.
    #[error("an address in the call data has non-zero high bytes")]
    AddressHighBytes,
    /// An offset other than the canonical one.
    #[error("an offset in the call data is not the canonical one")]
    OffsetNotCanonical,
    /// A payout to no one, or to too many.
    #[error("a payout takes 1 to {PAYEES_MAX} payees")]
    PayeeCount,
    /// Amounts of a payout that add up to more than 128 bits.
    #[error("the amounts of the payout add up to more than 128 bits")]
    PayoutSumTooLarge,
    /// Bytes after the arguments of a predeploy's call.
    #[error("call data goes on after its last argument")]
    CallTrailingBytes,
    /// A payout of ETH that does not send what it pays.
    #[error("the payout pays {sum} wei but sends {value} wei: set value to the sum")]
    PayoutSumMismatch {
        /// The sum of the amounts, in wei.
        sum: u128,
        /// The value of the transaction, in wei.
        value: u128,
    },
    /// A memo that is too long.
    #[error(
        "memo has {0} bytes, at most {MEMO_BYTES_MAX} are allowed (contract calls are not supported)"
    )]
    MemoTooLong(usize),
    /// A gas limit below the gas of what the transaction means.
    #[error("intrinsic gas too low: have {have}, want {want}")]
    IntrinsicGasTooLow {
        /// The gas limit of the transaction.
        have: u64,
        /// The gas it takes.
        want: u64,
    },

    // What the state adds.
    /// The max fee (or gas price) is below the base fee.
    #[error(
        "max fee per gas less than block base fee: maxFeePerGas: {max_fee}, baseFee: {base_fee}"
    )]
    FeeBelowBaseFee {
        /// What the transaction pays at most, in wei per gas.
        max_fee: u128,
        /// The base fee, in wei per gas.
        base_fee: u64,
    },
}

/// Why bytes are not the canonical RLP that was expected, in the words of geth's decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RlpError {
    /// An item or its length ends outside what surrounds it.
    #[error("rlp: value size exceeds available input length")]
    Truncated,
    /// A length with a leading zero, or in the long form where the short one would do.
    #[error("rlp: non-canonical size information")]
    NonCanonicalLength,
    /// A byte below 0x80 with a header: it stands for itself.
    #[error("rlp: non-canonical size information (a byte below 0x80 takes no header)")]
    NonCanonicalByte,
    /// A list where bytes belong.
    #[error("rlp: expected input string or byte, have a list")]
    UnexpectedList,
    /// Bytes where a list belongs.
    #[error("rlp: expected input list, have a string or byte")]
    ExpectedList,
    /// Bytes after the transaction.
    #[error("rlp: input contains more than one value")]
    TrailingBytes,
    /// An integer with a leading zero.
    #[error("rlp: non-canonical integer (leading zero bytes)")]
    LeadingZero,
    /// An integer of more than 256 bits.
    #[error("rlp: integer has more than 32 bytes")]
    IntegerTooLarge,
    /// A list that ends before its last item: perhaps the signature is missing.
    #[error("rlp: too few elements: the transaction is cut off or not signed")]
    TooFewItems,
    /// A list that goes on after its last item.
    #[error("rlp: input list has too many elements")]
    TooManyItems,
}
