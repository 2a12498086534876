//! What accounts hold, as it is pushed.

use serde_json::json;

use super::super::super::watching::ACCOUNTS_MAX;
use super::{Member, Schema, any_of, array, object, one_of, open_object};

fn followed() -> Schema {
    let accounts = json!({
        "type": "array",
        "items": Schema::from("Address").as_json(),
        "minItems": 1,
        "maxItems": ACCOUNTS_MAX,
    });
    let since = open_object([
        ("number", "CountArgument".into()),
        ("block_hash", "Hash".into()),
    ]);
    open_object([
        ("accounts", accounts.into()),
        (
            "since?",
            since.or_null().about("The last message that was seen."),
        ),
    ])
}

fn held() -> Schema {
    object([
        ("address", "Address".into()),
        ("nonce", "Count".into()),
        (
            "locked",
            Schema::from(json!({ "type": "boolean" })).about("By a message on L1."),
        ),
        ("eth", "Quantity".into()),
        (
            "tokens",
            array(object([
                ("token", Schema::from("Address").about("On L1.")),
                ("amount", "Quantity".into()),
            ]))
            .about("All that the account has."),
        ),
    ])
}

fn message() -> Schema {
    let of_kind = |kind, previous: Option<Member>| {
        let members = [
            ("type", one_of(&[kind])),
            (
                "number",
                Schema::from("Count").about("Of the block after which it is true."),
            ),
            ("block_hash", "Hash".into()),
            ("accounts", array("AccountHoldings")),
        ];
        object(members.into_iter().chain(previous))
    };
    let previous = Schema::from("Count").about("The number of the message before it.");
    any_of([
        of_kind("snapshot", None),
        of_kind("patch", Some(("previous", previous))),
    ])
}

pub(super) fn components() -> Vec<Member> {
    vec![
        ("FollowedAccounts", followed()),
        ("AccountHoldings", held()),
        ("AccountsMessage", message()),
    ]
}
