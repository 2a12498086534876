//! `TransitionDisputes` as it is deployed, beside the inbox and the bridge whose storage says which messages were sent and which
//! tokens are listed.

use alloy_primitives::{Address, B256, U256, keccak256};
use spillway_bridge_contracts::TransitionDisputes::executeCall;
use spillway_bridge_contracts::{BRIDGE, INBOX, TRANSITION_DISPUTES};
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_protocol::token::TokenTable;

use crate::evm::{Evm, mapped};

const INBOX_AT: Address = Address::repeat_byte(0x01);
const BRIDGE_AT: Address = Address::repeat_byte(0x02);
const DISPUTES_AT: Address = Address::repeat_byte(0x03);

/// The slots that the contracts' variables begin at.
const INBOX_ENTRIES: u64 = 1;
const BRIDGE_TOKENS: u64 = 0;
const BRIDGE_ADDRESSES: u64 = 1;

/// What the contract said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The root after a valid chunk, or none for an invalid one.
    Executed(Option<B256>),
    /// The witness is refused.
    Refused,
}

/// An L1 with nothing on it but the three contracts.
#[derive(Clone, Debug)]
pub(super) struct L1(Evm);

impl L1 {
    /// With these tokens listed.
    pub(super) fn new(tokens: &TokenTable) -> Self {
        let mut evm = Evm::default();
        evm.deploy(INBOX_AT, &INBOX, []);
        evm.deploy(BRIDGE_AT, &BRIDGE, []);
        let places = [
            ("_inbox", INBOX_AT.into_word()),
            ("_bridge", BRIDGE_AT.into_word()),
        ];
        evm.deploy(DISPUTES_AT, &TRANSITION_DISPUTES, places);
        list(&mut evm, BRIDGE_AT, tokens);
        Self(evm)
    }

    /// The inbox holds these messages from that place on, after a chain with that value.
    pub(super) fn send(&mut self, place: u64, before: InboxAccumulator, messages: &[InboxMessage]) {
        send(&mut self.0, INBOX_AT, place, before, messages);
    }

    /// Calls the contract, and answers the gas of a transaction which does nothing else as well.
    pub(super) fn execute(&self, call: &executeCall) -> (Answer, u64) {
        let called = self.0.call(DISPUTES_AT, call);
        let answer = called.result.map_or(Answer::Refused, |answer| {
            Answer::Executed(answer.valid.then_some(answer.root))
        });
        (answer, called.gas)
    }
}

/// Writes into a bridge that these tokens are listed.
pub(crate) fn list(evm: &mut Evm, bridge: Address, tokens: &TokenTable) {
    let listed = tokens.as_slice();
    let addresses: U256 = keccak256(B256::from(U256::from(BRIDGE_ADDRESSES))).into();
    evm.store(
        bridge,
        U256::from(BRIDGE_ADDRESSES),
        U256::from(listed.len()),
    );
    for (id, token) in listed.iter().enumerate() {
        let address = U256::from_be_slice(token.address.as_slice());
        evm.store(bridge, addresses + U256::from(id), address);
        let record =
            U256::from(id) << 128 | U256::from(token.base_exponent) << 136 | U256::from(1) << 144;
        let slot = mapped(token.address.into_word(), BRIDGE_TOKENS);
        evm.store(bridge, slot, record);
    }
}

/// Writes messages into an inbox, from that place on, after a chain with that value.
pub(crate) fn send(
    evm: &mut Evm,
    inbox: Address,
    place: u64,
    before: InboxAccumulator,
    messages: &[InboxMessage],
) {
    let mut entry = |index: u64, accumulator: InboxAccumulator| {
        let timestamp = U256::from(1) << 192;
        let word = timestamp | U256::from_be_slice(accumulator.as_slice());
        let slot = mapped(B256::from(U256::from(index)), INBOX_ENTRIES);
        evm.store(inbox, slot, word);
    };
    if let Some(last) = place.checked_sub(1) {
        entry(last, before);
    }
    let mut accumulator = before;
    for (index, message) in (place..).zip(messages) {
        accumulator = message.accumulate(&accumulator);
        entry(index, accumulator);
    }
}
