//! What Spillway's contracts log.

use alloy_primitives::Address;
use alloy_rpc_types_eth::Log;
use alloy_sol_types::SolEventInterface;
use spillway_bridge_contracts::{Bridge, Inbox, Rollup};

use super::dialogue::LogFilter;

/// Where the contracts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractAddresses {
    /// Messages to L2.
    pub inbox: Address,
    /// Custody.
    pub bridge: Address,
    /// Batches.
    pub rollup: Address,
}

/// A log, decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum ContractEvent {
    /// Of the inbox.
    Inbox(Inbox::InboxEvents),
    /// Of the bridge.
    Bridge(Bridge::BridgeEvents),
    /// Of the rollup.
    Rollup(Box<Rollup::RollupEvents>),
}

/// A log that is none of the contracts'.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Of another contract.
    #[error("a log of {0}, which is none of the contracts")]
    Contract(Address),
    /// Of an event that the contract does not have.
    #[error(
        "a log that the contract's events do not explain: {0}. Is this the right version of the contracts?"
    )]
    Event(#[from] alloy_sol_types::Error),
}

impl ContractAddresses {
    /// All logs of the three.
    #[must_use]
    pub fn filter(&self) -> LogFilter {
        LogFilter {
            addresses: vec![self.inbox, self.bridge, self.rollup],
            topics: Vec::new(),
        }
    }

    /// What a log says.
    ///
    /// # Errors
    /// [`DecodeError`]: never for the logs of a right deployment.
    pub fn decode(&self, log: &Log) -> Result<ContractEvent, DecodeError> {
        let (topics, data) = (log.topics(), log.data().data.as_ref());
        let address = log.address();
        if address == self.inbox {
            let event = Inbox::InboxEvents::decode_raw_log(topics, data)?;
            Ok(ContractEvent::Inbox(event))
        } else if address == self.bridge {
            let event = Bridge::BridgeEvents::decode_raw_log(topics, data)?;
            Ok(ContractEvent::Bridge(event))
        } else if address == self.rollup {
            let event = Rollup::RollupEvents::decode_raw_log(topics, data)?;
            Ok(ContractEvent::Rollup(Box::new(event)))
        } else {
            Err(DecodeError::Contract(address))
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, Bytes, LogData};
    use alloy_sol_types::SolEvent;

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

    #[test]
    fn logs_are_decoded_by_their_contract() {
        let closed = Inbox::Closed { count: 7 };
        let event = CONTRACTS.decode(&log(CONTRACTS.inbox, closed.encode_log_data()));
        assert_eq!(
            event.expect("an event"),
            ContractEvent::Inbox(Inbox::InboxEvents::Closed(closed.clone()))
        );
        let escaped = Rollup::Escaped { head: 3 };
        let event = CONTRACTS.decode(&log(CONTRACTS.rollup, escaped.encode_log_data()));
        let expected = ContractEvent::Rollup(Box::new(Rollup::RollupEvents::Escaped(escaped)));
        assert_eq!(event.expect("an event"), expected);
        // The inbox's event in another contract's name.
        CONTRACTS
            .decode(&log(CONTRACTS.bridge, closed.encode_log_data()))
            .expect_err("no event of the bridge");
        CONTRACTS
            .decode(&log(Address::ZERO, closed.encode_log_data()))
            .expect_err("no contract");
        let unknown = LogData::new_unchecked(vec![B256::ZERO], Bytes::new());
        CONTRACTS
            .decode(&log(CONTRACTS.inbox, unknown))
            .expect_err("no event");
    }
}
