//! What wallets, explorers and indexers read: every variant that has another form of answer.

use alloy_primitives::{U256, hex};
use alloy_sol_types::SolCall as _;
use serde_json::{Value, json};
use spillway_bridge_contracts::TokenFacade::{approveCall, balanceOfCall};
use spillway_tests::{Node, accounts};

use crate::caller::Caller;
use crate::traffic::no_hash;

/// A block that is not there yet.
const NO_BLOCK: &str = "0xffffffff";

/// The node itself.
pub(crate) async fn about_node(caller: &mut Caller) {
    for method in [
        "eth_chainId",
        "eth_blockNumber",
        "eth_syncing",
        "eth_accounts",
        "eth_gasPrice",
        "eth_maxPriorityFeePerGas",
        "txpool_status",
        "net_version",
        "net_listening",
        "web3_clientVersion",
        "rpc_modules",
        "rpc.discover",
        "spillway_status",
    ] {
        caller.ask(method, json!([])).await;
    }
    caller.ask("web3_sha3", json!(["0x68656c6c6f"])).await;
    for params in [
        json!(["0x4", "latest", [25, 75.5]]),
        json!([2, "latest"]),
        json!(["0x1", "earliest", []]),
        json!(["0x0", "latest", [50]]),
    ] {
        caller.ask("eth_feeHistory", params).await;
    }
    caller
        .refused("eth_feeHistory", json!(["0x1", NO_BLOCK]))
        .await;
}

/// Balances, nonces and calls.
pub(crate) async fn accounts(caller: &mut Caller, node: &Node, account: u32) {
    let (address, token) = (accounts::funded(account).address(), node.token());
    let nobody = accounts::fresh(78).address();
    for block in ["latest", "pending", "earliest"] {
        caller.ask("eth_getBalance", json!([address, block])).await;
        caller
            .ask("eth_getTransactionCount", json!([address, block]))
            .await;
    }
    caller.ask("eth_getBalance", json!([nobody])).await;
    caller
        .refused("eth_getBalance", json!([address, NO_BLOCK]))
        .await;
    for address in [token, nobody] {
        caller.ask("eth_getCode", json!([address, "latest"])).await;
        caller
            .ask("eth_getStorageAt", json!([address, "0x0", "latest"]))
            .await;
    }
    caller
        .always_refused("eth_getProof", json!([address, [], "latest"]))
        .await;

    let balance = balanceOfCall { account: address }.abi_encode();
    let of_token = json!({ "to": token, "input": hex::encode_prefixed(balance) });
    caller.ask("eth_call", json!([of_token, "latest"])).await;
    let plain = json!({ "from": address, "to": nobody, "value": "0x1" });
    caller.ask("eth_call", json!([plain])).await;
    let rich = json!({ nobody.to_string(): { "balance": "0x56bc75e2d63100000" } });
    let overriding = json!([{ "from": nobody, "to": address, "value": "0x1" }, "latest", rich, { "time": "0x6fffffff" }]);
    caller.ask("eth_call", overriding).await;
    caller.ask("eth_estimateGas", json!([plain])).await;
    let approve = approveCall {
        _0: nobody,
        _1: U256::ZERO,
    };
    let approve = approve.abi_encode();
    let approve = json!({ "from": address, "to": token, "data": hex::encode_prefixed(approve) });
    for method in ["eth_call", "eth_estimateGas"] {
        caller.refused(method, json!([approve])).await;
    }
}

/// Blocks, transactions and receipts: those of the transactions that were sent, the one with the deposits, genesis, and none.
pub(crate) async fn chain(caller: &mut Caller, sent: &[Value]) {
    for hash in sent {
        let transaction = caller.ask("eth_getTransactionByHash", json!([hash])).await;
        assert_eq!(transaction["hash"], *hash);
        let receipt = caller.ask("eth_getTransactionReceipt", json!([hash])).await;
        block(caller, &receipt["blockNumber"]).await;
    }
    for method in ["eth_getTransactionByHash", "eth_getTransactionReceipt"] {
        assert_eq!(caller.ask(method, json!([no_hash()])).await, Value::Null);
    }
    block(caller, &json!("0x0")).await;
    // The first logs are of the deposits that fund the accounts, in a transaction without a signature.
    let whole = json!({ "fromBlock": "0x0", "toBlock": "latest" });
    let deposit = caller.ask("eth_getLogs", json!([whole])).await[0].take();
    block(caller, &deposit["blockNumber"]).await;
    let place = json!([deposit["blockNumber"], deposit["transactionIndex"]]);
    let transaction = &caller
        .ask("eth_getTransactionByBlockNumberAndIndex", place)
        .await;
    assert_eq!(transaction["r"], "0x0", "{transaction}");
    caller.check("Transaction", Some("TransactionInfo"), transaction);
    for tag in ["latest", "pending", "earliest", "safe", "finalized"] {
        caller
            .ask("eth_getBlockByNumber", json!([tag, false]))
            .await;
        caller.ask("eth_getBlockReceipts", json!([tag])).await;
    }
    no_block(caller).await;
}

