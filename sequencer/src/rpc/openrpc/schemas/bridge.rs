//! What is told of the bridge to L1.

use serde_json::json;

use super::{Member, Schema, any_of, array, nullable, object, one_of};

fn counts(names: &[&'static str]) -> Vec<Member> {
    names.iter().map(|name| (*name, "Count".into())).collect()
}

fn hashes(names: &[&'static str]) -> Vec<Member> {
    names.iter().map(|name| (*name, "Hash".into())).collect()
}

/// An object for each status: what all have, and what comes with the status.
fn by_status(common: &[Member], stages: Vec<(&str, Vec<Member>)>) -> Schema {
    any_of(stages.into_iter().map(|(status, more)| {
        let common = common.iter().cloned();
        object(common.chain([("status", one_of(&[status]))]).chain(more))
    }))
}

fn deposit() -> Schema {
    let common = [
        (
            "index",
            Schema::from("Count").about("Its place in L1's inbox."),
        ),
        ("to", "Address".into()),
        ("token", "TokenId".into()),
        (
            "token_address",
            nullable("Address").about("Null for ETH, and for a token that is not listed yet."),
        ),
        ("amount", "Quantity".into()),
        ("l1_block", "Count".into()),
        ("transaction_hash", "Hash".into()),
    ];
    by_status(
        &common,
        vec![
            ("seen", vec![]),
            ("confirming", counts(&["confirmations", "needed"])),
            ("confirmed", vec![]),
            ("credited", vec![]),
            ("refunded", vec![]),
        ],
    )
}

fn withdrawal() -> Schema {
    let common = [
        ("index", Schema::from("Count")),
        ("account", "Address".into()),
        ("recipient", "Address".into()),
        ("token", "TokenId".into()),
        ("token_address", nullable("Address").about("Null for ETH.")),
        ("amount", "Quantity".into()),
        ("block_number", "Count".into()),
        ("failure", nullable("FailedPayment")),
        ("advance", nullable("Advance")),
    ];
    by_status(
        &common,
        vec![
            ("durable", vec![]),
            ("posted", counts(&["batch", "claimable_at"])),
            ("claimable", counts(&["batch"])),
            ("claiming", vec![]),
            ("paid", vec![("payment", "Payment".into())]),
        ],
    )
}

fn advance() -> Schema {
    object([
        (
            "status",
            one_of(&["accepted", "paying", "advanced", "refused"]),
        ),
        ("fee", "Quantity".into()),
        ("deadline", nullable("Count")),
        ("transaction_hash", nullable("Hash")),
        (
            "reason",
            Schema::from(json!({ "type": "string" }))
                .or_null()
                .about("Why it is refused."),
        ),
    ])
}

/// What both proofs have: the batch, and what its state root commits to.
fn proof(more: impl IntoIterator<Item = Member>) -> Schema {
    let common = [
        ("batch", "Count".into()),
        ("state_root", "Hash".into()),
        ("header", "BatchHeader".into()),
        ("data_commitment", "Hash".into()),
        ("posted_at", "Count".into()),
        ("submission_id", "Count".into()),
        ("poster", "Address".into()),
        ("state", "StateCommitment".into()),
        (
            "siblings",
            array("Hash").about("A multiproof: docs/protocol.md."),
        ),
    ];
    object(common.into_iter().chain(more))
}

fn batch_header() -> Schema {
    let roots = hashes(&["parent", "state_root", "auth_root", "block_hash"]);
    let numbers = counts(&[
        "auth_count",
        "inbox_count",
        "chunk_count",
        "block_number",
        "timestamp",
    ]);
    let accumulator = ("inbox_accumulator", "Accumulator".into());
    object(roots.into_iter().chain(numbers).chain([accumulator]))
        .about("docs/protocol.md, \"Batches\".")
}

fn state_commitment() -> Schema {
    let roots = hashes(&["accounts_root", "withdrawals_root"]);
    let numbers = counts(&[
        "account_count",
        "withdrawal_count",
        "inbox_count",
        "authorised_count",
        "block_number",
        "timestamp",
        "base_fee",
    ]);
    object(roots.into_iter().chain(numbers)).about("docs/protocol.md, \"State\".")
}

fn proofs() -> [Member; 2] {
    let leaf = object([
        ("index", "Count".into()),
        ("account", "Address".into()),
        ("recipient", "Address".into()),
        ("token", "TokenId".into()),
        ("amount", "Quantity".into()),
    ]);
    let tokens = array(object([
        ("token", "TokenId".into()),
        ("amount", "Quantity".into()),
    ]));
    let account = object([
        ("index", "Count".into()),
        ("address", "Address".into()),
        ("nonce", "Count".into()),
        ("flags", Schema::from("Count").about("Bit 0: locked.")),
        ("eth", "Quantity".into()),
        ("tokens", tokens),
    ]);
    [
        (
            "WithdrawalProof",
            proof([
                ("to", Schema::from("Address").about("`Bridge` on L1.")),
                (
                    "data",
                    Schema::from("Data").about("The call that pays the withdrawal."),
                ),
                ("withdrawal", leaf),
            ]),
        ),
        ("AccountProof", proof([("account", account)])),
    ]
}

pub(super) fn components() -> Vec<Member> {
    let token_id = json!({ "type": "integer", "minimum": 0, "maximum": 255 });
    let mut components = vec![
        ("TokenId", Schema::from(token_id).about("0 for ETH.")),
        (
            "AddressOrIndex",
            any_of(["Address".into(), "CountArgument".into()]),
        ),
        ("Deposit", deposit()),
        ("Withdrawal", withdrawal()),
        (
            "Payment",
            object([
                ("transaction_hash", "Hash".into()),
                ("l1_block", "Count".into()),
                ("to", "Address".into()),
            ]),
        ),
        (
            "FailedPayment",
            object([
                ("times", "Count".into()),
                ("kind", one_of(&["would_fail", "failed", "claim_failed"])),
                (
                    "retry_at",
                    nullable("Count").about("Null if only others try."),
                ),
            ]),
        ),
        ("Advance", advance()),
        (
            "FastWithdrawalQuote",
            object([
                ("fee", "Quantity".into()),
                ("deadline", "Count".into()),
                ("pool", "Address".into()),
                ("bridge", "Address".into()),
                ("l1_chain_id", "Count".into()),
            ]),
        ),
        (
            "FastWithdrawalTaken",
            object([("status", one_of(&["accepted"]))]),
        ),
        ("BatchHeader", batch_header()),
        ("StateCommitment", state_commitment()),
    ];
    components.extend(proofs());
    components
}
