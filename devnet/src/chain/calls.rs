//! Calls that leave no trace: `eth_call` and `eth_estimateGas`.

use alloy_eips::eip7825::MAX_TX_GAS_LIMIT_OSAKA;
use alloy_primitives::{Bytes, U256};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{Panic, Revert, SolError};
use revm::context::TxEnv;
use revm::context::result::{ExecutionResult, HaltReason, ResultAndState};
use revm::context_interface::either::Either;

use super::{Block, Chain, Environment, ExecutionError};

/// Gas of a transfer, the least of any transaction.
const GAS_MIN: u64 = 21_000;
/// Gas that a call with value leaves its callee at least, whatever its own limit is.
const CALL_STIPEND: u64 = 2_300;

/// What a call came to.
#[derive(Clone, Debug)]
pub struct CallOutcome {
    /// What it returned.
    pub output: Bytes,
    /// The gas that it used.
    pub gas_used: u64,
}

/// Why a call has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The state after that block is not kept.
    #[error(
        "missing trie node: the state of block {number} is no longer kept, only those of the newest {kept} blocks"
    )]
    NoState {
        /// The block's number.
        number: u64,
        /// How many states are.
        kept: usize,
    },
    /// It cannot run at all.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// It reverted.
    #[error("execution reverted{}", reason(.0))]
    Reverted(Bytes),
    /// It ran into something exceptional.
    #[error("{}", halt(.0))]
    Halted(HaltReason),
    /// The request has something that is not supported, or has it wrongly.
    #[error("{0}")]
    Request(&'static str),
    /// No gas that it may use is enough.
    #[error("gas required exceeds allowance ({0})")]
    Allowance(u64),
}

impl Chain {
    /// Runs a call on the state after a block.
    ///
    /// # Errors
    /// When it reverts or cannot run, and when the state is not kept.
    pub fn call(&self, request: TransactionRequest, at: &Block) -> Result<CallOutcome, CallError> {
        let gas = request.gas.unwrap_or(u64::MAX).min(self.config.calls.gas);
        let call = environment_of(request, gas)?;
        let outcome = self.run(call, at)?;
        finished(outcome.result)
    }

    /// The least gas limit with which a call succeeds on the state after a block.
    ///
    /// # Errors
    /// As [`Self::call`], and when no gas that a transaction may have is enough.
    pub fn estimate_gas(&self, request: TransactionRequest, at: &Block) -> Result<u64, CallError> {
        let most = MAX_TX_GAS_LIMIT_OSAKA.min(self.config.gas_limit);
        let asked = request.gas.filter(|gas| *gas >= GAS_MIN);
        let mut call = environment_of(request, asked.unwrap_or(most).min(most))?;
        call.gas_limit = call.gas_limit.min(self.affordable_gas(&call, at)?);
        let most = call.gas_limit;
        let used = match self.run(call.clone(), at) {
            Ok(outcome) => finished(outcome.result)?.gas_used,
            Err(CallError::Execution(ExecutionError::Invalid(reason))) if needs_gas(&reason) => {
                return Err(CallError::Allowance(most));
            }
            Err(error) => return Err(error),
        };
        self.least_gas(&call, used, at)
    }

    /// By bisection between what was used, which refunds may have made too little, and what was given.
    fn least_gas(&self, call: &TxEnv, used: u64, at: &Block) -> Result<u64, CallError> {
        let (mut fails, mut works) = (used.saturating_sub(1), call.gas_limit);
        // A call keeps a 64th of the gas from what it calls, so this is enough more often than not.
        let mut next = used.saturating_add(CALL_STIPEND).saturating_mul(64) / 63;
        while fails + 1 < works {
            let middle = if next > fails && next < works {
                next
            } else {
                fails + (works - fails) / 2
            };
            next = 0;
            if self.succeeds(call, middle, at)? {
                works = middle;
            } else {
                fails = middle;
            }
        }
        Ok(works)
    }

