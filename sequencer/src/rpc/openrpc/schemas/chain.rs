//! What this chain alone tells of itself.

use serde_json::json;

use super::{Member, Schema, any_of, array, nullable, object, one_of};

fn text() -> Schema {
    json!({ "type": "string" }).into()
}

fn status() -> Schema {
    let count = || Schema::from("Count");
    object([
        ("chain_id", count()),
        ("block_number", count()),
        ("block_hash", "Hash".into()),
        ("state_root", "Hash".into()),
        ("timestamp", count()),
        ("base_fee", count().about("In wei a unit of gas.")),
        ("accounts", count()),
        ("transactions", count().about("Since genesis.")),
        (
            "inbox_count",
            count().about("Messages of L1 that were consumed."),
        ),
        ("withdrawals", count().about("Since genesis.")),
        (
            "fork_id",
            count().about("Reverts on L1 that the chain has followed."),
        ),
        (
            "header_signer",
            nullable("Address")
                .about("Whose signature headers have; null while they are not signed."),
        ),
        ("posted_block", count().about("0 for none.")),
        (
            "posted_state_root",
            nullable("Hash").about("Null while nothing is posted."),
        ),
        (
            "verified_block",
            nullable("Count")
                .about("The newest that the node's verifier has replayed; null without one."),
        ),
        ("safe_block", count().about("What the tag `safe` means.")),
        ("l1_final_block", count().about("0 for none.")),
        ("withdrawable_block", count().about("0 for none.")),
        (
            "unposted_bytes",
            nullable("Count").about("Null while no batcher has reported."),
        ),
        (
            "waiting",
            count().about("Transactions that wait for execution."),
        ),
        (
            "accepting",
            Schema::from(json!({ "type": "boolean" }))
                .about("False once the journal has failed, and on a replica."),
        ),
    ])
}

fn history_entry() -> Schema {
    let kinds = [
        "transfer",
        "payout",
        "withdrawal",
        "deposit",
        "forced_withdrawal",
        "lock",
        "unlock",
    ];
    object([
        ("kind", one_of(&kinds)),
        ("block_number", "Count".into()),
        ("timestamp", "Count".into()),
        ("transaction_hash", "Hash".into()),
        ("transaction_index", "Count".into()),
        (
            "from",
            nullable("Address").about("Null for what came from L1."),
        ),
        (
            "to",
            nullable("Address").about("Who is paid, for a withdrawal on L1; null for a lock."),
        ),
        ("token", nullable("Address").about("Null for ETH.")),
        ("amount", "Quantity".into()),
        ("memo?", "Data".into()),
        (
            "withdrawal?",
            Schema::from("Count").about("The index under which it is claimed."),
        ),
        (
            "message?",
            Schema::from("Count").about("The index in L1's inbox."),
        ),
    ])
}

fn verdict() -> Schema {
    any_of([
        object([
            ("hash", "Hash".into()),
            (
                "held?",
                Schema::from(json!({ "const": true }))
                    .about("It waits for earlier nonces, and is not durable yet."),
            ),
        ]),
        object([("error", "Error".into())]),
    ])
}

fn finality() -> Schema {
    let rungs = ["queued", "durable", "posted", "l1_final", "withdrawable"];
    object([
        ("status", one_of(&rungs)),
        (
            "block_number",
            nullable("Count").about("Null while it is queued."),
        ),
    ])
}

fn feed_block() -> Schema {
    object([
        ("number", "Count".into()),
        ("hash", "Hash".into()),
        ("parent", "Hash".into()),
        ("timestamp", "Count".into()),
        ("base_fee", "Count".into()),
        ("inbox_count", "Count".into()),
        ("inbox_accumulator", "Accumulator".into()),
        ("operations", "Data".into()),
        ("messages", array("Data")),
        (
            "listings",
            array(object([
                ("address", "Address".into()),
                ("decimals", "Count".into()),
            ])),
        ),
        ("transactions", array("Data")),
        ("transactions_root", "Hash".into()),
        ("fork_id", "Count".into()),
        (
            "signature",
            nullable("Signature").about("Null while headers are not signed."),
        ),
    ])
}

pub(super) fn components() -> Vec<Member> {
    vec![
        ("Status", status()),
        ("HistoryEntry", history_entry()),
        (
            "HistoryPage",
            object([
                ("entries", array("HistoryEntry")),
                (
                    "next",
                    text()
                        .or_null()
                        .about("For the page after this one; null if there is none."),
                ),
            ]),
        ),
        ("Verdict", verdict()),
        ("Finality", finality()),
        ("FeedBlock", feed_block()),
        (
            "Feed",
            object([
                ("newest", "Count".into()),
                (
                    "forks",
                    array(object([
                        ("id", "Count".into()),
                        ("last_block", "Count".into()),
                    ]))
                    .about("Every revert on L1 that the chain has followed."),
                ),
                ("blocks", array("FeedBlock")),
            ]),
        ),
    ]
}
