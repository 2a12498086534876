//! The logs of the contracts that the follower cares about, in the protocol's words.

use alloy_primitives::hex;
use spillway_bridge_contracts::Bridge::BridgeEvents;
use spillway_bridge_contracts::Inbox::InboxEvents;
use spillway_l1::batches::{self, BatchEvent};
use spillway_l1::events::{Block, ContractAddresses, ContractEvent, DecodeError};
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_protocol::token::ETH;
use spillway_sequencer::block::Listing;

/// What a block of L1 says, each kind in its order.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) batches: Vec<BatchEvent>,
}

/// What the sequencer consumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A message of the inbox.
    Message {
        /// Its place, from 0.
        index: u64,
        /// The hash chain after it, as L1 has it.
        accumulator: InboxAccumulator,
        message: InboxMessage,
    },
    /// A token that was listed; not ETH.
    Token {
        /// Its number, from 1.
        id: u8,
        listing: Listing,
    },
}

/// Why a block cannot be understood.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaidError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(
        "message {index} is none that this version knows: 0x{}. Is this the right version of the contracts?",
        hex::encode(bytes)
    )]
    Message { index: u64, bytes: Vec<u8> },
}

impl Said {
    /// Reads a block's logs.
    pub(super) fn in_block(
        contracts: &ContractAddresses,
        block: &Block,
    ) -> Result<Self, SaidError> {
        let mut said = Self::default();
        for log in &block.logs {
            match contracts.decode(log)? {
                ContractEvent::Inbox(event) => said.arrivals.extend(message(event)?),
                ContractEvent::Bridge(event) => said.arrivals.extend(listing(event)),
                ContractEvent::Rollup(event) => said.batches.extend(batches::of_rollup(*event)),
            }
        }
        Ok(said)
    }
}

fn message(event: InboxEvents) -> Result<Option<Arrival>, SaidError> {
    let InboxEvents::MessageSent(sent) = event else {
        return Ok(None);
    };
    match InboxMessage::decode(&sent.message) {
        Some(message) => Ok(Some(Arrival::Message {
            index: sent.index,
            accumulator: sent.accumulator,
            message,
        })),
        None => Err(SaidError::Message {
            index: sent.index,
            bytes: sent.message.to_vec(),
        }),
    }
}

fn listing(event: BridgeEvents) -> Option<Arrival> {
    let BridgeEvents::TokenListed(listed) = event else {
        return None;
    };
    // The bridge lists ETH when it is made; L2 has it from genesis.
    if listed.token == ETH {
        return None;
    }
    Some(Arrival::Token {
        id: listed.token,
        listing: Listing {
            address: listed.tokenAddress,
            decimals: listed.decimals,
        },
    })
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256, LogData};
    use alloy_sol_types::SolEvent;
    use spillway_bridge_contracts::{Bridge, Inbox, Rollup};
    use spillway_l1::events::Header;
    use spillway_l1::transactions::BlockRef;

    use super::*;

    const CONTRACTS: ContractAddresses = ContractAddresses {
        inbox: Address::repeat_byte(1),
        bridge: Address::repeat_byte(2),
        rollup: Address::repeat_byte(3),
    };

    fn block(logs: &[(Address, LogData)]) -> Block {
        let log = |(address, data): &(Address, LogData)| alloy_rpc_types_eth::Log {
            inner: alloy_primitives::Log {
                address: *address,
                data: data.clone(),
            },
            ..Default::default()
        };
        Block {
            header: Header {
                block: BlockRef {
                    number: 1,
                    hash: B256::ZERO,
                },
                parent: B256::ZERO,
                timestamp: 0,
            },
            logs: logs.iter().map(log).collect(),
        }
    }

    fn sent(message: &[u8]) -> LogData {
        let sent = Inbox::MessageSent {
            index: 4,
            account: Address::ZERO,
            sender: Address::ZERO,
            accumulator: [5; 24].into(),
            message: message.to_vec().into(),
        };
        sent.encode_log_data()
    }

    #[test]
    fn messages_listings_and_batches_are_told_apart() {
        let message = InboxMessage::Lock {
            sender: Address::repeat_byte(7),
            account: 8,
        };
        let listed = |token, address, decimals| {
            let listed = Bridge::TokenListed {
                token,
                tokenAddress: address,
                decimals,
                baseExponent: 3,
            };
            listed.encode_log_data()
        };
        let reverted = Rollup::BatchesReverted {
            number: 2,
            batchHash: B256::ZERO,
            prover: Address::ZERO,
            forks: 1,
        };
        let block = block(&[
            (CONTRACTS.bridge, listed(0, Address::ZERO, 18)),
            (CONTRACTS.bridge, listed(1, Address::repeat_byte(9), 6)),
            (CONTRACTS.inbox, sent(message.encode().as_bytes())),
            (CONTRACTS.rollup, reverted.encode_log_data()),
            (
                CONTRACTS.inbox,
                Inbox::Closed { count: 5 }.encode_log_data(),
            ),
        ]);
        let said = Said::in_block(&CONTRACTS, &block).unwrap();
        let listing = Listing {
            address: Address::repeat_byte(9),
            decimals: 6,
        };
        let arrivals = [
            Arrival::Token { id: 1, listing },
            Arrival::Message {
                index: 4,
                accumulator: [5; 24].into(),
                message,
            },
        ];
        assert_eq!(said.arrivals, arrivals);
        assert_eq!(said.batches, [BatchEvent::Reverted { number: 2 }]);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for (address, data) in [
            (CONTRACTS.inbox, sent(&[9; 30])),
            (CONTRACTS.inbox, sent(&[])),
            (CONTRACTS.bridge, sent(&[])),
            (Address::ZERO, sent(&[])),
        ] {
            let error = Said::in_block(&CONTRACTS, &block(&[(address, data)])).unwrap_err();
            println!("{error}");
        }
    }
}
