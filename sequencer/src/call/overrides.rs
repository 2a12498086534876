//! What a call is to find other than it is.

use std::collections::HashMap;

use alloy_primitives::{Address, B256, U256};
use revm::bytecode::Bytecode;
use revm::context::BlockEnv;
use revm::state::AccountInfo;

/// Accounts that are not as the ledger has them.
pub(crate) type StateOverrides = HashMap<Address, AccountOverride>;

/// What of an account is other than in the ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccountOverride {
    pub(crate) balance: Option<U256>,
    pub(crate) nonce: Option<u64>,
    pub(crate) code: Option<Bytecode>,
    /// Whether `slots` are all that the account has.
    pub(crate) replaces_storage: bool,
    pub(crate) slots: HashMap<U256, U256>,
}

impl AccountOverride {
    pub(super) fn apply_to(&self, account: &mut AccountInfo) {
        if let Some(balance) = self.balance {
            account.balance = balance;
        }
        if let Some(nonce) = self.nonce {
            account.nonce = nonce;
        }
        if let Some(code) = &self.code {
            account.code_hash = code.hash_slow();
            account.code = Some(code.clone());
        }
    }

    /// What is in a slot; `None` if that is not overridden.
    pub(super) fn slot(&self, slot: &U256) -> Option<U256> {
        let value = self.slots.get(slot).copied();
        value.or(self.replaces_storage.then_some(U256::ZERO))
    }
}

/// What of the block is other than it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BlockOverrides {
    pub(crate) number: Option<U256>,
    /// In seconds.
    pub(crate) time: Option<u64>,
    pub(crate) gas_limit: Option<u64>,
    pub(crate) fee_recipient: Option<Address>,
    pub(crate) prev_randao: Option<B256>,
    /// In wei a unit of gas.
    pub(crate) base_fee: Option<u64>,
}

impl BlockOverrides {
    pub(super) fn apply_to(&self, block: &mut BlockEnv) {
        block.number = self.number.unwrap_or(block.number);
        block.timestamp = self.time.map_or(block.timestamp, U256::from);
        block.gas_limit = self.gas_limit.unwrap_or(block.gas_limit);
        block.beneficiary = self.fee_recipient.unwrap_or(block.beneficiary);
        block.prevrandao = self.prev_randao.or(block.prevrandao);
        block.basefee = self.base_fee.unwrap_or(block.basefee);
    }
}
