//! What the proofs have earned: half the bond of each sequencer that was proven wrong.

use alloy_primitives::{Address, B256, U256};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_transport::TransportError;
use spillway_l1::encoding::disputes;
use spillway_l1::transactions::{IntentId, Request, SubmitError, TransactionManager};
use spillway_protocol::keccak::keccak256_parts;

/// Why no reward is taken.
#[derive(Debug, thiserror::Error)]
pub enum RewardError {
    /// L1 does not answer.
    #[error("L1 does not say what the rewards are: {0}")]
    Rpc(#[from] TransportError),
    /// Not `Rollup`'s answer.
    #[error("{0} does not answer as Rollup does: is the deployment file right?")]
    NotRollup(Address),
    /// There is none.
    #[error("there is no reward to take")]
    Nothing,
    /// The transaction manager does not take it.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// The rewards of a prover. A handle, of which there can be many, beside the verifier that is running.
#[derive(Clone, Debug)]
pub struct Rewards {
    pub(super) rollup: Address,
    pub(super) l1: DynProvider,
    pub(super) manager: TransactionManager,
}

impl Rewards {
    /// Wei that were earned and not taken, on L1's head.
    ///
    /// # Errors
    /// [`RewardError::Rpc`] and [`RewardError::NotRollup`].
    pub async fn amount(&self) -> Result<U256, RewardError> {
        let asked = TransactionRequest::default()
            .to(self.rollup)
            .input(disputes::reward(self.manager.account()).into());
        let answer = self.l1.call(asked).await?;
        disputes::reward_of(&answer).ok_or(RewardError::NotRollup(self.rollup))
    }

    /// Asks for all of them to be paid to that address, and answers how many wei. Asked for again while that is under way,
    /// nothing more is sent.
    ///
    /// # Errors
    /// [`RewardError`].
    pub async fn withdraw(&self, to: Address) -> Result<U256, RewardError> {
        let amount = self.amount().await?;
        if amount.is_zero() {
            return Err(RewardError::Nothing);
        }
        let amount_bytes = amount.to_be_bytes::<32>();
        let parts = [&b"reward"[..], to.as_slice(), &amount_bytes];
        let id = IntentId(B256::from(keccak256_parts(&parts)));
        let request = Request::call(id, self.rollup, disputes::withdraw_reward(to));
        self.manager.submit(request).await?;
        Ok(amount)
    }
}