/// All that is asked of a block.
async fn block(caller: &mut Caller, number: &Value) {
    let by_number = caller
        .ask("eth_getBlockByNumber", json!([number, false]))
        .await;
    let full = caller
        .ask("eth_getBlockByNumber", json!([number, true]))
        .await;
    let hash = &by_number["hash"];
    assert_eq!(
        caller.ask("eth_getBlockByHash", json!([hash, false])).await,
        by_number
    );
    assert_eq!(
        caller.ask("eth_getBlockByHash", json!([hash, true])).await,
        full
    );
    let receipts = caller.ask("eth_getBlockReceipts", json!([number])).await;
    for by_hash in [
        json!(hash),
        json!({ "blockHash": hash, "requireCanonical": true }),
    ] {
        assert_eq!(
            caller.ask("eth_getBlockReceipts", json!([by_hash])).await,
            receipts
        );
    }
    for (by, at) in [("Number", number), ("Hash", hash)] {
        for counts in ["eth_getBlockTransactionCountBy", "eth_getUncleCountByBlock"] {
            caller.ask(&format!("{counts}{by}"), json!([at])).await;
        }
        let by_place = format!("eth_getTransactionByBlock{by}AndIndex");
        for index in ["0x0", "0xffff"] {
            caller.ask(&by_place, json!([at, index])).await;
        }
    }
}

/// What is answered about a block that is not there.
async fn no_block(caller: &mut Caller) {
    let (number, hash) = (json!(NO_BLOCK), no_hash());
    for (method, params) in [
        ("eth_getBlockByNumber", json!([number, false])),
        ("eth_getBlockByHash", json!([hash, true])),
        ("eth_getBlockReceipts", json!([number])),
        ("eth_getBlockTransactionCountByNumber", json!([number])),
        ("eth_getBlockTransactionCountByHash", json!([hash])),
        ("eth_getUncleCountByBlockNumber", json!([number])),
        ("eth_getUncleCountByBlockHash", json!([hash])),
        (
            "eth_getTransactionByBlockNumberAndIndex",
            json!([number, "0x0"]),
        ),
        (
            "eth_getTransactionByBlockHashAndIndex",
            json!([hash, "0x0"]),
        ),
    ] {
        assert_eq!(caller.ask(method, params).await, Value::Null, "{method}");
    }
}

/// Logs of a range and of a block, by address and by topics, many and none.
pub(crate) async fn logs(caller: &mut Caller, node: &Node) {
    let whole = json!({ "fromBlock": "0x0", "toBlock": "latest" });
    let all = caller.ask("eth_getLogs", json!([whole])).await;
    let last = all.as_array().expect("logs").last().expect("a log").clone();
    let topics = json!([[last["topics"][0], no_hash()], null]);
    for filter in [
        json!({ "fromBlock": "earliest", "address": node.token() }),
        json!({ "fromBlock": "0x1", "address": [node.token(), last["address"]], "topics": topics }),
        json!({ "blockHash": last["blockHash"], "topics": [] }),
        json!({ "fromBlock": "0x0", "topics": [no_hash()] }),
    ] {
        caller.ask("eth_getLogs", json!([filter])).await;
    }
    let backwards = json!({ "fromBlock": "0x2", "toBlock": "0x1" });
    caller.refused("eth_getLogs", json!([backwards])).await;
}

/// A filter of each kind, of the token's logs the first.
pub(crate) async fn install_filters(caller: &mut Caller, node: &Node) -> [Value; 3] {
    let logs = json!({ "fromBlock": "0x0", "address": node.token() });
    [
        caller.ask("eth_newFilter", json!([logs])).await,
        caller.ask("eth_newBlockFilter", json!([])).await,
        caller
            .ask("eth_newPendingTransactionFilter", json!([]))
            .await,
    ]
}

/// Polls them with something new and, once they cannot match any more, with nothing.
pub(crate) async fn polls(caller: &mut Caller, filters: &[Value; 3]) {
    for filter in filters {
        let changes = caller.ask("eth_getFilterChanges", json!([filter])).await;
        assert_ne!(changes, json!([]));
    }
    let transactions = &filters[2];
    assert_eq!(
        caller
            .ask("eth_getFilterChanges", json!([transactions]))
            .await,
        json!([])
    );
    let logs = caller.ask("eth_getFilterLogs", json!([filters[0]])).await;
    assert_ne!(logs, json!([]));
    let nothing = json!({ "fromBlock": "0x0", "topics": [no_hash()] });
    let nothing = caller.ask("eth_newFilter", json!([nothing])).await;
    assert_eq!(
        caller.ask("eth_getFilterLogs", json!([nothing])).await,
        json!([])
    );
    for filter in filters.iter().chain([&nothing]) {
        let was_there = caller.ask("eth_uninstallFilter", json!([filter])).await;
        assert_eq!(was_there, true);
    }
    assert_eq!(
        caller.ask("eth_uninstallFilter", json!([nothing])).await,
        false
    );
    caller
        .refused("eth_getFilterChanges", json!([nothing]))
        .await;
    caller.refused("eth_getFilterLogs", json!([nothing])).await;
}

/// The methods of this chain, but for those of the bridge.
pub(crate) async fn this_chain(caller: &mut Caller, account: u32, sent: &[Value]) {
    let address = accounts::funded(account).address();
    let mut cursor = Value::Null;
    loop {
        let page = caller
            .ask("spillway_history", json!([address, cursor, 3]))
            .await;
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    for hash in sent {
        caller.ask("spillway_finality", json!([hash])).await;
    }
    assert_eq!(
        caller.ask("spillway_finality", json!([no_hash()])).await,
        Value::Null
    );
    let all = caller.ask("spillway_blocks", json!([1])).await;
    assert_ne!(all["blocks"], json!([]));
    caller.ask("spillway_blocks", json!(["0x1", 2])).await;
    let none = caller.ask("spillway_blocks", json!([1_000_000])).await;
    assert_eq!(none["blocks"], json!([]));
}
