//! L2 as the relayer asks for it: the durable ledger of this node, and one that stands where L1 stands.

use alloy_primitives::Address;
use spillway_relayer::l2::{L2, L2Error, L2Head, L2Withdrawal};
use spillway_relayer::proof::WithdrawalProof;
use spillway_sequencer::settled::{ProvenAccount, SettledError, SettledLedger};
use spillway_sequencer::view::View;
use spillway_sequencer::withdrawals::Withdrawals;

/// What is durable on this node.
#[derive(Debug)]
pub(super) struct DurableL2 {
    view: View,
    withdrawals: Withdrawals,
    settled: SettledLedger,
}

impl DurableL2 {
    pub(super) fn new(view: &View) -> Self {
        Self {
            view: view.clone(),
            withdrawals: view.withdrawals(),
            settled: view.settled_ledger(),
        }
    }

    /// The contract of a token on L1; none for ETH, and for one that is not listed yet.
    pub(super) fn token_address(&self, token: u8) -> Option<Address> {
        self.view.with_ledger(|ledger| {
            let token = ledger.tokens().get(token)?;
            (token.address != Address::ZERO).then_some(token.address)
        })
    }

    /// An account under the root after that block.
    pub(super) fn account(
        &self,
        block: u64,
        address: &Address,
    ) -> Result<Option<ProvenAccount>, SettledError> {
        self.settled.account(block, address)
    }
}

impl L2 for DurableL2 {
    fn head(&self) -> Result<L2Head, L2Error> {
        let counters = self.view.with_ledger(|ledger| *ledger.state().counters());
        Ok(L2Head {
            fork_id: self.view.forks().id(),
            inbox_count: counters.inbox_count,
            withdrawal_count: counters.withdrawal_count,
        })
    }

    fn withdrawals(&self, from: u32, max: usize) -> Result<Vec<L2Withdrawal>, L2Error> {
        let made = self.withdrawals.read(from, max)?.into_iter();
        Ok(made
            .map(|made| L2Withdrawal {
                block: made.block,
                withdrawal: made.withdrawal,
            })
            .collect())
    }

    fn prove(&self, block: u64, indices: &[u32]) -> Result<WithdrawalProof, L2Error> {
        let proven = self.settled.withdrawals(block, indices)?;
        Ok(WithdrawalProof {
            state: proven.state,
            withdrawals: proven.withdrawals,
            siblings: proven.siblings,
        })
    }
}
