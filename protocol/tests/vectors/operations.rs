//! The operations' bytes, both ways.

use spillway_protocol::codec::{self, Scope};
use spillway_protocol::operation::{DepositTarget, Operation, Payee, Target};
use spillway_protocol::token::TokenTable;

use crate::{read, schema, token_table, variant};

#[test]
fn operations() {
    let file: schema::Operations = read("operations.json");
    let tokens = token_table(&file.tokens);
    let expected = operations_of(&file);
    assert!(expected.len() > 30);
    for (scope, encoded, operation) in expected {
        let scope = scope_of(scope, &tokens);
        let mut bytes = Vec::new();
        codec::encode(&operation, &scope, &mut bytes).unwrap();
        assert_eq!(bytes, encoded, "{operation:?}");
        // Bytes that follow are not looked at.
        bytes.push(0xee);
        assert_eq!(
            codec::decode(&bytes, &scope),
            Ok((operation, encoded.len()))
        );
    }
    assert!(!file.invalid.is_empty());
    for row in &file.invalid {
        let error = codec::decode(&row.encoded, &scope_of(&row.scope, &tokens)).unwrap_err();
        assert_eq!(variant(&error), row.error, "{row:?}");
    }
}

fn scope_of<'a>(row: &schema::Scope, tokens: &'a TokenTable) -> Scope<'a> {
    Scope {
        account_count: row.account_count,
        base_fee: row.base_fee,
        tokens,
    }
}

type Row<'a> = (&'a schema::Scope, &'a [u8], Operation);

fn operations_of(file: &schema::Operations) -> Vec<Row<'_>> {
    let blocks = file.blocks.iter().map(|row| {
        let operation = Operation::Block {
            seconds: row.seconds,
            base_fee: row.base_fee,
        };
        (&row.scope, &row.encoded[..], operation)
    });
    let transfers = file.transfers.iter().map(|row| {
        let operation = Operation::Transfer {
            from: row.from,
            to: row.to,
            token: row.token,
            amount: row.amount,
        };
        (&row.scope, &row.encoded[..], operation)
    });
    let transfers_to_new = file.transfers_to_new.iter().map(|row| {
        let operation = Operation::TransferNew {
            from: row.from,
            to: row.to,
            token: row.token,
            amount: row.amount,
        };
        (&row.scope, &row.encoded[..], operation)
    });
    let withdrawals = file.withdrawals.iter().map(|row| {
        let operation = Operation::Withdraw {
            from: row.from,
            token: row.token,
            amount: row.amount,
            recipient: row.has_recipient.then_some(row.recipient),
        };
        (&row.scope, &row.encoded[..], operation)
    });
    let inbox = file.inbox.iter().map(|row| {
        let target = match row.target.as_str() {
            "none" => None,
            "index" => Some(DepositTarget::Index(row.target_index)),
            "new" => Some(DepositTarget::New),
            other => panic!("no such target: {other}"),
        };
        (&row.scope, &row.encoded[..], Operation::Inbox { target })
    });
    let payouts = file.payouts.iter().map(|row| {
        let operation = Operation::Payout {
            from: row.from,
            token: row.token,
            payees: row.payees.iter().map(payee).collect(),
        };
        (&row.scope, &row.encoded[..], operation)
    });
    blocks
        .chain(transfers)
        .chain(transfers_to_new)
        .chain(withdrawals)
        .chain(inbox)
        .chain(payouts)
        .collect()
}

fn payee(row: &schema::PayoutPayee) -> Payee {
    let target = if row.is_new {
        Target::New(row.address)
    } else {
        Target::Index(row.index)
    };
    Payee {
        target,
        amount: row.amount,
    }
}
