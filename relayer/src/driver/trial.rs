//! A claim tried on L1's head before it is sent: who would be paid, and how much gas it takes. Trying costs nothing.

use std::collections::BTreeSet;

use alloy_primitives::{Address, Bytes, U256};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_transport::{RpcError, TransportError};
use spillway_l1::payments::{self, Claim, ClaimRefusal};
use spillway_l1::transactions::{DATA_BYTES_MAX, GAS_LIMIT_MAX};

use crate::policy::FAILING_GAS_MAX;
use crate::proof::Proven;
use crate::withdrawals::PostedBatch;

/// What is added to an estimate of gas, in per cent of it: recipients that hold nothing any more, or code that does something else.
const GAS_MARGIN_PERCENT: u64 = 25;

/// Why a claim cannot be tried.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrialError {
    #[error("L1 does not answer: {0}")]
    Rpc(#[from] TransportError),
    #[error(transparent)]
    Refused(ClaimRefusal),
    #[error("L1 answers what no bridge answers: are the addresses those of the deployment?")]
    Answer,
}

/// Withdrawals by what a claim would do for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sifted {
    /// Would be paid, ascending.
    pub(super) payable: Vec<u32>,
    /// Would not be paid.
    pub(super) failing: Vec<u32>,
}

/// A claim that is ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) indices: Vec<u32>,
    pub(super) data: Bytes,
    pub(super) gas_limit: u64,
}

/// Proven withdrawals, with what it takes to try claims of them.
#[derive(Debug)]
pub(super) struct Trial<'t> {
    pub(super) provider: &'t DynProvider,
    pub(super) bridge: Address,
    /// Who will claim.
    pub(super) from: Address,
    pub(super) batch: &'t PostedBatch,
    pub(super) proven: &'t Proven,
    /// Withdrawals that have failed before: they may take all the gas there is for a payment, whatever an estimate says.
    pub(super) suspects: &'t BTreeSet<u32>,
}

impl Trial<'_> {
    /// Finds those that would not be paid, by halves. What was paid by now is left out of both.
    pub(super) async fn sift(&self, indices: &[u32]) -> Result<Sifted, TrialError> {
        let mut sifted = Sifted::default();
        // The first half is on top.
        let mut groups = vec![indices];
        while let Some(group) = groups.pop() {
            let (first, rest) = group.split_at(group.len() / 2);
            match (self.paid_of(group).await?, group) {
                (paid, _) if paid == group.len() => sifted.payable.extend(group),
                (_, [index]) if self.was_paid(*index).await? => {}
                (_, [index]) => sifted.failing.push(*index),
                _ => groups.extend([rest, first]),
            }
        }
        Ok(sifted)
    }

    /// The claim of as many of them as fit a transaction, the first ones; none if not even the first does.
    pub(super) async fn ready(&self, payable: &[u32]) -> Result<Option<Ready>, TrialError> {
        let mut indices = payable;
        while !indices.is_empty() {
            let data = self.call(indices);
            let gas = match data.len() <= DATA_BYTES_MAX {
                true => self.gas(indices, &data).await?,
                false => None,
            };
            if let Some(gas_limit) = gas {
                return Ok(Some(Ready {
                    indices: indices.to_vec(),
                    data,
                    gas_limit,
                }));
            }
            indices = &indices[..indices.len() / 2];
        }
        Ok(None)
    }

    fn call(&self, indices: &[u32]) -> Bytes {
        let (withdrawals, siblings) = self.proven.of(indices);
        let claim = Claim {
            batch: self.batch.number,
            header: &self.batch.header,
            submission: &self.batch.submission,
            state: self.proven.state(),
            withdrawals: &withdrawals,
            siblings: &siblings,
        };
        claim.call()
    }

    /// How many of these a claim would pay.
    async fn paid_of(&self, indices: &[u32]) -> Result<usize, TrialError> {
        let data = self.call(indices);
        if data.len() > DATA_BYTES_MAX {
            return Ok(0);
        }
        let call = self.request(data).gas_limit(GAS_LIMIT_MAX);
        match judged(self.provider.call(call).await)? {
            Ok(returned) => {
                let paid = payments::paid(&returned).ok_or(TrialError::Answer)?;
                Ok(paid.min(U256::from(indices.len())).to())
            }
            // With too little gas for all, some of them may be payable.
            Err(ClaimRefusal::NothingPaid | ClaimRefusal::TooLittleGas) => Ok(0),
            Err(refusal) => Err(TrialError::Refused(refusal)),
        }
    }

    async fn was_paid(&self, index: u32) -> Result<bool, TrialError> {
        let asked = self.request(payments::ask_whether_paid(index));
        let answer = self.provider.call(asked).await?;
        payments::was_paid(&answer).ok_or(TrialError::Answer)
    }

    /// The gas limit with which to send a claim; none if it takes too much.
    async fn gas(&self, indices: &[u32], data: &Bytes) -> Result<Option<u64>, TrialError> {
        let estimate = self.provider.estimate_gas(self.request(data.clone())).await;
        if let Err(RpcError::ErrorResp(payload)) = &estimate
            && payload.as_revert_data().is_none()
        {
            // In whatever words: more than the node gives a call.
            return Ok(None);
        }
        match judged(estimate)? {
            Ok(gas) if gas <= GAS_LIMIT_MAX => {
                let is_suspect = |index: &&u32| self.suspects.contains(index);
                let suspects = indices.iter().filter(is_suspect).count() as u64;
                let margin = gas.saturating_mul(GAS_MARGIN_PERCENT) / 100;
                let margin = margin.saturating_add(suspects.saturating_mul(FAILING_GAS_MAX));
                Ok(Some(gas.saturating_add(margin).min(GAS_LIMIT_MAX)))
            }
            Ok(_) | Err(ClaimRefusal::TooLittleGas | ClaimRefusal::NothingPaid) => Ok(None),
            Err(refusal) => Err(TrialError::Refused(refusal)),
        }
    }

    fn request(&self, data: Bytes) -> TransactionRequest {
        TransactionRequest::default()
            .from(self.from)
            .to(self.bridge)
            .input(data.into())
    }
}

/// A node that answers with a revert has executed the call; anything else says nothing about the claim.
fn judged<T>(answer: Result<T, TransportError>) -> Result<Result<T, ClaimRefusal>, TrialError> {
    let error = match answer {
        Ok(answer) => return Ok(Ok(answer)),
        Err(error) => error,
    };
    let revert = match &error {
        RpcError::ErrorResp(payload) => payload.as_revert_data(),
        _ => None,
    };
    match revert {
        Some(data) => Ok(Err(payments::refusal(&data))),
        None => Err(error.into()),
    }
}
