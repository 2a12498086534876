//! Running transactions and calls on revm, under Osaka's rules.

use alloy_consensus::transaction::Recovered;
use alloy_consensus::{Header, Transaction, TxEnvelope, Typed2718};
use alloy_eips::eip7840::BlobParams;
use alloy_primitives::{Address, Bytes, U256};
use revm::context::result::{EVMError, InvalidTransaction, ResultAndState};
use revm::context::{BlockEnv, CfgEnv, Context, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::context_interface::either::Either;
use revm::database_interface::WrapDatabaseRef;
use revm::handler::MainnetContext;
use revm::primitives::hardfork::SpecId;
use revm::state::EvmState;
use revm::{ExecuteEvm, MainBuilder, MainContext, MainnetEvm, SystemCallEvm};

use super::world::StateAt;

/// What execution knows beside the state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Environment<'a> {
    /// The header of the block, as far as transactions see it.
    pub(crate) header: &'a Header,
    pub(crate) chain_id: u64,
    pub(crate) blobs: &'a BlobParams,
}

type State<'a> = WrapDatabaseRef<StateAt<'a>>;
type Evm<'a> = MainnetEvm<MainnetContext<State<'a>>>;

/// Why a transaction cannot run at all.
#[derive(Debug, thiserror::Error)]
pub enum ExecutionError {
    /// It fits neither the block nor the state.
    #[error("{0}")]
    Invalid(InvalidTransaction),
    /// revm gave up.
    #[error("execution failed: {0}")]
    Internal(String),
}

impl<E: std::fmt::Display> From<EVMError<E>> for ExecutionError {
    fn from(error: EVMError<E>) -> Self {
        match error {
            EVMError::Transaction(reason) => Self::Invalid(reason),
            EVMError::Header(reason) => Self::Internal(reason.to_string()),
            EVMError::Database(reason) => Self::Internal(reason.to_string()),
            EVMError::Custom(reason) => Self::Internal(reason),
            EVMError::CustomAny(reason) => Self::Internal(reason.to_string()),
        }
    }
}

impl Environment<'_> {
    fn evm<'a>(&self, state: StateAt<'a>, adjust: impl FnOnce(&mut CfgEnv)) -> Evm<'a> {
        let block = self.block();
        Context::mainnet()
            .with_db(WrapDatabaseRef(state))
            .with_block(block)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
                cfg.chain_id = self.chain_id;
                cfg.max_blobs_per_tx = Some(self.blobs.max_blobs_per_tx);
                cfg.blob_base_fee_update_fraction = u64::try_from(self.blobs.update_fraction).ok();
                adjust(cfg);
            })
            .build_mainnet()
    }

    fn block(&self) -> BlockEnv {
        let header = self.header;
        let excess_blob_gas = header.excess_blob_gas.unwrap_or_default();
        BlockEnv {
            number: U256::from(header.number),
            beneficiary: header.beneficiary,
            timestamp: U256::from(header.timestamp),
            gas_limit: header.gas_limit,
            basefee: header.base_fee_per_gas.unwrap_or_default(),
            difficulty: U256::ZERO,
            prevrandao: Some(header.mix_hash),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
                excess_blob_gas,
                blob_gasprice: self.blobs.calc_blob_fee(excess_blob_gas),
            }),
            slot_num: 0,
        }
    }

    /// Runs a signed transaction.
    pub(crate) fn transact(
        &self,
        state: StateAt<'_>,
        transaction: &Recovered<TxEnvelope>,
    ) -> Result<ResultAndState, ExecutionError> {
        let mut evm = self.evm(state, |_| {});
        Ok(evm.transact(environment_of(transaction))?)
    }

    /// Runs a call, which has no signature: no nonce, code at the sender does no harm, and it may use more
    /// gas than a transaction. Without a gas price it pays no fee.
    pub(crate) fn call(
        &self,
        state: StateAt<'_>,
        call: TxEnv,
    ) -> Result<ResultAndState, ExecutionError> {
        let free = call.gas_price == 0;
        let mut evm = self.evm(state, |cfg| {
            cfg.disable_nonce_check = true;
            cfg.disable_eip3607 = true;
            cfg.disable_block_gas_limit = true;
            cfg.disable_base_fee = free;
            cfg.tx_gas_limit_cap = Some(u64::MAX);
        });
        Ok(evm.transact(call)?)
    }

    /// Runs calls of the protocol itself, to different contracts. They are free, and nobody looks at what
    /// they return.
    pub(crate) fn system_calls(
        &self,
        state: StateAt<'_>,
        calls: impl IntoIterator<Item = (Address, Bytes)>,
    ) -> Result<EvmState, ExecutionError> {
        let mut evm = self.evm(state, |_| {});
        for (contract, data) in calls {
            evm.system_call_one(contract, data)?;
        }
        Ok(evm.finalize())
    }
}

fn environment_of(transaction: &Recovered<TxEnvelope>) -> TxEnv {
    let inner = &**transaction;
    TxEnv {
        tx_type: inner.ty(),
        caller: transaction.signer(),
        gas_limit: inner.gas_limit(),
        gas_price: inner.max_fee_per_gas(),
        kind: inner.kind(),
        value: inner.value(),
        data: inner.input().clone(),
        nonce: inner.nonce(),
        chain_id: inner.chain_id(),
        access_list: inner.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: inner.max_priority_fee_per_gas(),
        blob_hashes: inner.blob_versioned_hashes().unwrap_or_default().to_vec(),
        max_fee_per_blob_gas: inner.max_fee_per_blob_gas().unwrap_or_default(),
        authorization_list: inner
            .authorization_list()
            .unwrap_or_default()
            .iter()
            .cloned()
            .map(Either::Left)
            .collect(),
    }
}
