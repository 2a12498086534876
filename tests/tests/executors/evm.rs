//! Deployed contracts in an EVM: the committed artifacts, with storage that the test writes by hand and without a chain.

use std::collections::HashMap;
use std::convert::Infallible;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use revm::bytecode::Bytecode;
use revm::context::result::ExecutionResult;
use revm::context::{Context, TxEnv};
use revm::database_interface::{DatabaseRef, WrapDatabaseRef};
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{ExecuteEvm, MainBuilder, MainContext};
use spillway_bridge_contracts::Artifact;

/// Whoever calls: an account without code.
pub(crate) const CALLER: Address = Address::repeat_byte(0xca);
/// Gas of a transaction, at most (EIP-7825).
const GAS_LIMIT: u64 = 1 << 24;

/// Contracts under Osaka's rules. A call changes nothing: the next one finds what was stored by hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evm {
    code: HashMap<Address, Bytecode>,
    storage: HashMap<(Address, U256), U256>,
    balances: HashMap<Address, U256>,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub(crate) struct Called<T> {
    /// What the contract returned, or the data that it reverted with.
    pub(crate) result: Result<T, Bytes>,
    /// Of a transaction that does nothing else, its calldata included.
    pub(crate) gas: u64,
}

impl Evm {
    /// Puts a contract there. Immutables are whole words by their names in the source; those not named stay zero.
    pub(crate) fn deploy<const N: usize>(
        &mut self,
        at: Address,
        artifact: &Artifact,
        immutables: [(&str, B256); N],
    ) {
        let immutables = immutables.map(|(name, value)| (name.to_owned(), value));
        let known: Vec<_> = artifact.names().collect();
        for (name, _) in &immutables {
            assert!(
                known.contains(&name.as_str()),
                "no immutable is called {name}"
            );
        }
        let code = artifact.code_with(&immutables.into());
        self.code.insert(at, Bytecode::new_raw(code.into()));
    }

    /// Writes a word of a contract's storage.
    pub(crate) fn store(&mut self, contract: Address, slot: U256, value: U256) {
        self.storage.insert((contract, slot), value);
    }

    /// Gives a contract ETH.
    pub(crate) fn fund(&mut self, contract: Address, wei: U256) {
        self.balances.insert(contract, wei);
    }

    /// Calls a contract, in a block with the timestamp 1.
    ///
    /// # Panics
    /// When the contract neither returns what its interface says nor reverts: out of gas, an invalid instruction.
    pub(crate) fn call<C: SolCall>(&self, at: Address, call: &C) -> Called<C::Return> {
        let mut evm = Context::mainnet()
            .with_db(WrapDatabaseRef(self))
            .modify_cfg_chained(|cfg| cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA))
            .build_mainnet();
        let transaction = TxEnv::builder()
            .caller(CALLER)
            .to(at)
            .data(call.abi_encode().into())
            .gas_limit(GAS_LIMIT)
            .gas_price(0)
            .build()
            .expect("it has all that a call needs");
        let result = evm.transact(transaction).expect("it fits a block").result;
        let gas = result.tx_gas_used();
        let result = match result {
            ExecutionResult::Success { output, .. } => Ok(C::abi_decode_returns(output.data())
                .expect("the contract returns what its interface says")),
            ExecutionResult::Revert { output, .. } => Err(output),
            ExecutionResult::Halt { reason, .. } => panic!("the contract ran into {reason:?}"),
        };
        Called { result, gas }
    }
}

/// The slot of a mapping's value.
pub(crate) fn mapped(key: B256, slot: u64) -> U256 {
    keccak256([key, B256::from(U256::from(slot))].concat()).into()
}

impl DatabaseRef for Evm {
    type Error = Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        let balance = self.balances.get(&address).copied().unwrap_or_default();
        let code = self.code.get(&address);
        Ok(code.map(|code| AccountInfo::from_bytecode(code.clone()).with_balance(balance)))
    }

    fn code_by_hash_ref(&self, _: B256) -> Result<Bytecode, Infallible> {
        Ok(Bytecode::new())
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self
            .storage
            .get(&(address, slot))
            .copied()
            .unwrap_or_default())
    }

    fn block_hash_ref(&self, _: u64) -> Result<B256, Infallible> {
        Ok(B256::ZERO)
    }
}
