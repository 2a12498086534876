//! The names of what can be wrong with a transaction, on both sides.

use alloy_sol_types::SolError;
use spillway_bridge_contracts::AuthorisationDisputes::InvalidTransaction;

use super::AdmissionError;

/// In the order of the enum in `contracts/libraries/transaction/Faults.sol`. The names are those of Rust's variants.
pub(super) const FAULTS: [&str; 45] = [
    "Oversized",
    "TooShort",
    "BlobTransaction",
    "SetCodeTransaction",
    "UnknownType",
    "Truncated",
    "NonCanonicalLength",
    "NonCanonicalByte",
    "UnexpectedList",
    "ExpectedList",
    "TrailingBytes",
    "LeadingZero",
    "IntegerTooLarge",
    "TooFewItems",
    "TooManyItems",
    "WrongChain",
    "NonceTooLarge",
    "NonceMax",
    "PriorityFeeTooLarge",
    "FeeTooLarge",
    "GasLimitTooLarge",
    "ContractCreation",
    "ToInvalid",
    "AmountTooLarge",
    "AccessListNotEmpty",
    "Unprotected",
    "LegacyVInvalid",
    "YParityInvalid",
    "ROutOfRange",
    "SOutOfRange",
    "HighS",
    "UnknownWithdrawCall",
    "UnknownPayoutCall",
    "ValueWithToken",
    "CallTooShort",
    "TokenIsZero",
    "AddressHighBytes",
    "OffsetNotCanonical",
    "PayeeCount",
    "PayoutSumTooLarge",
    "CallTrailingBytes",
    "PayoutSumMismatch",
    "MemoTooLong",
    "IntrinsicGasTooLow",
    "NoSender",
];

/// What the contract found wrong; none if it reverted otherwise, which it never may.
pub(super) fn fault_in_l1(data: &[u8]) -> Option<&'static str> {
    let error = InvalidTransaction::abi_decode_validate(data).ok()?;
    FAULTS.get(usize::from(error.fault)).copied()
}

/// The name of the innermost variant.
pub(super) fn fault_in_rust(error: &AdmissionError) -> String {
    let AdmissionError::Transaction(error) = error else {
        return "NoSender".to_owned();
    };
    let text = format!("{error:?}");
    let text = text.strip_prefix("Rlp(").unwrap_or(&text);
    let end = text.find(|c: char| !c.is_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}
