//! The withdraw and the payout predeploy, natively, beside Ethereum's precompiles.
//!
//! A call of theirs is read as a transaction would be, and done by the rules of [`spillway_protocol::transition`] on what the EVM's journal
//! holds. What a transaction would be refused for is a revert in the words that its sender would read.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{Revert, SolError};
use revm::Journal;
use revm::context::{BlockEnv, CfgEnv, Context, ContextTr, JournalTr, TxEnv};
use revm::context_interface::journaled_state::TransferError;
use revm::handler::{EthPrecompiles, PrecompileProvider};
use revm::interpreter::{CallInputs, Gas, InstructionResult, InterpreterResult};
use revm::primitives::AddressSet;
use revm::primitives::hardfork::SpecId;
use spillway_bridge_contracts::IPayout::ERC20InsufficientBalance;
use spillway_protocol::chunk::ChunkBuilder;
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::gas;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;
use spillway_protocol::transaction::{Asset, Intent, PAYOUT_PREDEPLOY, Payee, WITHDRAW_PREDEPLOY};
use spillway_protocol::transition::{self, Rejection};

use super::database::{LedgerDatabase, Unreadable};
use super::facades::{EXISTS, LOCKED, balance_slot, flags_slot};
use super::intent::intent_of;
use crate::ordering::OrderingError;

/// What the EVM works on.
pub(super) type EvmContext<'d, 'a> = Context<
    BlockEnv,
    TxEnv,
    CfgEnv,
    &'d mut LedgerDatabase<'a>,
    Journal<&'d mut LedgerDatabase<'a>>,
>;

/// Gas that one of Ethereum's precompiles gets at most. It cannot be interrupted, and with all the gas of a call may compute for seconds.
const PRECOMPILE_GAS_MAX: u64 = 1_000_000;
/// Gas of a call that reverts: it was read, at least.
const READING_GAS: u64 = gas::TRANSFER_ETH;

/// Ethereum's precompiles and the predeploys.
#[derive(Debug)]
pub(super) struct Predeploys {
    chain_id: u64,
    ethereum: EthPrecompiles,
}

impl Predeploys {
    pub(super) fn new(chain_id: u64, spec: SpecId) -> Self {
        Self {
            chain_id,
            ethereum: EthPrecompiles::new(spec),
        }
    }

    fn run_ethereums<'d, 'a>(
        &mut self,
        context: &mut EvmContext<'d, 'a>,
        inputs: &CallInputs,
    ) -> Result<Option<InterpreterResult>, String> {
        if inputs.gas_limit <= PRECOMPILE_GAS_MAX {
            return self.ethereum.run(context, inputs);
        }
        let mut limited = inputs.clone();
        limited.gas_limit = PRECOMPILE_GAS_MAX;
        let result = self.ethereum.run(context, &limited)?;
        Ok(result.map(|result| {
            let failed = !result.result.is_ok_or_revert();
            let gas_used = if failed {
                inputs.gas_limit
            } else {
                result.gas.total_gas_spent()
            };
            ended(inputs, result.result, gas_used, result.output)
        }))
    }
}

impl<'d, 'a> PrecompileProvider<EvmContext<'d, 'a>> for Predeploys {
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: SpecId) -> bool {
        <EthPrecompiles as PrecompileProvider<EvmContext<'d, 'a>>>::set_spec(
            &mut self.ethereum,
            spec,
        )
    }

    fn run(
        &mut self,
        context: &mut EvmContext<'d, 'a>,
        inputs: &CallInputs,
    ) -> Result<Option<InterpreterResult>, String> {
        if !matches!(
            inputs.bytecode_address,
            WITHDRAW_PREDEPLOY | PAYOUT_PREDEPLOY
        ) {
            return self.run_ethereums(context, inputs);
        }
        if inputs.is_static {
            return Ok(Some(ended(
                inputs,
                InstructionResult::StateChangeDuringStaticCall,
                inputs.gas_limit,
                Bytes::new(),
            )));
        }
        let call = Predeploy {
            chain_id: self.chain_id,
            inputs,
            context,
        };
        let (result, gas_used, output) = match call.run() {
            Ok(gas_used) => (InstructionResult::Return, gas_used, Bytes::new()),
            Err(Failure::Reverted(output)) => (InstructionResult::Revert, READING_GAS, output),
            Err(Failure::Unreadable(error)) => return Err(error.to_string()),
        };
        let result = if gas_used > inputs.gas_limit {
            ended(
                inputs,
                InstructionResult::OutOfGas,
                inputs.gas_limit,
                Bytes::new(),
            )
        } else {
            ended(inputs, result, gas_used, output)
        };
        Ok(Some(result))
    }

    fn warm_addresses(&self) -> &AddressSet {
        self.ethereum.warm_addresses()
    }
}

fn ended(
    inputs: &CallInputs,
    result: InstructionResult,
    gas_used: u64,
    output: Bytes,
) -> InterpreterResult {
    let mut gas = Gas::new_with_regular_gas_and_reservoir(inputs.gas_limit, inputs.reservoir);
    gas.set_spent(gas_used);
    InterpreterResult::new(result, output, gas)
}

/// Why a call of a predeploy is not done.
enum Failure {
    Reverted(Bytes),
    Unreadable(Unreadable),
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::Unreadable(error)
    }
}

/// A revert with the reason as Solidity writes it.
fn refused(reason: &(impl ToString + ?Sized)) -> Failure {
    Failure::Reverted(Revert::from(reason.to_string()).abi_encode().into())
}

