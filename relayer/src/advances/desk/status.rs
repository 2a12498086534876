//! How far an order is.

use alloy_primitives::B256;
use spillway_protocol::withdrawal::Withdrawal;

use super::{Desk, State};
use crate::advances::refusal::Refusal;
use crate::withdrawals::Withdrawals;

/// How far an order is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdvanceStage {
    /// It waits for its withdrawal to be safe.
    Accepted,
    /// Its transaction is under way.
    Paying {
        /// The newest one that was sent.
        transaction: Option<B256>,
    },
    /// L1 shows it.
    Advanced {
        /// The transaction.
        transaction: B256,
    },
    /// It is not carried out. The withdrawal is claimed as any other.
    Refused(Refusal),
}

/// The advance of a withdrawal and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvanceStatus {
    /// What the pool keeps, in the token's smallest unit.
    pub fee: u128,
    /// The deadline that was signed, in L1's seconds; none if only L1 remembers the advance.
    pub deadline: Option<u64>,
    /// How far it is.
    pub stage: AdvanceStage,
}

impl Desk {
    /// How far the advance of a withdrawal is; none if nobody asked the pool for one.
    #[must_use]
    pub fn status(
        &self,
        withdrawals: &Withdrawals,
        index: u32,
        withdrawal: &Withdrawal,
    ) -> Option<AdvanceStatus> {
        let leaf = withdrawal.leaf(index);
        let entry = self.orders.get(&leaf);
        let deadline = entry.map(|entry| entry.order.consent.deadline);
        if let Some(advanced) = withdrawals.advance(index, leaf) {
            let (fee, transaction) = (advanced.fee, advanced.transaction);
            let stage = AdvanceStage::Advanced { transaction };
            return Some(AdvanceStatus {
                fee,
                deadline,
                stage,
            });
        }
        let entry = entry?;
        let stage = match &entry.state {
            State::Accepted => AdvanceStage::Accepted,
            State::Paying(paying) => AdvanceStage::Paying {
                transaction: paying.transaction,
            },
            State::Refused(reason) => AdvanceStage::Refused(reason.clone()),
        };
        Some(AdvanceStatus {
            fee: entry.order.consent.fee,
            deadline,
            stage,
        })
    }
}
