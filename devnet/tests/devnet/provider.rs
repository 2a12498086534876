//! alloy's provider, over the in-process transport and over HTTP and WebSocket.

use std::time::Duration;

use alloy_consensus::BlockHeader;
use alloy_eips::BlockNumberOrTag;
use alloy_eips::eip4844::builder::{SidecarBuilder, SimpleCoder};
use alloy_network::{EthereumWallet, TransactionBuilder, TransactionBuilder4844};
use alloy_primitives::{B256, Bytes, U256, hex};
use alloy_provider::{Provider, ProviderBuilder, WsConnect};
use alloy_rpc_types_eth::{Filter, TransactionRequest};
use futures_util::StreamExt;
use spillway_devnet::chain::Dropped;
use spillway_devnet::{Config, Devnet, Server};

use crate::support::{
    CHAIN_ID, ETHER, GWEI, LOGGER, address, config, deployment, sign, signer, transfer,
};

async fn served(config: Config) -> (Devnet, Server, String) {
    let devnet = Devnet::start(config).unwrap();
    let server = devnet.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}", server.local_addr());
    (devnet, server, url)
}

fn wallet() -> EthereumWallet {
    EthereumWallet::from(signer(0))
}

/// Sends blobs as a rollup does, and gets them back from the beacon side. Needs the KZG set-up.
async fn blobs_go_round(
    devnet: &Devnet,
    provider: impl Provider,
    beacon: impl AsyncFn(String) -> String,
) {
    let sidecar = SidecarBuilder::<SimpleCoder>::from_slice(b"round and round")
        .build_7594()
        .unwrap();
    let hash = sidecar.versioned_hashes().next().unwrap();
    let request = TransactionRequest::default()
        .with_to(address(9))
        .with_max_fee_per_blob_gas(GWEI)
        .with_blob_sidecar_7594(sidecar.clone());
    let pending = provider.send_transaction(request).await.unwrap();
    let transaction = *pending.tx_hash();
    assert!(
        provider
            .get_transaction_receipt(transaction)
            .await
            .unwrap()
            .is_none()
    );
    devnet.controls().mine(1).unwrap();
    let receipt = provider
        .get_transaction_receipt(transaction)
        .await
        .unwrap()
        .unwrap();
    assert!(receipt.status());
    assert_eq!(
        (receipt.blob_gas_used, receipt.blob_gas_price),
        (Some(131_072), Some(1))
    );

    let number = receipt.block_number.unwrap();
    let block = provider
        .get_block_by_number(number.into())
        .await
        .unwrap()
        .unwrap();
    let text = |body: String, path: &[&str]| {
        let mut value: serde_json::Value = serde_json::from_str(&body).unwrap();
        for key in path {
            value = value[key].take();
        }
        value.as_str().unwrap().to_owned()
    };
    let genesis = beacon("/eth/v1/beacon/genesis".to_owned()).await;
    let genesis: u64 = text(genesis, &["data", "genesis_time"]).parse().unwrap();
    let seconds = beacon("/eth/v1/config/spec".to_owned()).await;
    let seconds: u64 = text(seconds, &["data", "SECONDS_PER_SLOT"])
        .parse()
        .unwrap();
    let slot = (block.header.timestamp() - genesis) / seconds;
    let other = B256::repeat_byte(1);
    for (query, want) in [
        (String::new(), 1),
        (format!("?versioned_hashes={hash}"), 1),
        (format!("?versioned_hashes={other},{hash}"), 1),
        (format!("?versioned_hashes={other}"), 0),
    ] {
        let answer = beacon(format!("/eth/v1/beacon/blobs/{slot}{query}")).await;
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let data = answer["data"].as_array().unwrap();
        assert_eq!(data.len(), want, "{query}");
        for blob in data {
            let bytes = hex::decode(blob.as_str().unwrap()).unwrap();
            assert!(bytes == sidecar.blobs[0].as_slice());
        }
    }
    let root = block.header.hash;
    let header = beacon(format!("/eth/v1/beacon/headers/{root}")).await;
    let found = text(header, &["data", "header", "message", "slot"]);
    assert_eq!(found, slot.to_string());
}

#[tokio::test]
async fn blobs_go_round_within_the_process() {
    let devnet = Devnet::start(config()).unwrap();
    let provider = ProviderBuilder::new()
        .wallet(wallet())
        .connect_client(devnet.client());
    blobs_go_round(&devnet, provider, async |path| devnet.beacon(&path).body).await;
}

#[tokio::test]
async fn blobs_go_round_over_http() {
    let (devnet, server, url) = served(config()).await;
    let provider = ProviderBuilder::new()
        .wallet(wallet())
        .connect_http(url.parse().unwrap());
    let get = async |path: String| {
        let answer = reqwest::get(format!("{url}{path}")).await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    };
    blobs_go_round(&devnet, provider, get).await;
    server.stop().await;
    devnet.stop().await;
}

