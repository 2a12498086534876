//! What clients see of L1's progress and of the backlog: tags, the ladder of finality, the status.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use jsonrpsee::server::{ServerHandle, stop_channel};
use serde_json::{Value, json};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::keccak::keccak256;
use tempfile::TempDir;

use super::*;
use crate::config::Config;
use crate::genesis::Genesis;
use crate::l1::Verified;
use crate::lanes::L1Event;
use crate::{Backlog, L1Progress, Sequencer};

const CHAIN_ID: u64 = 51_717;

/// A sequencer and the methods over it.
struct Chain {
    sequencer: Sequencer,
    methods: Methods,
    _server: ServerHandle,
    _dir: TempDir,
}

/// Starts a sequencer that makes a block only when it has something to hold.
fn sequencer(dir: &TempDir) -> Sequencer {
    let genesis = Genesis {
        chain_id: CHAIN_ID,
        fee_account: Address::repeat_byte(0xfe),
    };
    let mut config = Config::new(genesis, dir.path().to_owned());
    config.blocks.interval_max = Duration::from_secs(24 * 3_600);
    Sequencer::start(&config).unwrap()
}

/// Makes the deposit of the signer, in the first block.
async fn fund(sequencer: &Sequencer) {
    let mut newest = sequencer.view().newest();
    let deposit = InboxMessage::Deposit {
        to: signer().address(),
        token: 0,
        amount: 10u128.pow(18),
        lock: false,
    };
    sequencer.deliver([L1Event::Message(deposit)]);
    newest.wait_for(|newest| *newest == 1).await.unwrap();
}

impl Chain {
    fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap())
    }

    fn start_in(dir: TempDir) -> Self {
        let sequencer = sequencer(&dir);
        let (view, submitter) = (sequencer.view(), sequencer.submitter());
        let config = RpcConfig::new(([127, 0, 0, 1], 0).into());
        let (stop, server) = stop_channel();
        let rpc = Rpc::new(submitter, view, config, None, stop).unwrap();
        Self {
            sequencer,
            methods: methods(rpc).unwrap().0,
            _server: server,
            _dir: dir,
        }
    }

    /// Calls a method: its result, or the message of its error.
    async fn call(&self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (answer, _) = self
            .methods
            .raw_json_request(&request.to_string(), 1)
            .await
            .unwrap();
        let answer: Value = serde_json::from_str(answer.get()).unwrap();
        match answer.get("error") {
            None => answer["result"].clone(),
            Some(error) => error["message"].clone(),
        }
    }

    /// The number of the block that a tag means.
    async fn tagged(&self, tag: &str) -> Value {
        let block = self.call("eth_getBlockByNumber", json!([tag])).await;
        block["number"].clone()
    }

    async fn finality(&self, raw: &Bytes) -> Value {
        self.call("spillway_finality", json!([keccak256(raw)]))
            .await
    }

    fn set_l1_progress(&self, posted: u64, l1_final: u64, withdrawable: u64) {
        self.sequencer.view().set_l1_progress(L1Progress {
            posted,
            posted_state_root: (posted > 0).then(|| B256::repeat_byte(9)),
            l1_final,
            withdrawable,
        });
    }
}

fn signer() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(1)).unwrap()
}

