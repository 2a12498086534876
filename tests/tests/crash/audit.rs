//! Reads a node's chain back over JSON-RPC and puts it to the model.

use alloy_primitives::{Address, B256, U64, U256};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use spillway_tests::Rpc;
use spillway_tests::accounts::SYSTEM_ADDRESS;

use crate::model::{Model, Place};
use crate::replay::Replay;
use crate::site::Site;

/// Calls in a batch, at most.
const BATCH: usize = 64;
/// Blocks that are read in one, with the receipts: a block holds at most one bulk of each wallet, and the logs of payouts and memos
/// make that some megabytes.
const BLOCKS: usize = 2;
/// Transactions that are looked up in one: where the query index has failed, each reads the journal.
const LOOK_UPS: usize = 8;

/// Reads on from where the last audit ended, so that each block is judged once and must stay.
#[derive(Debug)]
pub(crate) struct Auditor {
    model: Model,
    replay: Replay,
    audited: u64,
    audited_hash: Option<B256>,
}

impl Auditor {
    /// For a development chain that nothing was sent to yet.
    pub(crate) fn new() -> Self {
        Self {
            model: Model::new(),
            replay: Replay::new(),
            audited: 0,
            audited_hash: None,
        }
    }

    /// The model so far.
    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// The model, to tell it replies.
    pub(crate) fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    /// The last block that was read.
    pub(crate) fn audited(&self) -> u64 {
        self.audited
    }

    /// Reads every new block, and checks blocks, receipts, balances, nonces, status and state root. Nothing may be
    /// sent meanwhile.
    ///
    /// # Panics
    /// If anything is not as it must be.
    pub(crate) async fn audit(&mut self, rpc: &Rpc, site: &Site) {
        let status = rpc.status().await.expect("a status");
        let newest = status["block_number"].as_u64().expect("a block number");
        assert!(
            newest >= self.audited,
            "block {newest} after block {}",
            self.audited
        );
        self.read_blocks(rpc, newest).await;
        self.model.check();
        assert_eq!(status["transactions"], self.model.included());
        assert_eq!(status["withdrawals"], self.model.withdrawals());
        self.check_accounts(rpc).await;
        self.replay.follow(site, newest);
        let root: B256 = member(&status, "state_root");
        assert_eq!(
            root,
            self.replay.state_root(),
            "the state root of block {newest}"
        );
        self.replay.check(&self.model);
    }

    /// Replays the whole journal once more, up to the last block that was read.
    ///
    /// # Panics
    /// If it does not come to what the model says.
    pub(crate) fn replay_from_genesis(&mut self, site: &Site) {
        let mut replay = Replay::new();
        replay.follow(site, self.audited);
        replay.check(&self.model);
        assert_eq!(replay.state_root(), self.replay.state_root());
    }

    async fn read_blocks(&mut self, rpc: &Rpc, newest: u64) {
        if let Some(known) = self.audited_hash {
            let block = rpc
                .call(
                    "eth_getBlockByNumber",
                    json!([U64::from(self.audited), false]),
                )
                .await;
            let hash: B256 = member(&block.expect("a block"), "hash");
            assert_eq!(hash, known, "block {} has changed", self.audited);
        }
        let numbers: Vec<u64> = (self.audited + 1..=newest).collect();
        for numbers in numbers.chunks(BLOCKS) {
            let calls = numbers.iter().flat_map(|number| {
                let number = U64::from(*number);
                [
                    ("eth_getBlockByNumber", json!([number, false])),
                    ("eth_getBlockReceipts", json!([number])),
                ]
            });
            let answers = batch(rpc, calls).await;
            for (number, answers) in numbers.iter().zip(answers.chunks(2)) {
                self.read_block(*number, &answers[0], &answers[1]);
            }
        }
    }