#[tokio::test]
async fn a_provider_finds_what_it_asks_for() {
    let devnet = Devnet::start(config()).unwrap();
    let provider = ProviderBuilder::new()
        .wallet(wallet())
        .connect_client(devnet.client());
    assert_eq!(provider.get_chain_id().await.unwrap(), CHAIN_ID);
    assert_eq!(
        provider.get_balance(address(0)).await.unwrap(),
        U256::from(1_000 * ETHER)
    );
    assert_eq!(
        provider.get_accounts().await.unwrap(),
        [alloy_primitives::Address::ZERO; 0]
    );

    let deploy = TransactionRequest::default().with_deploy_code(deployment(&LOGGER));
    let pending = provider.send_transaction(deploy).await.unwrap();
    assert_eq!(
        provider
            .get_transaction_count(address(0))
            .pending()
            .await
            .unwrap(),
        1
    );
    assert_eq!(provider.get_transaction_count(address(0)).await.unwrap(), 0);
    let shown = provider
        .get_transaction_by_hash(*pending.tx_hash())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(shown.block_number, None);
    devnet.controls().mine(1).unwrap();
    let receipt = pending.get_receipt().await.unwrap();
    let logger = receipt.contract_address.unwrap();
    assert_eq!(provider.get_code_at(logger).await.unwrap().as_ref(), LOGGER);

    let call = TransactionRequest::default().with_to(logger);
    let pending = provider.send_transaction(call).await.unwrap();
    devnet.controls().mine(3).unwrap();
    let receipt = pending.get_receipt().await.unwrap();
    let topic = address(0).into_word();
    for (filter, want) in [
        (Filter::new().from_block(0).address(logger), 1),
        (Filter::new().from_block(0).event_signature(topic), 1),
        (Filter::new().from_block(0).event_signature(B256::ZERO), 0),
        (Filter::new().from_block(0).address(address(0)), 0),
        (Filter::new().from_block(3), 0),
        (Filter::new().at_block_hash(receipt.block_hash.unwrap()), 1),
    ] {
        let logs = provider.get_logs(&filter).await.unwrap();
        assert_eq!(logs.len(), want, "{filter:?}");
        assert!(
            logs.iter()
                .all(|log| log.transaction_hash == Some(receipt.transaction_hash))
        );
    }
    let receipts = provider
        .get_block_receipts(2.into())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(receipts, [receipt]);
    for (tag, number) in [
        (BlockNumberOrTag::Latest, 4),
        (BlockNumberOrTag::Safe, 2),
        (BlockNumberOrTag::Finalized, 0),
        (BlockNumberOrTag::Earliest, 0),
    ] {
        let block = provider
            .get_block_by_number(tag)
            .full()
            .await
            .unwrap()
            .unwrap();
        assert_eq!(block.header.number, number, "{tag}");
        assert_eq!(block.header.hash, block.header.inner.hash_slow(), "{tag}");
    }
    let history = provider
        .get_fee_history(3, BlockNumberOrTag::Latest, &[10.0, 90.0])
        .await
        .unwrap();
    assert_eq!(history.oldest_block, 2);
    let lengths = (
        history.base_fee_per_gas.len(),
        history.base_fee_per_blob_gas.len(),
        history.gas_used_ratio.len(),
    );
    assert_eq!(lengths, (4, 4, 3));
    assert_eq!(history.reward.unwrap().len(), 3);
    assert_eq!(provider.get_blob_base_fee().await.unwrap(), 1);
}

#[tokio::test]
async fn a_websocket_hears_of_blocks_logs_and_reorgs() {
    let (devnet, server, _) = served(config()).await;
    let ws = WsConnect::new(format!("ws://{}", server.local_addr()));
    let provider = ProviderBuilder::new()
        .wallet(wallet())
        .connect_ws(ws)
        .await
        .unwrap();
    let deploy = TransactionRequest::default().with_deploy_code(deployment(&LOGGER));
    let pending = provider.send_transaction(deploy).await.unwrap();
    devnet.controls().mine(1).unwrap();
    let logger = pending
        .get_receipt()
        .await
        .unwrap()
        .contract_address
        .unwrap();

    let mut heads = provider.subscribe_blocks().await.unwrap().into_stream();
    let filter = Filter::new().address(logger);
    let mut logs = provider
        .subscribe_logs(&filter)
        .await
        .unwrap()
        .into_stream();
    let call = TransactionRequest::default().with_to(logger);
    let sent = *provider.send_transaction(call).await.unwrap().tx_hash();
    let mined = devnet.controls().mine(1).unwrap();
    assert_eq!(heads.next().await.unwrap().hash, mined.hash);
    let log = logs.next().await.unwrap();
    assert_eq!((log.transaction_hash, log.removed), (Some(sent), false));

    let reorg = devnet.controls().reorg(1, Dropped::Repooled).unwrap();
    assert_eq!(heads.next().await.unwrap().hash, reorg.added[0].hash);
    let log = logs.next().await.unwrap();
    assert_eq!((log.block_hash, log.removed), (Some(mined.hash), true));
    let again = devnet.controls().mine(1).unwrap();
    let log = logs.next().await.unwrap();
    assert_eq!((log.block_hash, log.removed), (Some(again.hash), false));
    drop(provider);
    server.stop().await;
}

#[tokio::test]
async fn blocks_come_at_intervals_and_stop() {
    let devnet = Devnet::start(Config {
        block_time: Some(Duration::from_millis(10)),
        ..config()
    })
    .unwrap();
    let client = devnet.client();
    let sent = client.request::<_, B256>(
        "eth_sendRawTransaction",
        (Bytes::from(sign(0, transfer(0))),),
    );
    let hash = sent.await.unwrap();
    // Ends when the block comes, or the test runner's patience does.
    while devnet.chain().transaction(&hash).is_none() {
        tokio::task::yield_now().await;
    }
    let controls = devnet.controls();
    assert_eq!(controls.block_time(), Some(Duration::from_millis(10)));
    controls.set_block_time(None).unwrap();
    assert_eq!(controls.block_time(), None);
    assert!(
        controls
            .set_block_time(Some(Duration::from_millis(1)))
            .is_err()
    );
    devnet.stop().await;
}
