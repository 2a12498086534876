//! What L1 sends to L2, messages and tokens, as the contracts log it, in the protocol's types.

use alloy_primitives::{Address, hex};
use alloy_rpc_types_eth::Log;
use spillway_bridge_contracts::Bridge::BridgeEvents;
use spillway_bridge_contracts::Inbox::InboxEvents;
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_protocol::token::{ETH, TokenId};

use crate::batches::{self, BatchEvent};
use crate::events::{ContractAddresses, ContractEvent, DecodeError};

/// Something that L2 consumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A message of the inbox.
    Message {
        /// Its place, from 0.
        index: u64,
        /// The hash chain after it, as L1 has it.
        accumulator: InboxAccumulator,
        /// What it says.
        message: InboxMessage,
    },
    /// A token that was listed; not ETH, which L2 has from genesis.
    Token {
        /// Its number, from 1.
        id: TokenId,
        /// Its contract on L1.
        address: Address,
        /// Its decimals.
        decimals: u8,
        /// The exponent of its short amounts, as L1 computed it.
        base_exponent: u8,
    },
}

/// What a log means to whoever follows the rollup from L1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// L2 will consume it.
    Arrival(Arrival),
    /// About batches.
    Batch(BatchEvent),
}

/// Why a log cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum SaidError {
    /// Not a log of these contracts.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A message of no known kind.
    #[error(
        "message {index} is none that this version knows: 0x{}. Is this the right version of the contracts?",
        hex::encode(bytes)
    )]
    Message {
        /// Its place in the inbox.
        index: u64,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// What a log says; none if it is about something else.
///
/// # Errors
/// [`SaidError`]: never for the logs of a right deployment.
pub fn said(contracts: &ContractAddresses, log: &Log) -> Result<Option<Said>, SaidError> {
    Ok(match contracts.decode(log)? {
        ContractEvent::Inbox(event) => message(event)?.map(Said::Arrival),
        ContractEvent::Bridge(event) => listing(&event).map(Said::Arrival),
        ContractEvent::Rollup(event) => batches::of_rollup(*event, log).map(Said::Batch),
    })
}

fn message(event: InboxEvents) -> Result<Option<Arrival>, SaidError> {
    let InboxEvents::MessageSent(sent) = event else {
        return Ok(None);
    };
    let (index, accumulator) = (sent.index, sent.accumulator);
    match InboxMessage::decode(&sent.message) {
        Some(message) => Ok(Some(Arrival::Message {
            index,
            accumulator,
            message,
        })),
        None => Err(SaidError::Message {
            index,
            bytes: sent.message.to_vec(),
        }),
    }
}

fn listing(event: &BridgeEvents) -> Option<Arrival> {
    let BridgeEvents::TokenListed(listed) = event else {
        return None;
    };
    (listed.token != ETH).then_some(Arrival::Token {
        id: listed.token,
        address: listed.tokenAddress,
        decimals: listed.decimals,
        base_exponent: listed.baseExponent,
    })
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, LogData};
    use alloy_sol_types::SolEvent;
    use spillway_bridge_contracts::{Bridge, Inbox, Rollup};

    use super::*;

    const CONTRACTS: ContractAddresses = ContractAddresses {
        inbox: Address::repeat_byte(1),
        bridge: Address::repeat_byte(2),
        rollup: Address::repeat_byte(3),
    };

    fn log(address: Address, data: LogData) -> Log {
        Log {
            inner: alloy_primitives::Log { address, data },
            ..Log::default()
        }
    }

    fn sent(message: &[u8]) -> Log {
        let event = Inbox::MessageSent {
            index: 4,
            account: Address::ZERO,
            sender: Address::ZERO,
            accumulator: [5; 24].into(),
            message: message.to_vec().into(),
        };
        log(CONTRACTS.inbox, event.encode_log_data())
    }

    fn listed(token: TokenId) -> Log {
        let event = Bridge::TokenListed {
            token,
            tokenAddress: Address::repeat_byte(9),
            decimals: 6,
            baseExponent: 3,
        };
        log(CONTRACTS.bridge, event.encode_log_data())
    }

    #[test]
    fn messages_tokens_and_batches_are_told_apart() {
        let message = InboxMessage::Lock {
            sender: Address::repeat_byte(7),
            account: 8,
        };
        let arrival = Arrival::Message {
            index: 4,
            accumulator: [5; 24].into(),
            message,
        };
        let said = |log: &Log| said(&CONTRACTS, log).expect("a log of ours");
        let log_of_message = sent(message.encode().as_bytes());
        assert_eq!(said(&log_of_message), Some(Said::Arrival(arrival)));
        assert_eq!(said(&listed(ETH)), None, "ETH is there from genesis");
        let token = Arrival::Token {
            id: 1,
            address: Address::repeat_byte(9),
            decimals: 6,
            base_exponent: 3,
        };
        assert_eq!(said(&listed(1)), Some(Said::Arrival(token)));
        let finalized = Rollup::BatchFinalized {
            number: 2,
            batchHash: B256::ZERO,
            stateRoot: B256::ZERO,
        };
        assert_eq!(
            said(&log(CONTRACTS.rollup, finalized.encode_log_data())),
            Some(Said::Batch(BatchEvent::Finalized { number: 2 }))
        );
    }

    #[test]
    fn a_message_of_no_kind_is_an_error_that_shows_it() {
        let error = said(&CONTRACTS, &sent(&[0xff, 1])).expect_err("no message");
        assert!(error.to_string().contains("0xff01"), "{error}");
    }
}
