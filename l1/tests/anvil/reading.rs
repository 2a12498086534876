//! The event reader against anvil's forks.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use serde_json::json;
use spillway_l1::events::{Cursor, EventReader, Item, LogFilter, ReaderSettings};

use crate::PATIENCE;
use crate::process::Anvil;

const LOGGER: Address = Address::repeat_byte(0x77);
/// The first account that anvil funds.
const CALLER: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");

/// Logs one topic, the call's first word: `PUSH0 CALLDATALOAD PUSH0 PUSH0 LOG1`.
const CODE: &str = "0x5f355f5fa1";

async fn log_in_new_block(anvil: &Anvil, topic: u8) {
    let request = TransactionRequest {
        from: Some(CALLER),
        to: Some(TxKind::Call(LOGGER)),
        value: Some(U256::ZERO),
        gas: Some(60_000),
        input: TransactionInput::new(Bytes::copy_from_slice(B256::repeat_byte(topic).as_slice())),
        ..TransactionRequest::default()
    };
    anvil.control("eth_sendTransaction", json!([request])).await;
    anvil.mine(1).await;
}

async fn next(reader: &mut EventReader) -> Item {
    let item = tokio::time::timeout(PATIENCE, reader.next()).await;
    item.expect("an item in time").expect("no fork is too deep")
}

/// The topics of the logs up to and with that block.
async fn read_to(reader: &mut EventReader, topics: &mut Vec<(u64, u8)>, number: u64) {
    loop {
        match next(reader).await {
            Item::Rollback { to } => {
                let kept = to.map_or(0, |to| to.number);
                topics.retain(|(block, _)| *block <= kept);
            }
            Item::Block(block) => {
                let at = block.header.block.number;
                topics.extend(block.logs.iter().map(|log| (at, log.topics()[0][0])));
                if at == number {
                    return;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_follow_a_fork_and_a_restart() {
    let anvil = Anvil::start().await;
    anvil.control("anvil_setCode", json!([LOGGER, CODE])).await;
    for topic in 1..6 {
        log_in_new_block(&anvil, topic).await;
    }
    let settings = ReaderSettings {
        poll_interval: Duration::from_millis(20),
        retry_interval: Duration::from_millis(20),
        fork_depth_max: 128,
    };
    let filter = LogFilter {
        addresses: vec![LOGGER],
        topics: Vec::new(),
    };
    let provider = || anvil.provider.clone();
    let mut reader = EventReader::new(provider(), Cursor::before(1), filter.clone(), settings);
    let mut topics = Vec::new();
    read_to(&mut reader, &mut topics, 5).await;
    assert_eq!(topics, [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]);

    let cursor = reader.cursor().clone();
    anvil.reorg(2).await;
    log_in_new_block(&anvil, 9).await;
    let mut reader = EventReader::new(provider(), cursor, filter, settings);
    read_to(&mut reader, &mut topics, 6).await;
    assert_eq!(topics, [(1, 1), (2, 2), (3, 3), (6, 9)]);
}
