//! What a call would mean as a transaction.
//!
//! It is put into the bytes of a transaction and read by the code that reads those of wallets, so that a call and a transaction cannot
//! mean different things.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256};
use spillway_protocol::transaction::{Intent, TransactionError, WalletTransaction};

/// What a transaction with these fields asks for, on the chain of that id.
pub(crate) fn intent_of(
    chain_id: u64,
    to: Option<Address>,
    value: U256,
    data: Bytes,
) -> Result<Intent, TransactionError> {
    let transaction = TxEip1559 {
        chain_id,
        gas_limit: u64::MAX,
        to: to.map_or(TxKind::Create, TxKind::Call),
        value,
        input: data,
        ..TxEip1559::default()
    };
    // Any signature of the right form: reading does not recover the sender.
    let signature = Signature::new(U256::ONE, U256::ONE, false);
    let raw = transaction.into_signed(signature).encoded_2718();
    Intent::of(&WalletTransaction::decode(&raw, chain_id)?)
}
