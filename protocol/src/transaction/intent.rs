//! What a transaction asks for.

use alloc::vec::Vec;

use alloy_primitives::Address;

use super::calls;
use super::decode::WalletTransaction;
use super::error::TransactionError;
use crate::gas::{self, Kind};

/// What is moved. Whether L1 has listed the token is for the state to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// ETH.
    Eth,
    /// The token at that address on L1, which is not zero.
    Token(Address),
}

/// Who gets how much in a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payee {
    /// The recipient's address.
    pub recipient: Address,
    /// The amount, in the asset's smallest unit.
    pub amount: u128,
}

/// What a transaction asks for, from its bytes alone. Whether it can be done is for the state to say.
///
/// Amounts are in the asset's smallest unit. Zero amounts and any recipient are possible here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Pay one recipient here.
    Transfer {
        /// What.
        asset: Asset,
        /// To whom.
        recipient: Address,
        /// How much.
        amount: u128,
    },
    /// Take out to an address on L1.
    Withdraw {
        /// What.
        asset: Asset,
        /// To whom on L1.
        recipient: Address,
        /// How much.
        amount: u128,
    },
    /// Pay many recipients here, all or none.
    Payout {
        /// What.
        asset: Asset,
        /// To whom how much: 1 to [`crate::limits::PAYEES_MAX`], in the order of the call, the same
        /// recipient perhaps more than once. The sum of the amounts fits u128.
        payees: Vec<Payee>,
    },
}

impl Intent {
    /// Says what the transaction means, and checks that its gas limit is enough for that.
    ///
    /// # Errors
    /// A call of a predeploy or of a token's `transfer` that is not exactly that; a memo that is too
    /// long; a gas limit that is too low: see the last variants of [`TransactionError`].
    pub fn of(transaction: &WalletTransaction<'_>) -> Result<Self, TransactionError> {
        let intent = match transaction.to {
            calls::WITHDRAW_PREDEPLOY => calls::read_withdraw(transaction),
            calls::PAYOUT_PREDEPLOY => calls::read_payout(transaction),
            _ => calls::read_transfer(transaction),
        }?;
        let (have, want) = (transaction.gas_limit, gas::gas(intent.gas_kind()));
        if have < want {
            return Err(TransactionError::IntrinsicGasTooLow { have, want });
        }
        Ok(intent)
    }

    /// What its gas depends on.
    #[must_use]
    pub fn gas_kind(&self) -> Kind {
        match self {
            Self::Transfer {
                asset: Asset::Eth, ..
            } => Kind::TransferEth,
            Self::Transfer {
                asset: Asset::Token(_),
                ..
            } => Kind::TransferToken,
            Self::Withdraw { .. } => Kind::Withdraw,
            Self::Payout { payees, .. } => Kind::Payout {
                recipients: payees.len(),
            },
        }
    }

    /// What is moved.
    #[must_use]
    pub fn asset(&self) -> Asset {
        match self {
            Self::Transfer { asset, .. }
            | Self::Withdraw { asset, .. }
            | Self::Payout { asset, .. } => *asset,
        }
    }
}
