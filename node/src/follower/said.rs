//! What a block of L1 says to the follower.

use spillway_l1::arrivals::{self, Arrival, SaidError};
use spillway_l1::batches::BatchEvent;
use spillway_l1::events::{Block, ContractAddresses};

/// What a block of L1 says, each kind in its order.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) batches: Vec<BatchEvent>,
}

impl Said {
    /// Reads a block's logs.
    pub(super) fn in_block(
        contracts: &ContractAddresses,
        block: &Block,
    ) -> Result<Self, SaidError> {
        let mut said = Self::default();
        for log in &block.logs {
            match arrivals::said(contracts, log)? {
                Some(arrivals::Said::Arrival(arrival)) => said.arrivals.push(arrival),
                Some(arrivals::Said::Batch(batch)) => said.batches.push(batch),
                None => {}
            }
        }
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256, LogData};
    use alloy_sol_types::SolEvent;
    use spillway_bridge_contracts::{Bridge, Inbox, Rollup};
    use spillway_l1::events::Header;
    use spillway_l1::transactions::BlockRef;
    use spillway_protocol::inbox::InboxMessage;

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
        let arrivals = [
            Arrival::Token {
                id: 1,
                address: Address::repeat_byte(9),
                decimals: 6,
                base_exponent: 3,
            },
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
