//! The calls that mean something, and how they are written.
//!
//! ```solidity
//! // At 0x5350000000000000000000000000000000000001
//! function withdraw(address recipient) external payable;
//! function withdrawToken(address token, uint256 amount, address recipient) external;
//!
//! // At 0x5350000000000000000000000000000000000002
//! struct Payee { address recipient; uint256 amount; }
//! function payout(Payee[] calldata payees) external payable;
//! function payoutToken(address token, Payee[] calldata payees) external;
//!
//! // At the token's address on L1
//! function transfer(address recipient, uint256 amount) external returns (bool);
//! ```
//!
//! ETH that leaves is the value of the transaction, so that a wallet shows the amount before it signs:
//! all of a withdrawal, and exactly the sum of a payout. A call that moves a token has value zero.
//! Arguments are in canonical ABI encoding: offsets as Solidity writes them, high bytes zero, nothing
//! after the last argument. Only `transfer` may be followed by bytes, which are a memo; a transfer of
//! ETH carries its memo as its data.

use alloc::vec::Vec;

use alloy_primitives::{Address, address};

use super::abi::{self, WORD_BYTES, Words};
use super::decode::WalletTransaction;
use super::error::TransactionError;
use super::intent::{Asset, Intent, Payee};
use crate::limits::{MEMO_BYTES_MAX, PAYEES_MAX};

/// Where withdrawals are called. 0x5350 is "SP" in ASCII; no one has its key.
pub const WITHDRAW_PREDEPLOY: Address = address!("5350000000000000000000000000000000000001");
/// Where payouts are called.
pub const PAYOUT_PREDEPLOY: Address = address!("5350000000000000000000000000000000000002");

/// `transfer(address,uint256)`
pub const TRANSFER_SELECTOR: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];
/// `withdraw(address)`
pub const WITHDRAW_SELECTOR: [u8; 4] = [0x51, 0xcf, 0xf8, 0xd9];
/// `withdrawToken(address,uint256,address)`
pub const WITHDRAW_TOKEN_SELECTOR: [u8; 4] = [0x3c, 0xcd, 0xbb, 0x28];
/// `payout((address,uint256)[])`
pub const PAYOUT_SELECTOR: [u8; 4] = [0x13, 0x8d, 0x37, 0xc2];
/// `payoutToken(address,(address,uint256)[])`
pub const PAYOUT_TOKEN_SELECTOR: [u8; 4] = [0x80, 0xac, 0xd6, 0x32];

/// Bytes of a token's `transfer` before its memo: the selector and two words.
const TRANSFER_CALL_BYTES: usize = TRANSFER_SELECTOR.len() + 2 * WORD_BYTES;
/// Words of a payee.
const PAYEE_WORDS: usize = 2;

/// Any `to` but a predeploy: a token's `transfer`, or a transfer of ETH.
pub(super) fn read_transfer(
    transaction: &WalletTransaction<'_>,
) -> Result<Intent, TransactionError> {
    let Some((&TRANSFER_SELECTOR, arguments)) = transaction.data.split_first_chunk() else {
        check_memo(transaction.data)?;
        let (recipient, amount) = (transaction.to, transaction.value);
        return Ok(Intent::Transfer {
            asset: Asset::Eth,
            recipient,
            amount,
        });
    };
    require_no_value(transaction)?;
    if transaction.to.is_zero() {
        return Err(TransactionError::TokenIsZero);
    }
    let mut words = Words::of(arguments);
    let (recipient, amount) = (words.address()?, words.amount()?);
    check_memo(words.rest())?;
    Ok(Intent::Transfer {
        asset: Asset::Token(transaction.to),
        recipient,
        amount,
    })
}

/// The memo of a transfer: what its transaction carries beside what it means. Empty for other intents.
#[must_use]
pub fn memo<'a>(transaction: &WalletTransaction<'a>, intent: &Intent) -> &'a [u8] {
    let before = match intent {
        Intent::Transfer {
            asset: Asset::Eth, ..
        } => 0,
        Intent::Transfer {
            asset: Asset::Token(_),
            ..
        } => TRANSFER_CALL_BYTES,
        Intent::Withdraw { .. } | Intent::Payout { .. } => return &[],
    };
    transaction.data.get(before..).unwrap_or_default()
}

/// A call of the withdraw predeploy.
pub(super) fn read_withdraw(
    transaction: &WalletTransaction<'_>,
) -> Result<Intent, TransactionError> {
    let (selector, arguments) = transaction
        .data
        .split_first_chunk()
        .ok_or(TransactionError::UnknownWithdrawCall)?;
    let mut words = Words::of(arguments);
    let (asset, amount) = match *selector {
        WITHDRAW_SELECTOR => (Asset::Eth, transaction.value),
        WITHDRAW_TOKEN_SELECTOR => {
            require_no_value(transaction)?;
            (Asset::Token(words.token()?), words.amount()?)
        }
        _ => return Err(TransactionError::UnknownWithdrawCall),
    };
    let recipient = words.address()?;
    words.end()?;
    Ok(Intent::Withdraw {
        asset,
        recipient,
        amount,
    })
}

