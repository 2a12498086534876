//! What a wallet signs: from the bytes of a signed Ethereum transaction to what they mean here.
//!
//! Two steps, each a function of the bytes and the chain id alone:
//!
//! 1. [`WalletTransaction::decode`] reads the bytes: type 0 with replay protection, 1 or 2.
//! 2. [`Intent::of`] says what the transaction asks for: a transfer, a withdrawal or a payout.
//!
//! Between them stands the recovery of the sender from [`Signature`] and
//! [`WalletTransaction::signing_hash`], which the caller does with the library it prefers. The caller
//! also refuses a recovered address of zero.
//!
//! # One meaning, one precedence
//!
//! L1 reads the same bytes in a dispute and must come to the same answer, so both steps are total and
//! follow one rule: **read in the order of the bytes, and the first thing wrong is the error.**
//! A check that needs several fields stands where the last of them is read; a check of a whole (no
//! item too many, no byte after a call, the sum of a payout, the gas limit) stands at its end. The
//! variants of [`TransactionError`] are listed in that order.

mod abi;
mod calls;
mod decode;
mod error;
mod intent;
mod rlp;
mod signature;

pub use calls::{
    PAYOUT_PREDEPLOY, PAYOUT_SELECTOR, PAYOUT_TOKEN_SELECTOR, TRANSFER_SELECTOR,
    WITHDRAW_PREDEPLOY, WITHDRAW_SELECTOR, WITHDRAW_TOKEN_SELECTOR, encode_payout_call,
    encode_payout_token_call, encode_transfer_call, encode_withdraw_call,
    encode_withdraw_token_call, memo,
};
pub use decode::{TransactionType, WalletTransaction};
pub use error::{RlpError, TransactionError};
pub use intent::{Asset, Intent, Payee};
pub use signature::Signature;
