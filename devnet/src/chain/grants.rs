//! What the controls set, beside all transactions.

use alloy_primitives::{Address, Bytes, Keccak256, U256, keccak256};
use revm::bytecode::Bytecode;

use super::Chain;
use super::world::Undo;

/// Something that was set. No reorg undoes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// An account's balance, in wei.
    Balance(Address, U256),
    /// A contract's code.
    Code(Address, Bytes),
}

impl Chain {
    /// Sets a balance, as of the newest block. A reorg does not undo it.
    pub fn set_balance(&mut self, address: Address, balance: U256) {
        self.grant(Grant::Balance(address, balance));
        self.settle_pool();
    }

    /// Puts code at an address, as of the newest block, and returns what was there. A reorg does not undo it.
    pub fn set_code(&mut self, address: Address, code: Bytes) -> Bytes {
        let account = self.world.account(&address);
        let before = self.world.code(&account.code_hash).original_bytes();
        self.grant(Grant::Code(address, code));
        before
    }

    pub(crate) fn grant(&mut self, grant: Grant) {
        let mut genesis = Undo::default();
        let undo = self.undos.back_mut().unwrap_or(&mut genesis);
        match &grant {
            Grant::Balance(address, balance) => self.world.set_balance(*address, *balance, undo),
            Grant::Code(address, code) => {
                let code = Bytecode::new_legacy(code.clone());
                self.world.set_code(*address, code, undo);
            }
        }
        self.commit_grant(&grant);
        if let Some(grants) = self.grants.back_mut() {
            grants.push(grant);
        }
    }

    /// The next block's state root tells of it.
    pub(super) fn commit_grant(&mut self, grant: &Grant) {
        let mut hasher = Keccak256::new();
        hasher.update(self.commitment);
        match grant {
            Grant::Balance(address, balance) => {
                hasher.update(address);
                hasher.update(balance.to_be_bytes::<32>());
            }
            // No balance fills more than a word.
            Grant::Code(address, code) => {
                hasher.update(address);
                hasher.update(keccak256(code));
                hasher.update("code");
            }
        }
        self.commitment = hasher.finalize();
    }
}
