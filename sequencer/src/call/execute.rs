//! Running a call.

use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use revm::context::result::{EVMError, ExecutionResult, HaltReason};
use revm::context::{BlockEnv, Context, Evm, FrameStack, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::handler::instructions::EthInstructions;
use revm::primitives::hardfork::SpecId;
use revm::{Database, InspectEvm, MainContext};

use super::database::{Fault, LedgerDatabase, Unreadable};
use super::deadline::Deadline;
use super::predeploys::Predeploys;
use super::{Call, CallError, CallLimits};
use crate::view::View;

/// Ethereum's newest rules.
const SPEC: SpecId = SpecId::OSAKA;

/// The chain, as contracts see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) chain_id: u64,
    pub(super) fee_account: Address,
    /// The gas limit that blocks show.
    pub(super) gas_limit: u64,
}

/// Runs a call until it ends or the deadline has passed, and answers what it returns.
pub(super) fn execute(
    view: &View,
    rules: &Rules,
    limits: &CallLimits,
    call: &Call,
    mut deadline: Deadline<'_>,
) -> Result<Bytes, CallError> {
    loop {
        let mut database = LedgerDatabase::new(view, &call.state, limits.reads_max, call.at)?;
        let result = attempt(&mut database, rules, limits, call, &mut deadline);
        let fault = database.fault();
        if deadline.has_passed() {
            return Err(CallError::TimedOut(limits.time_max));
        }
        match (fault, call.at) {
            // On what is the newest block by now.
            (Some(Fault::Gone), None) => {}
            (Some(Fault::Gone), Some(number)) => return Err(CallError::Gone(number)),
            (Some(Fault::TooManyReads), _) => {
                return Err(CallError::TooManyReads(limits.reads_max));
            }
            (Some(Fault::Unread(error)), _) => return Err(error.into()),
            (None, _) => return finished(result, &mut database, limits, call),
        }
    }
}

type Attempt = Result<ExecutionResult, EVMError<Unreadable>>;

fn attempt(
    database: &mut LedgerDatabase<'_>,
    rules: &Rules,
    limits: &CallLimits,
    call: &Call,
    deadline: &mut Deadline<'_>,
) -> Attempt {
    let block = block(database, rules, call);
    let transaction = transaction(limits, call);
    let context = Context::mainnet()
        .with_db(database)
        .with_block(block)
        .modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SPEC);
            cfg.chain_id = rules.chain_id;
            cfg.memory_limit = limits.memory_bytes_max;
            // A call has no signature, and may use more gas than a transaction.
            cfg.tx_gas_limit_cap = Some(u64::MAX);
            cfg.tx_chain_id_check = false;
            cfg.disable_nonce_check = true;
            cfg.disable_eip3607 = true;
            cfg.disable_block_gas_limit = true;
            // Gas is a price list here, and not what the EVM meters.
            cfg.disable_fee_charge = true;
            cfg.disable_base_fee = call.gas_price == 0;
        });
    let mut evm = Evm {
        ctx: context,
        inspector: deadline,
        instruction: EthInstructions::new_mainnet_with_spec(SPEC),
        precompiles: Predeploys::new(rules.chain_id, SPEC),
        frame_stack: FrameStack::new_prealloc(8),
    };
    evm.inspect_one_tx(transaction)
}

fn block(database: &LedgerDatabase<'_>, rules: &Rules, call: &Call) -> BlockEnv {
    let head = database.head();
    let mut block = BlockEnv {
        number: U256::from(head.number),
        beneficiary: rules.fee_account,
        timestamp: U256::from(head.timestamp),
        gas_limit: rules.gas_limit,
        basefee: head.base_fee,
        difficulty: U256::ZERO,
        prevrandao: Some(B256::ZERO),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
            excess_blob_gas: 0,
            blob_gasprice: 1,
        }),
        slot_num: 0,
    };
    call.block.apply_to(&mut block);
    block
}

fn transaction(limits: &CallLimits, call: &Call) -> TxEnv {
    TxEnv {
        tx_type: 0,
        caller: call.from,
        gas_limit: call.gas.unwrap_or(u64::MAX).min(limits.gas_max),
        gas_price: call.gas_price,
        kind: call.to.map_or(TxKind::Create, TxKind::Call),
        value: call.value,
        data: call.data.clone(),
        ..TxEnv::default()
    }
}

fn finished(
    result: Attempt,
    database: &mut LedgerDatabase<'_>,
    limits: &CallLimits,
    call: &Call,
) -> Result<Bytes, CallError> {
    let bounded = |output: Bytes| match output.len() {
        bytes if bytes > limits.output_bytes_max => Err(CallError::OutputTooLarge {
            bytes,
            max: limits.output_bytes_max,
        }),
        _ => Ok(output),
    };
    match result {
        Ok(ExecutionResult::Success { output, .. }) => bounded(output.into_data()),
        Ok(ExecutionResult::Revert { output, .. }) => {
            bounded(output).and_then(|output| Err(CallError::Reverted(output)))
        }
        // Of the call itself: a contract that lacks funds for a call of its own goes on.
        Ok(ExecutionResult::Halt {
            reason: HaltReason::OutOfFunds,
            ..
        }) => Err(lack_of_funds(database, call)),
        Ok(ExecutionResult::Halt { reason, .. }) => Err(CallError::Halted(reason)),
        Err(EVMError::Transaction(reason)) => Err(CallError::Invalid(reason)),
        Err(other) => Err(CallError::Internal(other.to_string())),
    }
}

fn lack_of_funds(database: &mut LedgerDatabase<'_>, call: &Call) -> CallError {
    let balance = database.basic(call.from).ok().flatten();
    CallError::Funds {
        address: call.from,
        balance: balance.unwrap_or_default().balance,
        value: call.value,
    }
}