fn transfer(nonce: u64) -> Bytes {
    let transaction = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(Address::repeat_byte(2)),
        value: U256::from(1),
        ..TxEip1559::default()
    };
    let hash = transaction.signature_hash();
    let signature = signer().sign_hash_sync(&hash).unwrap();
    Bytes::from(TxEnvelope::from(transaction.into_signed(signature)).encoded_2718())
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_follow_l1_and_are_genesis_before() {
    let chain = Chain::start();
    fund(&chain.sequencer).await;
    for nonce in 0..3 {
        let sent = json!([transfer(nonce)]);
        chain.call("eth_sendRawTransaction", sent).await;
    }
    assert_eq!(chain.tagged("latest").await, "0x4");
    for ((posted, l1_final, withdrawable), safe, finalized) in [
        ((0, 0, 0), "0x0", "0x0"),
        ((3, 1, 0), "0x3", "0x1"),
        // L1 has dropped blocks.
        ((2, 1, 0), "0x2", "0x1"),
        // Nothing that is not durable, and nothing final that is not posted.
        ((9, 9, 9), "0x4", "0x4"),
        ((2, 3, 3), "0x2", "0x2"),
    ] {
        chain.set_l1_progress(posted, l1_final, withdrawable);
        let found = (chain.tagged("safe").await, chain.tagged("finalized").await);
        assert_eq!(found, (safe.into(), finalized.into()));
    }
    chain.set_l1_progress(4, 3, 0);
    for (verified, safe, finalized) in [(0, "0x0", "0x0"), (2, "0x2", "0x2"), (9, "0x4", "0x3")] {
        chain.sequencer.view().set_verified(Verified {
            replayed: 9,
            safe: verified,
        });
        let found = (chain.tagged("safe").await, chain.tagged("finalized").await);
        assert_eq!(found, (safe.into(), finalized.into()));
        let status = chain.call("spillway_status", json!([])).await;
        assert_eq!(status["verified_block"], json!(9));
        assert_eq!(
            format!("{:#x}", status["safe_block"].as_u64().unwrap()),
            safe
        );
    }
    chain.sequencer.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_that_takes_a_block_takes_the_tags() {
    let chain = Chain::start();
    let someone = signer().address();
    for tag in ["safe", "finalized"] {
        let found = chain.call("eth_getBalance", json!([someone, tag])).await;
        assert_eq!(found, "0x0", "genesis is empty");
    }
    fund(&chain.sequencer).await;
    let sent = json!([transfer(0)]);
    chain.call("eth_sendRawTransaction", sent).await;
    chain.set_l1_progress(2, 1, 0);
    for (method, params, want) in [
        (
            "eth_getBlockTransactionCountByNumber",
            json!(["safe"]),
            json!("0x1"),
        ),
        (
            "eth_getUncleCountByBlockNumber",
            json!(["finalized"]),
            json!("0x0"),
        ),
        (
            "eth_getTransactionCount",
            json!([someone, "safe"]),
            json!("0x1"),
        ),
        (
            "eth_getBalance",
            json!([someone, "finalized"]),
            json!("0xde0b6b3a7640000"),
        ),
        (
            "eth_getBalance",
            json!([Address::repeat_byte(2), {"blockNumber": "safe"}]),
            json!("0x1"),
        ),
        ("eth_getCode", json!([someone, "finalized"]), json!("0x")),
    ] {
        assert_eq!(chain.call(method, params).await, want, "{method}");
    }
    let deposited = chain.call("eth_getBlockReceipts", json!(["0x1"])).await;
    assert_eq!(deposited.as_array().map(Vec::len), Some(1));
    let finalized = chain
        .call("eth_getBlockReceipts", json!(["finalized"]))
        .await;
    assert_eq!(finalized, deposited);
    let history = chain.call("eth_feeHistory", json!(["0x1", "safe"])).await;
    assert_eq!(history["oldestBlock"], "0x2");
    chain.sequencer.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_climbs_the_ladder_and_falls_with_l1() {
    let chain = Chain::start();
    fund(&chain.sequencer).await;
    let (first, second) = (transfer(0), transfer(1));
    assert_eq!(chain.finality(&first).await, Value::Null);
    chain.call("eth_sendRawTransaction", json!([second])).await;
    let queued = json!({"status": "queued", "block_number": null});
    assert_eq!(chain.finality(&second).await, queued);
    chain.call("eth_sendRawTransaction", json!([first])).await;
    for ((posted, l1_final, withdrawable), status) in [
        ((0, 0, 0), "durable"),
        ((1, 1, 1), "durable"),
        ((2, 1, 1), "posted"),
        ((1, 1, 1), "durable"),
        ((2, 2, 1), "l1_final"),
        ((2, 2, 2), "withdrawable"),
        ((2, 1, 2), "withdrawable"),
    ] {
        chain.set_l1_progress(posted, l1_final, withdrawable);
        for raw in [&first, &second] {
            let want = json!({"status": status, "block_number": 2});
            assert_eq!(chain.finality(raw).await, want);
        }
    }
    chain.sequencer.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_tells_how_far_l1_is() {
    let chain = Chain::start();
    fund(&chain.sequencer).await;
    let names = [
        "posted_block",
        "l1_final_block",
        "withdrawable_block",
        "unposted_bytes",
    ];
    let status = chain.call("spillway_status", json!([])).await;
    let found = names.map(|name| status[name].clone());
    assert_eq!(found, [json!(0), json!(0), json!(0), Value::Null]);
    assert_eq!(status["posted_state_root"], Value::Null);
    let sent = json!([transfer(0)]);
    chain.call("eth_sendRawTransaction", sent).await;
    chain.set_l1_progress(2, 1, 1);
    chain.sequencer.set_backlog(Backlog {
        unposted_bytes: 77,
        wei_per_byte: 5,
    });
    let status = chain.call("spillway_status", json!([])).await;
    let found = names.map(|name| status[name].clone());
    assert_eq!(found, [json!(2), json!(1), json!(1), json!(77)]);
    assert_eq!(status["posted_state_root"], json!(B256::repeat_byte(9)));
    chain.sequencer.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fee_history_of_an_old_block_ends_with_the_base_fee_of_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let before = sequencer(&dir);
    fund(&before).await;
    before.set_backlog(Backlog {
        unposted_bytes: 0,
        wei_per_byte: 10u128.pow(13),
    });
    let head = || before.view().with_ledger(|ledger| *ledger.head());
    let floor = head().base_fee;
    let submitter = before.submitter();
    submitter.submit(transfer(0)).await.unwrap();
    // The base fee rises once the second has passed.
    let mut nonces = 1..;
    while head().base_fee == floor {
        let raw = transfer(nonces.next().unwrap());
        submitter.submit(raw).await.unwrap();
    }
    let (last, raised) = (head().number, head().base_fee);
    drop(submitter);
    before.stop().unwrap();

    // A start forgets the fees of recent blocks.
    let chain = Chain::start_in(dir);
    let hex = |number: u64| format!("{number:#x}");
    for (block, fees) in [
        (last - 1, [floor, raised]),
        (last, [raised, raised]),
        (0, [0, floor]),
    ] {
        let history = chain.call("eth_feeHistory", json!(["0x1", hex(block)]));
        let found = history.await["baseFeePerGas"].clone();
        assert_eq!(found, json!(fees.map(hex)), "block {block}");
    }
    chain.sequencer.stop().unwrap();
}