    fn succeeds(&self, call: &TxEnv, gas_limit: u64, at: &Block) -> Result<bool, CallError> {
        let call = TxEnv {
            gas_limit,
            ..call.clone()
        };
        match self.run(call, at) {
            Ok(outcome) => Ok(outcome.result.is_success()),
            Err(CallError::Execution(ExecutionError::Invalid(reason))) if needs_gas(&reason) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The gas that the sender can pay at the call's price, beside the value.
    fn affordable_gas(&self, call: &TxEnv, at: &Block) -> Result<u64, CallError> {
        if call.gas_price == 0 {
            return Ok(u64::MAX);
        }
        let balance = self.state(at)?.account(&call.caller).balance;
        let left = balance.saturating_sub(call.value);
        let gas = left / U256::from(call.gas_price);
        Ok(u64::try_from(gas).unwrap_or(u64::MAX))
    }

    fn state(&self, at: &Block) -> Result<super::StateAt<'_>, CallError> {
        let number = at.header.number;
        self.state_at(number).ok_or(CallError::NoState {
            number,
            kept: self.config.history.states,
        })
    }

    fn run(&self, mut call: TxEnv, at: &Block) -> Result<ResultAndState, CallError> {
        let state = self.state(at)?;
        call.chain_id = Some(self.config.chain_id);
        call.nonce = state.account(&call.caller).nonce;
        let environment = Environment {
            header: &at.header,
            chain_id: self.config.chain_id,
            blobs: &self.config.blobs,
        };
        Ok(environment.call(state, call)?)
    }
}

fn environment_of(request: TransactionRequest, gas_limit: u64) -> Result<TxEnv, CallError> {
    let priced = request.gas_price.is_some();
    if priced && (request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some()) {
        return Err(CallError::Request(
            "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
        ));
    }
    let blob_hashes = request.blob_versioned_hashes.unwrap_or_default();
    let authorizations = request.authorization_list.unwrap_or_default();
    let mut call = TxEnv {
        tx_type: 0,
        caller: request.from.unwrap_or_default(),
        gas_limit,
        gas_price: request
            .gas_price
            .or(request.max_fee_per_gas)
            .unwrap_or_default(),
        kind: request.to.unwrap_or_default(),
        value: request.value.unwrap_or_default(),
        data: request.input.into_input().unwrap_or_default(),
        nonce: 0,
        chain_id: None,
        access_list: request.access_list.unwrap_or_default(),
        gas_priority_fee: request.max_priority_fee_per_gas,
        max_fee_per_blob_gas: request.max_fee_per_blob_gas.unwrap_or_default(),
        blob_hashes,
        authorization_list: authorizations.into_iter().map(Either::Left).collect(),
    };
    if call.gas_price == 0 {
        call.gas_priority_fee = None;
    }
    if call.derive_tx_type().is_err() {
        return Err(CallError::Request(
            "a call with blobs or authorisations needs `to`",
        ));
    }
    Ok(call)
}

fn finished(result: ExecutionResult) -> Result<CallOutcome, CallError> {
    let gas_used = result.tx_gas_used();
    match result {
        ExecutionResult::Success { output, .. } => Ok(CallOutcome {
            output: output.into_data(),
            gas_used,
        }),
        ExecutionResult::Revert { output, .. } => Err(CallError::Reverted(output)),
        ExecutionResult::Halt { reason, .. } => Err(CallError::Halted(reason)),
    }
}

const fn needs_gas(reason: &revm::context::result::InvalidTransaction) -> bool {
    use revm::context::result::InvalidTransaction::{
        CallGasCostMoreThanGasLimit, GasFloorMoreThanGasLimit,
    };
    matches!(
        reason,
        CallGasCostMoreThanGasLimit { .. } | GasFloorMoreThanGasLimit { .. }
    )
}

/// What Solidity's `revert("...")` and its own checks say.
fn reason(output: &Bytes) -> String {
    if let Ok(revert) = Revert::abi_decode(output) {
        return format!(": {}", revert.reason);
    }
    Panic::abi_decode(output).map_or_else(|_| String::new(), |panic| format!(": {panic}"))
}

fn halt(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(_) => "out of gas".to_owned(),
        HaltReason::OpcodeNotFound => "invalid opcode".to_owned(),
        HaltReason::InvalidJump => "invalid jump destination".to_owned(),
        other => format!("execution failed: {other:?}"),
    }
}