    fn read_block(&mut self, number: u64, block: &Value, receipts: &Value) {
        let (hash, parent): (B256, B256) = (member(block, "hash"), member(block, "parentHash"));
        if let Some(audited) = self.audited_hash {
            assert_eq!(parent, audited, "the parent of block {number}");
        }
        let base_fee: U256 = member(block, "baseFeePerGas");
        let hashes: Vec<B256> = member(block, "transactions");
        let receipts = receipts.as_array().expect("receipts");
        assert_eq!(receipts.len(), hashes.len(), "receipts of block {number}");
        for ((index, tx), receipt) in (0..).zip(hashes).zip(receipts) {
            let place = Place {
                block: number,
                index,
            };
            check_receipt(receipt, tx, place);
            // What came from L1 is nobody's transaction.
            if member::<Address>(receipt, "from") == SYSTEM_ADDRESS {
                continue;
            }
            assert_eq!(
                member::<U256>(receipt, "effectiveGasPrice"),
                base_fee,
                "{place:?}"
            );
            let gas_used: U64 = member(receipt, "gasUsed");
            self.model.include(tx, place, base_fee.to(), gas_used.to());
        }
        (self.audited, self.audited_hash) = (number, Some(hash));
    }

    async fn check_accounts(&self, rpc: &Rpc) {
        let holdings: Vec<_> = self.model.holdings().iter().collect();
        for holdings in holdings.chunks(BATCH / 2) {
            let calls = holdings.iter().flat_map(|(address, _)| {
                [
                    ("eth_getBalance", json!([address, "latest"])),
                    ("eth_getTransactionCount", json!([address, "latest"])),
                ]
            });
            let answers = batch(rpc, calls).await;
            for ((address, holding), answers) in holdings.iter().zip(answers.chunks(2)) {
                let (wei, nonce): (U256, U64) = (parse(&answers[0]), parse(&answers[1]));
                let want = (U256::from(holding.wei), U64::from(holding.nonce));
                assert_eq!((wei, nonce), want, "balance and nonce of {address}");
            }
        }
    }

    /// Checks that transactions are found by their hashes, which is what the query index is for. Those that are in no
    /// block must not be.
    ///
    /// # Panics
    /// If one is not where it is.
    pub(crate) async fn check_receipts(&self, rpc: &Rpc, hashes: &[B256]) {
        for hashes in hashes.chunks(LOOK_UPS) {
            let calls = hashes
                .iter()
                .map(|hash| ("eth_getTransactionReceipt", json!([hash])));
            let receipts = batch(rpc, calls).await;
            for (hash, receipt) in hashes.iter().zip(receipts) {
                match self.model.place(*hash) {
                    Some(place) => check_receipt(&receipt, *hash, place),
                    None => assert!(receipt.is_null(), "{hash} is in no block: {receipt}"),
                }
            }
        }
    }
}

fn check_receipt(receipt: &Value, hash: B256, place: Place) {
    assert_eq!(
        member::<B256>(receipt, "transactionHash"),
        hash,
        "{place:?}"
    );
    assert_eq!(
        member::<U64>(receipt, "blockNumber").to::<u64>(),
        place.block,
        "{hash}"
    );
    assert_eq!(
        member::<U64>(receipt, "transactionIndex").to::<u64>(),
        place.index,
        "{hash}"
    );
    assert_eq!(receipt["status"], "0x1", "{hash}");
}

/// Makes calls in one request; every one must have a result.
async fn batch(rpc: &Rpc, calls: impl Iterator<Item = (&'static str, Value)>) -> Vec<Value> {
    let calls = calls.enumerate().map(|(id, (method, params))| {
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    });
    let calls: Vec<_> = calls.collect();
    let (_, body) = rpc.post(json!(calls).to_string()).await.expect("an answer");
    let answers: Vec<Value> = serde_json::from_str(&body)
        .unwrap_or_else(|error| panic!("no list of answers: {error}: {}", excerpt(&body)));
    assert_eq!(answers.len(), calls.len());
    let result = |(id, mut answer): (usize, Value)| {
        assert_eq!(answer["id"], id);
        let result = answer.get_mut("result").map(Value::take);
        result.unwrap_or_else(|| panic!("{}: {answer}", calls[id]))
    };
    answers.into_iter().enumerate().map(result).collect()
}

/// The beginning of a text that may be long.
fn excerpt(text: &str) -> String {
    text.chars().take(500).collect()
}

fn member<T: DeserializeOwned>(object: &Value, name: &str) -> T {
    let value = &object[name];
    serde_json::from_value(value.clone())
        .unwrap_or_else(|error| panic!("{name}: {error}: {object}"))
}

fn parse<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
}
