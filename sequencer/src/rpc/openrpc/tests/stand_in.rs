//! A bridge that knows nothing, to have its methods.

use alloy_primitives::Address;

use super::super::super::bridge::{
    AccountProof, Bridge, BridgeError, Deposit, FastWithdrawalOrder, FastWithdrawalQuote, Selector,
    Withdrawal, WithdrawalProof,
};

#[derive(Debug)]
pub(super) struct StandIn;

fn nothing<T>() -> Result<T, BridgeError> {
    Err(BridgeError::Refused("it knows nothing".to_owned()))
}

impl Bridge for StandIn {
    fn deposits(&self, _: Selector, _: usize) -> Result<Vec<Deposit>, BridgeError> {
        nothing()
    }

    fn withdrawals(&self, _: Selector, _: usize) -> Result<Vec<Withdrawal>, BridgeError> {
        nothing()
    }

    fn withdrawal_proof(&self, _: u32) -> Result<WithdrawalProof, BridgeError> {
        nothing()
    }

    fn quote(&self, _: u8, _: u128) -> Result<FastWithdrawalQuote, BridgeError> {
        nothing()
    }

    fn order(&self, _: FastWithdrawalOrder) -> Result<(), BridgeError> {
        nothing()
    }

    fn account_proof(&self, _: &Address) -> Result<Option<AccountProof>, BridgeError> {
        nothing()
    }
}