/// A call of the payout predeploy.
pub(super) fn read_payout(transaction: &WalletTransaction<'_>) -> Result<Intent, TransactionError> {
    let (selector, arguments) = transaction
        .data
        .split_first_chunk()
        .ok_or(TransactionError::UnknownPayoutCall)?;
    let mut words = Words::of(arguments);
    let asset = match *selector {
        PAYOUT_SELECTOR => {
            words.offset(WORD_BYTES)?;
            Asset::Eth
        }
        PAYOUT_TOKEN_SELECTOR => {
            require_no_value(transaction)?;
            let token = words.token()?;
            words.offset(WORD_BYTES.saturating_mul(2))?;
            Asset::Token(token)
        }
        _ => return Err(TransactionError::UnknownPayoutCall),
    };
    let (payees, sum) = read_payees(&mut words)?;
    words.end()?;
    let value = transaction.value;
    if asset == Asset::Eth && sum != value {
        return Err(TransactionError::PayoutSumMismatch { sum, value });
    }
    Ok(Intent::Payout { asset, payees })
}

/// The array of payees, from its length on, and the sum of the amounts.
fn read_payees(words: &mut Words<'_>) -> Result<(Vec<Payee>, u128), TransactionError> {
    let count = usize::try_from(words.word()?).map_err(|_| TransactionError::PayeeCount)?;
    if !(1..=PAYEES_MAX).contains(&count) {
        return Err(TransactionError::PayeeCount);
    }
    let mut payees = Vec::with_capacity(count);
    let mut sum = 0_u128;
    for _ in 0..count {
        let (recipient, amount) = (words.address()?, words.amount()?);
        sum = sum
            .checked_add(amount)
            .ok_or(TransactionError::PayoutSumTooLarge)?;
        payees.push(Payee { recipient, amount });
    }
    Ok((payees, sum))
}

fn require_no_value(transaction: &WalletTransaction<'_>) -> Result<(), TransactionError> {
    if transaction.value == 0 {
        Ok(())
    } else {
        Err(TransactionError::ValueWithToken)
    }
}

fn check_memo(memo: &[u8]) -> Result<(), TransactionError> {
    if memo.len() > MEMO_BYTES_MAX {
        Err(TransactionError::MemoTooLong(memo.len()))
    } else {
        Ok(())
    }
}

/// The data of a token's transfer, to be sent to the token's L1 address with value zero. A memo of at
/// most [`MEMO_BYTES_MAX`] bytes may be appended.
#[must_use]
pub fn encode_transfer_call(recipient: Address, amount: u128) -> Vec<u8> {
    let mut data = Vec::from(TRANSFER_SELECTOR);
    abi::push_address(&mut data, recipient);
    abi::push_integer(&mut data, amount);
    data
}

/// The data of a withdrawal of ETH, to be sent to [`WITHDRAW_PREDEPLOY`] with the amount as value.
#[must_use]
pub fn encode_withdraw_call(recipient: Address) -> Vec<u8> {
    let mut data = Vec::from(WITHDRAW_SELECTOR);
    abi::push_address(&mut data, recipient);
    data
}

/// The data of a withdrawal of a token, to be sent to [`WITHDRAW_PREDEPLOY`] with value zero.
#[must_use]
pub fn encode_withdraw_token_call(token: Address, amount: u128, recipient: Address) -> Vec<u8> {
    let mut data = Vec::from(WITHDRAW_TOKEN_SELECTOR);
    abi::push_address(&mut data, token);
    abi::push_integer(&mut data, amount);
    abi::push_address(&mut data, recipient);
    data
}

/// The data of a payout of ETH, to be sent to [`PAYOUT_PREDEPLOY`] with the sum as value.
///
/// What a payout allows (1 to [`PAYEES_MAX`] payees) is checked by who reads it.
#[must_use]
pub fn encode_payout_call(payees: &[Payee]) -> Vec<u8> {
    let mut data = Vec::from(PAYOUT_SELECTOR);
    push_payees(&mut data, 1, payees);
    data
}

/// The data of a payout of a token, to be sent to [`PAYOUT_PREDEPLOY`] with value zero.
#[must_use]
pub fn encode_payout_token_call(token: Address, payees: &[Payee]) -> Vec<u8> {
    let mut data = Vec::from(PAYOUT_TOKEN_SELECTOR);
    abi::push_address(&mut data, token);
    push_payees(&mut data, 2, payees);
    data
}

/// Appends the offset of the array, which is the last of that many words, and the array.
fn push_payees(data: &mut Vec<u8>, head_words: usize, payees: &[Payee]) {
    let words = payees.len().saturating_mul(PAYEE_WORDS).saturating_add(2);
    data.reserve(words.saturating_mul(WORD_BYTES));
    abi::push_integer(data, head_words.saturating_mul(WORD_BYTES) as u128);
    abi::push_integer(data, payees.len() as u128);
    for payee in payees {
        abi::push_address(data, payee.recipient);
        abi::push_integer(data, payee.amount);
    }
}
