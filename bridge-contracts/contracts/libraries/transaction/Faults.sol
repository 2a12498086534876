// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice Why the bytes of a wallet transaction are refused: of two things wrong, the one read first. Names and order are those of
/// `TransactionError` in `protocol/src/transaction/error.rs`, which explains each.
enum Fault {
    // The envelope.
    Oversized,
    TooShort,
    BlobTransaction,
    SetCodeTransaction,
    UnknownType,
    // RLP.
    Truncated,
    NonCanonicalLength,
    NonCanonicalByte,
    UnexpectedList,
    ExpectedList,
    TrailingBytes,
    LeadingZero,
    IntegerTooLarge,
    TooFewItems,
    TooManyItems,
    // The fields.
    WrongChain,
    NonceTooLarge,
    NonceMax,
    PriorityFeeTooLarge,
    FeeTooLarge,
    GasLimitTooLarge,
    ContractCreation,
    ToInvalid,
    AmountTooLarge,
    AccessListNotEmpty,
    Unprotected,
    LegacyVInvalid,
    YParityInvalid,
    ROutOfRange,
    SOutOfRange,
    HighS,
    // The meaning.
    UnknownWithdrawCall,
    UnknownPayoutCall,
    ValueWithToken,
    CallTooShort,
    TokenIsZero,
    AddressHighBytes,
    OffsetNotCanonical,
    PayeeCount,
    PayoutSumTooLarge,
    CallTrailingBytes,
    PayoutSumMismatch,
    MemoTooLong,
    IntrinsicGasTooLow,
    // The signature recovers no sender, or address zero.
    NoSender
}

/// @notice The bytes are no wallet transaction of this chain.
error InvalidTransaction(Fault fault);
