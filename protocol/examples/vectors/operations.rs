//! Vectors of the operations' bytes, in scopes that change their widths.

use alloy_primitives::{Address, Bytes};
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::operation::{DepositTarget, Operation, Payee, Target};
use spillway_protocol::token::TokenTable;

use crate::schema;
use crate::setting::{ALICE, BOB, CAROL, DAVE, ETHER, token_rows, tokens, variant};

const BASE_FEE: u64 = 1_000;

pub(crate) fn operations() -> schema::Operations {
    let encoder = Encoder { tokens: tokens() };
    schema::Operations {
        blocks: blocks(&encoder),
        inbox: inbox(&encoder),
        invalid: invalid(&encoder),
        payouts: payouts(&encoder),
        tokens: token_rows(),
        transfers: transfers(&encoder),
        transfers_to_new: transfers_to_new(&encoder),
        withdrawals: withdrawals(&encoder),
    }
}

struct Encoder {
    tokens: TokenTable,
}

impl Encoder {
    fn scope(&self, account_count: u32) -> Scope<'_> {
        Scope {
            account_count,
            base_fee: BASE_FEE,
            tokens: &self.tokens,
        }
    }

    fn encode(&self, account_count: u32, operation: &Operation) -> Bytes {
        let mut bytes = Vec::new();
        codec::encode(operation, &self.scope(account_count), &mut bytes).unwrap();
        bytes.into()
    }
}

const fn scope_row(account_count: u32) -> schema::Scope {
    schema::Scope {
        account_count,
        base_fee: BASE_FEE,
    }
}

fn blocks(encoder: &Encoder) -> Vec<schema::Block> {
    [
        (0, BASE_FEE),
        (14, BASE_FEE),
        (15, BASE_FEE),
        (0, BASE_FEE + 1),
        (1_700_000_000, 7),
        (u32::MAX, u64::MAX),
    ]
    .map(|(seconds, base_fee)| schema::Block {
        base_fee,
        encoded: encoder.encode(1, &Operation::Block { seconds, base_fee }),
        scope: scope_row(1),
        seconds,
    })
    .into()
}

fn transfers(encoder: &Encoder) -> Vec<schema::Transfer> {
    const LAST: u32 = u32::MAX - 1;
    [
        (1, 0, 0, 0, 0),
        (2, 1, 0, 0, ETHER),
        (4, 3, 3, 0, ETHER),
        (5, 4, 4, 0, ETHER),
        (64, 63, 63, 1, 1_500_000),
        (65, 64, 64, 1, 1_500_000),
        (256, 17, 200, 0, 123_456_789),
        (1_000_000, 999_999, 123_456, 0, 25 * ETHER / 100),
        (1_000_000, 1, 2, 6, 5),
        (1_000_000, 1, 2, 7, 5_000),
        (1_000_000, 1, 2, 8, ETHER),
        (u32::MAX, LAST, LAST, 0, u128::MAX),
    ]
    .map(|(account_count, from, to, token, amount)| {
        let operation = Operation::Transfer {
            from,
            to,
            token,
            amount,
        };
        schema::Transfer {
            amount,
            encoded: encoder.encode(account_count, &operation),
            from,
            scope: scope_row(account_count),
            to,
            token,
        }
    })
    .into()
}

fn transfers_to_new(encoder: &Encoder) -> Vec<schema::TransferNew> {
    [
        (2, 1, 0, ETHER),
        (255, 254, 1, 1_500_000),
        (256, 255, 1, 1_500_000),
        (70_000, 69_999, 7, 1),
        (u32::MAX, 0, 8, ETHER),
    ]
    .map(|(account_count, from, token, amount)| {
        let operation = Operation::TransferNew {
            from,
            to: DAVE,
            token,
            amount,
        };
        schema::TransferNew {
            amount,
            encoded: encoder.encode(account_count, &operation),
            from,
            scope: scope_row(account_count),
            to: DAVE,
            token,
        }
    })
    .into()
}

fn withdrawals(encoder: &Encoder) -> Vec<schema::Withdraw> {
    [
        (2, 1, 0, ETHER, None),
        (2, 1, 1, 1_500_000, None),
        (300, 299, 0, ETHER, Some(CAROL)),
        (300, 299, 8, ETHER + 1, Some(CAROL)),
    ]
    .map(|(account_count, from, token, amount, recipient)| {
        let operation = Operation::Withdraw {
            from,
            token,
            amount,
            recipient,
        };
        schema::Withdraw {
            amount,
            encoded: encoder.encode(account_count, &operation),
            from,
            has_recipient: recipient.is_some(),
            recipient: recipient.unwrap_or_default(),
            scope: scope_row(account_count),
            token,
        }
    })
    .into()
}

