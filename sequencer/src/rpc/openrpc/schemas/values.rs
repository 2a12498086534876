//! Numbers, bytes, addresses and places in the chain.

use serde_json::json;

use super::{Member, Schema, any_of, one_of, open_object};

/// A string in that form.
fn pattern(pattern: &str) -> Schema {
    json!({ "type": "string", "pattern": pattern }).into()
}

/// So many bytes.
fn bytes(len: usize) -> Schema {
    pattern(&format!("^0x[0-9a-fA-F]{{{}}}$", 2 * len))
}

pub(super) fn components() -> Vec<Member> {
    vec![
        (
            "Quantity",
            pattern("^0x(0|[1-9a-fA-F][0-9a-fA-F]{0,63})$")
                .about("A number of at most 256 bits, in hexadecimal without leading zeros."),
        ),
        (
            "Data",
            pattern("^0x([0-9a-fA-F]{2})*$").about("Bytes, in hexadecimal."),
        ),
        ("Hash", bytes(32).about("32 bytes.")),
        ("Address", bytes(20).about("20 bytes.")),
        ("Bloom", bytes(256).about("The bloom filter of logs.")),
        ("BlockNonce", bytes(8).about("Zero.")),
        (
            "Accumulator",
            bytes(24).about("The commitment to the first messages of L1's inbox."),
        ),
        ("Signature", bytes(65).about("r, s, and 27 or 28.")),
        (
            "Count",
            Schema::from(json!({ "type": "integer", "minimum": 0 }))
                .about("A JSON number, below 2^53. Times are seconds since 1970."),
        ),
        (
            "CountArgument",
            any_of(["Count".into(), "Quantity".into()])
                .about("A number, as a JSON number or as a quantity."),
        ),
        (
            "Word",
            any_of(["Quantity".into(), "Hash".into()])
                .about("A word of storage: a quantity, or 32 bytes."),
        ),
        (
            "BlockTag",
            one_of(&["latest", "pending", "earliest", "safe", "finalized"]),
        ),
        (
            "BlockNumberOrTag",
            any_of(["Quantity".into(), "BlockTag".into()]),
        ),
        (
            "BlockId",
            any_of([
                "BlockNumberOrTag".into(),
                "Hash".into(),
                open_object([("blockNumber", "BlockNumberOrTag".into())]),
                open_object([("blockHash", "Hash".into())]),
            ])
            .about("A block by number, tag or hash, or as in EIP-1898."),
        ),
        (
            "Error",
            super::object([
                ("code", json!({ "type": "integer" }).into()),
                ("message", json!({ "type": "string" }).into()),
                ("data?", json!({}).into()),
            ])
            .about("An error of JSON-RPC."),
        ),
    ]
}
