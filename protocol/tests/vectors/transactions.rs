//! What wallets sign, with its meaning; and who signed it.

use alloy_primitives::{Address, Signature, U256};
use spillway_protocol::gas;
use spillway_protocol::transaction::{Asset, Intent, Payee, TransactionError, WalletTransaction};

use crate::{read, schema, variant};

#[test]
fn transactions() {
    let file: schema::Transactions = read("transactions.json");
    assert!(!file.valid.is_empty() && !file.invalid.is_empty());
    for row in &file.valid {
        check_fields(row);
        check_meaning(row);
    }
    for row in &file.invalid {
        let error = WalletTransaction::decode(&row.raw, row.chain_id)
            .and_then(|transaction| Intent::of(&transaction))
            .unwrap_err();
        assert_eq!(name(&error), row.error, "{}", row.raw);
    }
}

fn check_fields(row: &schema::Transaction) {
    let transaction = WalletTransaction::decode(&row.raw, row.chain_id).unwrap();
    assert_eq!(transaction.transaction_type as u8, row.transaction_type);
    assert_eq!(transaction.nonce, row.nonce);
    assert_eq!(transaction.max_fee, row.max_fee);
    assert_eq!(transaction.gas_limit, row.gas_limit);
    assert_eq!(transaction.to, row.to);
    assert_eq!(transaction.value, row.value);
    assert_eq!(transaction.data, &row.data[..]);
    assert_eq!(transaction.hash(), row.hash);
    assert_eq!(transaction.signing_hash(), row.signing_hash);
    let signature = transaction.signature;
    assert_eq!((signature.r, signature.s), (row.r, row.s));
    assert_eq!(signature.y_parity, row.y_parity);
    let signature = Signature::new(
        U256::from_be_bytes(row.r.0),
        U256::from_be_bytes(row.s.0),
        row.y_parity,
    );
    let sender = signature.recover_address_from_prehash(&row.signing_hash);
    assert_eq!(sender.unwrap(), row.sender);
}

fn check_meaning(row: &schema::Transaction) {
    let transaction = WalletTransaction::decode(&row.raw, row.chain_id).unwrap();
    let intent = Intent::of(&transaction).unwrap();
    assert_eq!(gas::gas(intent.gas_kind()), row.gas);
    let asset = match row.asset {
        Address::ZERO => Asset::Eth,
        token => Asset::Token(token),
    };
    let payees: Vec<_> = row
        .payees
        .iter()
        .map(|payee| Payee {
            recipient: payee.recipient,
            amount: payee.amount,
        })
        .collect();
    let Payee { recipient, amount } = payees[0];
    let expected = match row.intent.as_str() {
        "transfer" => Intent::Transfer {
            asset,
            recipient,
            amount,
        },
        "withdraw" => Intent::Withdraw {
            asset,
            recipient,
            amount,
        },
        "payout" => Intent::Payout { asset, payees },
        other => panic!("no such intent: {other}"),
    };
    assert_eq!(intent, expected, "{}", row.raw);
}

fn name(error: &TransactionError) -> String {
    match error {
        TransactionError::Rlp(inner) => format!("Rlp/{}", variant(inner)),
        other => variant(other),
    }
}
