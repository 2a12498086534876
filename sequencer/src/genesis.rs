//! What a chain begins with. It never changes, and every file of the node is bound to it.

use alloy_primitives::{Address, B256};
use spillway_protocol::keccak::keccak256_parts;

/// The parameters of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The L2 chain id, which every wallet transaction names.
    pub chain_id: u64,
    /// The address of account 0, which fees go to.
    pub fee_account: Address,
}

impl Genesis {
    /// A hash that tells chains apart: `H("spillway/genesis" || chain id u64 || fee account)`.
    #[must_use]
    pub fn id(&self) -> B256 {
        keccak256_parts(&[
            b"spillway/genesis",
            &self.chain_id.to_be_bytes(),
            self.fee_account.as_slice(),
        ])
    }
}
