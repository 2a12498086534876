//! Blocks, transactions, receipts and logs as Ethereum has them.

use serde_json::json;

use super::{Member, Schema, any_of, array, object};

/// Members that have the same schema.
fn all(schema: &'static str, names: &[&'static str]) -> Vec<Member> {
    names.iter().map(|name| (*name, schema.into())).collect()
}

/// Exactly that string.
fn exactly(value: &str) -> Schema {
    json!({ "type": "string", "const": value }).into()
}

fn empty_list() -> Schema {
    json!({ "type": "array", "maxItems": 0 }).into()
}

/// What a header and a block have in common.
fn header() -> Vec<Member> {
    let hashes = all(
        "Hash",
        &[
            "hash",
            "parentHash",
            "sha3Uncles",
            "stateRoot",
            "transactionsRoot",
            "receiptsRoot",
            "mixHash",
        ],
    );
    let numbers = all(
        "Quantity",
        &[
            "difficulty",
            "number",
            "gasLimit",
            "gasUsed",
            "timestamp",
            "baseFeePerGas",
            "size",
        ],
    );
    let rest = [
        ("miner", "Address".into()),
        ("logsBloom", "Bloom".into()),
        ("extraData", "Data".into()),
        ("nonce", "BlockNonce".into()),
    ];
    hashes.into_iter().chain(numbers).chain(rest).collect()
}

fn block() -> Schema {
    let transactions = any_of([array("Hash"), array("Transaction")]);
    let more = [("transactions", transactions), ("uncles", empty_list())];
    object(header().into_iter().chain(more))
}

/// A transaction of that type, with what no other type has.
fn transaction(kind: &str, more: impl IntoIterator<Item = Member>) -> Schema {
    let numbers = all(
        "Quantity",
        &[
            "chainId",
            "nonce",
            "gas",
            "gasPrice",
            "value",
            "r",
            "s",
            "v",
            "blockNumber",
            "blockTimestamp",
            "transactionIndex",
        ],
    );
    let rest = [
        ("type", exactly(kind)),
        ("hash", "Hash".into()),
        ("blockHash", "Hash".into()),
        ("from", "Address".into()),
        ("to", "Address".into()),
        ("input", "Data".into()),
    ];
    object(numbers.into_iter().chain(rest).chain(more))
}

fn transactions() -> [Member; 4] {
    let typed = || {
        [
            ("yParity", Schema::from("Quantity")),
            ("accessList", empty_list()),
        ]
    };
    let fees = all("Quantity", &["maxFeePerGas", "maxPriorityFeePerGas"]);
    [
        (
            "LegacyTransaction",
            transaction("0x0", []).about(
                "A transaction of type 0. One without a signature, r and s zero, stands for a block's messages from L1.",
            ),
        ),
        ("AccessListTransaction", transaction("0x1", typed())),
        (
            "DynamicFeeTransaction",
            transaction("0x2", typed().into_iter().chain(fees)),
        ),
        (
            "Transaction",
            any_of([
                "LegacyTransaction".into(),
                "AccessListTransaction".into(),
                "DynamicFeeTransaction".into(),
            ]),
        ),
    ]
}

fn receipt() -> Schema {
    let numbers = all(
        "Quantity",
        &[
            "transactionIndex",
            "blockNumber",
            "gasUsed",
            "cumulativeGasUsed",
            "effectiveGasPrice",
        ],
    );
    let rest = [
        ("type", super::one_of(&["0x0", "0x1", "0x2"])),
        ("status", exactly("0x1")),
        ("transactionHash", "Hash".into()),
        ("blockHash", "Hash".into()),
        ("from", "Address".into()),
        ("to", "Address".into()),
        ("contractAddress", json!({ "type": "null" }).into()),
        ("logs", array("Log")),
        ("logsBloom", "Bloom".into()),
    ];
    object(numbers.into_iter().chain(rest))
        .about("What a transaction did. What would fail is refused before it is in a block, so the status is always 1.")
}

fn log() -> Schema {
    let numbers = all(
        "Quantity",
        &[
            "blockNumber",
            "blockTimestamp",
            "transactionIndex",
            "logIndex",
        ],
    );
    let mut topics = array("Hash");
    topics.0["maxItems"] = json!(4);
    let rest = [
        ("address", "Address".into()),
        ("topics", topics),
        ("data", "Data".into()),
        ("blockHash", "Hash".into()),
        ("transactionHash", "Hash".into()),
        ("removed", json!({ "const": false }).into()),
    ];
    object(numbers.into_iter().chain(rest))
}

fn fee_history() -> Schema {
    let ratio = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    object([
        ("oldestBlock", "Quantity".into()),
        (
            "baseFeePerGas",
            array("Quantity").about("Of each block, and of the one after them."),
        ),
        ("gasUsedRatio", array(ratio)),
        (
            "reward?",
            array(array("Quantity")).about("Zeros, if percentiles were asked for."),
        ),
    ])
}

fn syncing() -> Schema {
    let progress = all(
        "Quantity",
        &["startingBlock", "currentBlock", "highestBlock"],
    );
    any_of([
        json!({ "const": false }).into(),
        object(progress).about("A replica is far behind the node that it follows."),
    ])
}

pub(super) fn components() -> Vec<Member> {
    let mut components = vec![
        ("Header", object(header())),
        ("Block", block()),
        ("Receipt", receipt()),
        ("Log", log()),
        ("FeeHistory", fee_history()),
        ("Syncing", syncing()),
        (
            "FilterChanges",
            any_of([array("Log"), array("Hash")])
                .about("Logs, or hashes of blocks or of transactions, as the filter is."),
        ),
        (
            "SubscriptionEvent",
            any_of(["Header".into(), "Log".into(), "Hash".into(), "Transaction".into()])
                .about("A header for `newHeads`, a log for `logs`, a hash or a transaction for `newPendingTransactions`."),
        ),
        (
            "PoolStatus",
            object([
                (
                    "pending",
                    Schema::from("Quantity").about("Transactions that wait for execution."),
                ),
                (
                    "queued",
                    Schema::from("Quantity").about("Transactions that wait for earlier nonces."),
                ),
            ]),
        ),
    ];
    components.extend(transactions());
    components
}
