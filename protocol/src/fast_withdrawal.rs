//! What an account signs to have a withdrawal advanced on L1: docs/protocol.md, "Fast withdrawals".

use alloy_primitives::{Address, B256};

use crate::keccak::{keccak256, keccak256_parts};
use crate::withdrawal::Withdrawal;

/// The domain's name, as wallets show it.
pub const DOMAIN_NAME: &str = "Spillway Bridge";
/// The domain's version.
pub const DOMAIN_VERSION: &str = "1";

const DOMAIN_TYPE: &str =
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const TYPE: &str = "FastWithdrawal(uint32 index,address account,address recipient,uint8 token,uint128 amount,uint128 fee,uint64 deadline)";

/// Consent to an advance: whoever pays the recipient the amount less the fee by then may have the withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FastWithdrawal {
    /// The withdrawal's index.
    pub index: u32,
    /// What it says. All of it is signed, since an index can come to mean another withdrawal.
    pub withdrawal: Withdrawal,
    /// What the advance costs, in the token's smallest unit. At most the amount.
    pub fee: u128,
    /// The last second of L1's time, since 1970, at which the consent holds.
    pub deadline: u64,
}

impl FastWithdrawal {
    /// The hash that is signed: typed data of EIP-712 in the domain of that bridge on that L1.
    #[must_use]
    pub fn signing_hash(&self, l1_chain_id: u64, bridge: &Address) -> B256 {
        let domain = keccak256_parts(&[
            keccak256(DOMAIN_TYPE.as_bytes()).as_slice(),
            keccak256(DOMAIN_NAME.as_bytes()).as_slice(),
            keccak256(DOMAIN_VERSION.as_bytes()).as_slice(),
            number(l1_chain_id.into()).as_slice(),
            bridge.into_word().as_slice(),
        ]);
        keccak256_parts(&[&[0x19, 0x01], domain.as_slice(), self.hash().as_slice()])
    }

    fn hash(&self) -> B256 {
        let Withdrawal {
            account,
            recipient,
            token,
            amount,
        } = self.withdrawal;
        keccak256_parts(&[
            keccak256(TYPE.as_bytes()).as_slice(),
            number(self.index.into()).as_slice(),
            account.into_word().as_slice(),
            recipient.into_word().as_slice(),
            number(token.into()).as_slice(),
            number(amount).as_slice(),
            number(self.fee).as_slice(),
            number(self.deadline.into()).as_slice(),
        ])
    }
}

/// A number as a word.
fn number(value: u128) -> B256 {
    B256::left_padding_from(&value.to_be_bytes())
}
