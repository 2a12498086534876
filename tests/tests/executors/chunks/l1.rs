//! The contracts in revm: `TransitionDisputes` as it is deployed, beside the inbox and the bridge whose storage says which
//! messages were sent and which tokens are listed.

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
use spillway_bridge_contracts::{Artifact, BRIDGE, INBOX, TRANSITION_DISPUTES, TransitionDisputes};
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_protocol::token::TokenTable;

const CALLER: Address = Address::repeat_byte(0xca);
const INBOX_AT: Address = Address::repeat_byte(0x01);
const BRIDGE_AT: Address = Address::repeat_byte(0x02);
const DISPUTES_AT: Address = Address::repeat_byte(0x03);
/// Gas of a transaction, at most (EIP-7825).
const GAS_LIMIT: u64 = 1 << 24;

/// The first slots of the contracts' storage.
const INBOX_ENTRIES: u64 = 1;
const BRIDGE_TOKENS: u64 = 0;
const BRIDGE_ADDRESSES: u64 = 1;

/// What the contract said, and the gas that the call took, calldata included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The root after a valid chunk, or none for an invalid one.
    Executed(Option<B256>),
    /// The witness is refused.
    Refused,
}

/// An L1 with nothing on it but the three contracts.
#[derive(Clone, Debug)]
pub(super) struct L1 {
    code: HashMap<Address, Bytecode>,
    storage: HashMap<(Address, U256), U256>,
}

impl L1 {
    /// With these tokens listed.
    pub(super) fn new(tokens: &TokenTable) -> Self {
        let code = [
            (INBOX_AT, deployed(&INBOX)),
            (BRIDGE_AT, deployed(&BRIDGE)),
            (DISPUTES_AT, deployed(&TRANSITION_DISPUTES)),
        ];
        let mut l1 = Self {
            code: code.into(),
            storage: HashMap::new(),
        };
        let listed = tokens.as_slice();
        let addresses = U256::from_be_bytes(keccak256(B256::from(U256::from(BRIDGE_ADDRESSES))).0);
        l1.store(
            BRIDGE_AT,
            U256::from(BRIDGE_ADDRESSES),
            U256::from(listed.len()),
        );
        for (id, token) in listed.iter().enumerate() {
            let at = addresses + U256::from(id);
            l1.store(BRIDGE_AT, at, U256::from_be_slice(token.address.as_slice()));
            let record = U256::from(id) << 128
                | U256::from(token.base_exponent) << 136
                | U256::from(1) << 144;
            let at = mapped(token.address.into_word(), BRIDGE_TOKENS);
            l1.store(BRIDGE_AT, at, record);
        }
        l1
    }

    /// The inbox holds these messages from that place on, after a chain with that value.
    pub(super) fn send(&mut self, place: u64, before: InboxAccumulator, messages: &[InboxMessage]) {
        let mut accumulator = before;
        let mut entry = |index: u64, accumulator: InboxAccumulator| {
            let timestamp = U256::from(1) << 192;
            let word = timestamp | U256::from_be_slice(accumulator.as_slice());
            let at = mapped(B256::from(U256::from(index)), INBOX_ENTRIES);
            self.store(INBOX_AT, at, word);
        };
        if let Some(last) = place.checked_sub(1) {
            entry(last, before);
        }
        for (index, message) in (place..).zip(messages) {
            accumulator = message.accumulate(&accumulator);
            entry(index, accumulator);
        }
    }

    fn store(&mut self, contract: Address, slot: U256, value: U256) {
        self.storage.insert((contract, slot), value);
    }

    /// Calls the contract. The gas is that of a transaction which does nothing else.
    pub(super) fn execute(&self, call: &TransitionDisputes::executeCall) -> (Answer, u64) {
        let mut evm = Context::mainnet()
            .with_db(WrapDatabaseRef(self))
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
                cfg.disable_nonce_check = true;
                cfg.disable_base_fee = true;
            })
            .build_mainnet();
        let call = TxEnv::builder()
            .caller(CALLER)
            .to(DISPUTES_AT)
            .data(call.abi_encode().into())
            .gas_limit(GAS_LIMIT)
            .gas_price(0)
            .build()
            .expect("it has all that a call needs");
        let result = evm.transact(call).expect("the call fits a block").result;
        let gas = result.tx_gas_used();
        match result {
            ExecutionResult::Success { output, .. } => (decode(output.data()), gas),
            ExecutionResult::Revert { .. } => (Answer::Refused, gas),
            ExecutionResult::Halt { reason, .. } => panic!("the contract ran into {reason:?}"),
        }
    }
}

fn decode(output: &Bytes) -> Answer {
    let answer = TransitionDisputes::executeCall::abi_decode_returns(output)
        .expect("what the contract's interface says");
    Answer::Executed(answer.valid.then_some(answer.root))
}

fn deployed(artifact: &Artifact) -> Bytecode {
    let immutables = [
        ("rollup", Address::repeat_byte(4)),
        ("inbox", INBOX_AT),
        ("bridge", BRIDGE_AT),
        ("_inbox", INBOX_AT),
        ("_bridge", BRIDGE_AT),
    ];
    let immutables = immutables.map(|(name, address)| (name.to_owned(), address.into_word()));
    Bytecode::new_raw(artifact.code_with(&immutables.into()).into())
}

/// The slot of a mapping's value.
fn mapped(key: B256, slot: u64) -> U256 {
    let preimage = [key, B256::from(U256::from(slot))].concat();
    U256::from_be_bytes(keccak256(preimage).0)
}

impl DatabaseRef for L1 {
    type Error = Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        let code = self.code.get(&address);
        Ok(code.map(|code| AccountInfo::from_bytecode(code.clone())))
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
