//! Objects that clients send.

use serde_json::{Value, json};

use super::{Member, Schema, any_of, array, nullable, object, open_object};

/// An object with a member of that schema for each address or slot.
fn by_hex(Schema(values): Schema) -> Schema {
    json!({
        "type": "object",
        "propertyNames": { "pattern": "^0x[0-9a-fA-F]+$" },
        "additionalProperties": values,
    })
    .into()
}

fn optional(members: &[(&'static str, &'static str)]) -> Vec<Member> {
    let members = members.iter();
    members
        .map(|(name, schema)| (*name, nullable(*schema)))
        .collect()
}

fn call() -> Schema {
    let members = optional(&[
        ("from?", "Address"),
        ("to?", "Address"),
        ("value?", "Quantity"),
        ("input?", "Data"),
        ("data?", "Data"),
        ("gas?", "Quantity"),
        ("gasPrice?", "Quantity"),
        ("maxFeePerGas?", "Quantity"),
        ("maxPriorityFeePerGas?", "Quantity"),
    ]);
    let empty: Value = json!({ "type": "array", "maxItems": 0 });
    let access_list: Member = ("accessList?", nullable(empty));
    open_object(members.into_iter().chain([access_list])).about(
        "What is to be called. `input` is the newer name of `data`; other members are ignored.",
    )
}

/// A value or alternatives, null for any.
fn alternatives(of: &'static str) -> Schema {
    let mut many = array(nullable(of));
    many.0["maxItems"] = json!(super::super::super::logs::criteria::ALTERNATIVES_MAX);
    any_of([nullable(of), many])
}

fn log_filter() -> Schema {
    let mut topics = array(alternatives("Hash"));
    topics.0["maxItems"] = json!(4);
    let mut members = optional(&[
        ("fromBlock?", "BlockNumberOrTag"),
        ("toBlock?", "BlockNumberOrTag"),
        ("blockHash?", "Hash"),
    ]);
    members.push(("address?", alternatives("Address")));
    members.push(("topics?", topics.or_null()));
    open_object(members).about(
        "Which logs. Blocks are the latest unless given; `blockHash` excludes the \
         others, and is for eth_getLogs alone. A log has at least as many topics \
         as are named.",
    )
}

pub(super) fn components() -> Vec<Member> {
    let mut account = optional(&[
        ("balance?", "Quantity"),
        ("nonce?", "Quantity"),
        ("code?", "Data"),
    ]);
    account.push(("state?", by_hex("Word".into()).or_null()));
    account.push(("stateDiff?", by_hex("Word".into()).or_null()));
    let block = optional(&[
        ("number?", "Quantity"),
        ("time?", "Quantity"),
        ("gasLimit?", "Quantity"),
        ("feeRecipient?", "Address"),
        ("prevRandao?", "Hash"),
        ("baseFeePerGas?", "Quantity"),
    ]);
    vec![
        ("CallRequest", call()),
        ("LogFilter", log_filter()),
        ("AccountOverride", object(account)),
        ("StateOverrides", by_hex("AccountOverride".into())),
        ("BlockOverrides", object(block)),
        (
            "FastWithdrawalOrder",
            open_object([
                ("index", "CountArgument".into()),
                ("fee", "Quantity".into()),
                ("deadline", "CountArgument".into()),
                ("signature", "Data".into()),
            ])
            .about("The account's consent to an advance: docs/protocol.md, \"Fast withdrawals\"."),
        ),
    ]
}