fn inbox(encoder: &Encoder) -> Vec<schema::InboxOperation> {
    [
        (1, "none", 0),
        (1, "index", 0),
        (1, "new", 0),
        (255, "new", 0),
        (256, "new", 0),
        (256, "index", 255),
        (70_000, "index", 1),
    ]
    .map(|(account_count, target, target_index)| {
        let operation = Operation::Inbox {
            target: match target {
                "index" => Some(DepositTarget::Index(target_index)),
                "new" => Some(DepositTarget::New),
                _ => None,
            },
        };
        schema::InboxOperation {
            encoded: encoder.encode(account_count, &operation),
            scope: scope_row(account_count),
            target: target.into(),
            target_index,
        }
    })
    .into()
}

fn payouts(encoder: &Encoder) -> Vec<schema::Payout> {
    let old = |index| Target::Index(index);
    let new = Target::New;
    [
        (3, 1, 0, vec![(old(2), ETHER)]),
        // Index 3 is the account that the first recipient brings into being.
        (3, 1, 0, vec![(new(DAVE), 5), (old(3), 6), (old(0), 0)]),
        // The account count reaches 256 within it, and references grow to two bytes.
        (
            255,
            1,
            1,
            vec![(new(ALICE), 7), (new(BOB), 8), (old(256), 9)],
        ),
        (
            70_000,
            69_999,
            8,
            vec![(old(1), ETHER), (old(1), ETHER + 1)],
        ),
        (1_000, 1, 0, (0..64).map(|n| (old(n), 5)).collect()),
    ]
    .map(|(account_count, from, token, payees)| {
        let payees: Vec<_> = payees
            .into_iter()
            .map(|(target, amount)| Payee { target, amount })
            .collect();
        let rows = payees.iter().map(payee_row).collect();
        let operation = Operation::Payout {
            from,
            token,
            payees,
        };
        schema::Payout {
            encoded: encoder.encode(account_count, &operation),
            from,
            payees: rows,
            scope: scope_row(account_count),
            token,
        }
    })
    .into()
}

fn payee_row(payee: &Payee) -> schema::PayoutPayee {
    let (is_new, index, address) = match payee.target {
        Target::Index(index) => (false, index, Address::ZERO),
        Target::New(address) => (true, 0, address),
    };
    schema::PayoutPayee {
        address,
        amount: payee.amount,
        index,
        is_new,
    }
}

/// Account count, bytes, error. ETH's base exponent is 12; the code f618 is zero.
const INVALID: &[(u32, &str, &str)] = &[
    (2, "", "Truncated"),
    // First bytes that no operation has.
    (2, "00", "UnknownTag"),
    (2, "01", "UnknownTag"),
    (2, "2200f618", "UnknownTag"),
    (2, "3400f618", "UnknownTag"),
    (2, "4200", "UnknownTag"),
    (2, "520001f618", "UnknownTag"),
    (2, "60", "UnknownTag"),
    (2, "7f", "UnknownTag"),
    // Blocks.
    (2, "1f0000000f00000000000003", "Truncated"),
    (2, "1f0000000e00000000000003e8", "NotCanonical"),
    // Transfers: the pair 4 has sender 2, and 25 has sender 5.
    (2, "80", "Truncated"),
    (2, "84f618", "IndexOutOfRange"),
    (5, "8019f618", "IndexOutOfRange"),
    (5, "8fffffff", "IndexOutOfRange"),
    (2, "f006f618", "NotCanonical"),
    (2, "f009f618", "UnlistedToken"),
    (2, "80f889", "BadAmount"),
    (2, "80f6190a", "BadAmount"),
    (2, "80f61a00", "Truncated"),
    // Transfers to a new account.
    (
        2,
        "2002d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0f618",
        "IndexOutOfRange",
    ),
    (2, "2001d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0", "Truncated"),
    (
        2,
        "2101d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d000f618",
        "NotCanonical",
    ),
    (
        2,
        "2101d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d009f618",
        "UnlistedToken",
    ),
    // Withdrawals.
    (2, "3002f618", "IndexOutOfRange"),
    (2, "310100f618", "NotCanonical"),
    (
        2,
        "32010000c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0",
        "Truncated",
    ),
    // Inbox operations: 2 means a new account, 3 nothing.
    (2, "41", "Truncated"),
    (2, "4103", "IndexOutOfRange"),
    (256, "4101", "Truncated"),
    // Payouts.
    (2, "50020100f618", "IndexOutOfRange"),
    (2, "500100", "PayeeCount"),
    (2, "500141", "PayeeCount"),
    (2, "510100", "NotCanonical"),
    (2, "51010901000000", "UnlistedToken"),
    (2, "5001010300", "IndexOutOfRange"),
    (2, "500102000000", "Truncated"),
];

fn invalid(encoder: &Encoder) -> Vec<schema::InvalidOperation> {
    INVALID
        .iter()
        .map(|(account_count, bytes, want)| {
            let encoded = hex::decode(bytes).unwrap();
            let error = codec::decode(&encoded, &encoder.scope(*account_count)).unwrap_err();
            assert_eq!(variant(&error), *want, "{bytes}");
            schema::InvalidOperation {
                encoded: encoded.into(),
                error: (*want).into(),
                scope: scope_row(*account_count),
            }
        })
        .collect()
}