/// One call of a predeploy. The EVM has moved the ETH sent along to it.
struct Predeploy<'c, 'd, 'a> {
    chain_id: u64,
    inputs: &'c CallInputs,
    context: &'c mut EvmContext<'d, 'a>,
}

impl Predeploy<'_, '_, '_> {
    /// Does what it asks for, and answers the gas that it takes.
    fn run(mut self) -> Result<u64, Failure> {
        let at = self.inputs.bytecode_address;
        if self.inputs.target_address != at {
            return Err(refused("call the predeploy itself, not its code"));
        }
        let data = self.inputs.input.bytes(self.context);
        let value = self.inputs.value.get();
        let intent =
            intent_of(self.chain_id, Some(at), value, data).map_err(|reason| refused(&reason))?;
        self.verify_token_and_size(&intent)?;
        if self.flags(self.inputs.caller)? & LOCKED != 0 {
            return Err(refused(&Rejection::Locked));
        }
        match &intent {
            Intent::Withdraw { asset, amount, .. } => self.withdraw(*asset, *amount)?,
            Intent::Payout { asset, payees } => self.pay(*asset, payees)?,
            // No predeploy takes one.
            Intent::Transfer { .. } => {}
        }
        Ok(gas::gas(intent.gas_kind()))
    }

    fn verify_token_and_size(&mut self, intent: &Intent) -> Result<(), Failure> {
        let sender = self.inputs.caller;
        let verdict = self.context.journal_mut().db_mut().read(|at| {
            let ledger = at.newest();
            if let Asset::Token(token) = intent.asset()
                && ledger.tokens().id_of(&token).is_none()
            {
                return Err(OrderingError::UnlistedToken(token));
            }
            verify_size(ledger.state(), ledger.tokens(), &sender, intent)
        })?;
        verdict.map_err(|reason| refused(&reason))
    }

    /// ETH stays at the predeploy, out of anybody's reach.
    fn withdraw(&mut self, asset: Asset, amount: u128) -> Result<(), Failure> {
        if let Asset::Token(token) = asset {
            self.take(token, amount)?;
        }
        if amount == 0 {
            return Err(refused(&Rejection::ZeroAmount));
        }
        Ok(())
    }

    fn pay(&mut self, asset: Asset, payees: &[Payee]) -> Result<(), Failure> {
        if let Asset::Token(token) = asset {
            // Reading has checked that the sum fits.
            let sum = payees
                .iter()
                .fold(0u128, |sum, payee| sum.saturating_add(payee.amount));
            self.take(token, sum)?;
        }
        for (place, payee) in payees.iter().enumerate() {
            let mut earlier = payees.iter().take(place);
            if payee.amount == 0
                && earlier.all(|other| other.recipient != payee.recipient)
                && self.flags(payee.recipient)? & EXISTS == 0
            {
                return Err(refused(&Rejection::ZeroAmount));
            }
            self.credit(asset, payee)?;
        }
        Ok(())
    }

    fn credit(&mut self, asset: Asset, payee: &Payee) -> Result<(), Failure> {
        let (recipient, amount) = (payee.recipient, U256::from(payee.amount));
        let Asset::Token(token) = asset else {
            let from = self.inputs.bytecode_address;
            let moved = self
                .context
                .journal_mut()
                .transfer(from, recipient, amount)?;
            return moved.map_or(Ok(()), |error: TransferError| {
                Err(refused(&format_args!("{error:?}")))
            });
        };
        let slot = balance_slot(recipient);
        let balance = self.load(token, slot)?;
        // Only with overridden balances can it be too much.
        let balance = balance
            .checked_add(amount)
            .ok_or_else(|| refused(&Rejection::Overflow))?;
        self.store(token, slot, balance)
    }

    /// Takes an amount of a token from the caller.
    fn take(&mut self, token: Address, amount: u128) -> Result<(), Failure> {
        let (sender, needed) = (self.inputs.caller, U256::from(amount));
        let slot = balance_slot(sender);
        let balance = self.load(token, slot)?;
        if balance.is_zero() || balance < needed {
            let error = ERC20InsufficientBalance {
                sender,
                balance,
                needed,
            };
            return Err(Failure::Reverted(error.abi_encode().into()));
        }
        self.store(token, slot, balance - needed)
    }

    fn flags(&mut self, account: Address) -> Result<u8, Failure> {
        let flags = self.load(self.inputs.bytecode_address, flags_slot(account))?;
        Ok(flags.byte(0))
    }

    fn load(&mut self, contract: Address, slot: U256) -> Result<U256, Failure> {
        let journal = self.context.journal_mut();
        journal.load_account(contract)?;
        Ok(journal.sload(contract, slot)?.data)
    }

    fn store(&mut self, contract: Address, slot: U256, value: U256) -> Result<(), Failure> {
        let journal = self.context.journal_mut();
        journal.load_account(contract)?;
        journal.sstore(contract, slot, value)?;
        Ok(())
    }
}

/// That a chunk can hold the operation. That of a sender without an account is not known.
fn verify_size(
    state: &State,
    tokens: &TokenTable,
    sender: &Address,
    intent: &Intent,
) -> Result<(), OrderingError> {
    let Ok(operation) = transition::resolve(state, tokens, sender, intent) else {
        return Ok(());
    };
    let mut bytes = Vec::new();
    codec::encode(&operation, &Scope::of(state, tokens), &mut bytes)
        .map_err(OrderingError::Encode)?;
    ChunkBuilder::default()
        .push(&operation, &bytes, state, None)
        .map_err(OrderingError::PayoutTooLarge)
}
