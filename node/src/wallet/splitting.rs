//! Rows into payouts: as few as fit what a payout may hold. docs/protocol.md, "Operations", has the bytes.

use spillway_protocol::amount;
use spillway_protocol::limits::{CHUNK_OPERATION_BYTES, PAYEES_MAX};

use super::payees::Row;

/// Bytes before the recipients, at most: tag, sender, token, count.
const HEAD_BYTES: usize = 1 + REFERENCE_BYTES_MAX + 1 + 1;

/// Bytes of an account's index, at most.
const REFERENCE_BYTES_MAX: usize = 4;

/// Bytes of an address, which a new account adds.
const ADDRESS_BYTES: usize = 20;

/// A row, and whether its account exists. One that is taken for new and is not takes less room than is kept for it.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) row: Row,
    pub(super) is_new: bool,
}

/// Cuts rows into payouts, in their order, on a chain with so many accounts.
pub(super) fn split(rows: Vec<Placed>, base_exponent: u8, accounts: u64) -> Vec<Vec<Row>> {
    let reference = reference_bytes(accounts.saturating_add(rows.len() as u64));
    let mut payouts: Vec<Vec<Row>> = Vec::new();
    let mut left = 0;
    for Placed { row, is_new } in rows {
        let amount = amount::encode(row.payee.amount, base_exponent);
        let address = if is_new { ADDRESS_BYTES } else { 0 };
        let bytes = reference + address + amount.as_bytes().len();
        match payouts.last_mut() {
            Some(payout) if payout.len() < PAYEES_MAX && bytes <= left => {
                payout.push(row);
                left -= bytes;
            }
            _ => {
                payouts.push(vec![row]);
                left = CHUNK_OPERATION_BYTES - HEAD_BYTES - bytes;
            }
        }
    }
    payouts
}

/// Bytes of an account's index when there are so many.
const fn reference_bytes(accounts: u64) -> usize {
    match accounts {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xff_ffff => 3,
        _ => REFERENCE_BYTES_MAX,
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};
    use proptest::prelude::*;
    use spillway_protocol::account::Account;
    use spillway_protocol::codec::{Scope, encode};
    use spillway_protocol::operation::{Operation, Payee, Target};
    use spillway_protocol::state::{Counters, State};
    use spillway_protocol::token::{ETH, TokenTable};
    use spillway_protocol::transaction;

    use super::*;

    const ETH_EXPONENT: u8 = 12;

    fn rows(count: u64, is_new: bool, amount: u128) -> Vec<Placed> {
        let row = |number: u64| Placed {
            row: Row {
                place: format!("line {number}"),
                payee: transaction::Payee {
                    recipient: Address::from_word(U256::from(number).into()),
                    amount,
                },
            },
            is_new,
        };
        (1..=count).map(row).collect()
    }

    fn sizes(rows: Vec<Placed>) -> Vec<usize> {
        let payouts = split(rows, ETH_EXPONENT, 1_000);
        payouts.iter().map(Vec::len).collect()
    }

    #[test]
    fn forty_that_exist_go_with_one_signature() {
        let ether = 10_u128.pow(18);
        assert_eq!(sizes(rows(40, false, ether)), [40]);
        assert_eq!(sizes(rows(64, false, ether)), [64]);
        assert_eq!(sizes(rows(65, false, ether)), [64, 1]);
        assert_eq!(sizes(rows(40, true, ether)), [19, 19, 2]);
        // An amount with all its digits takes 16 bytes more.
        assert_eq!(sizes(rows(40, false, u128::MAX)), [22, 18]);
    }

    proptest! {
        /// Every payout fits a chunk, as the protocol's own encoder has it.
        #[test]
        fn each_payout_fits_its_chunk(
            kinds in proptest::collection::vec((any::<bool>(), 1..=u128::MAX / 128), 1..150),
        ) {
            let one = |place: usize, (is_new, amount): &(bool, u128)| {
                let mut row = rows(1, *is_new, *amount).remove(0);
                row.row.place = place.to_string();
                row
            };
            let placed: Vec<_> = kinds.iter().enumerate().map(|(i, kind)| one(i, kind)).collect();
            let state = state();
            let tokens = TokenTable::default();
            let scope = Scope::of(&state, &tokens);
            let payouts = split(placed, ETH_EXPONENT, state.account_count().into());
            prop_assert_eq!(payouts.iter().map(Vec::len).sum::<usize>(), kinds.len());
            for payout in payouts {
                let payees = payout.iter().map(|row| {
                    let (is_new, amount) = kinds[row.place.parse::<usize>().unwrap()];
                    let target = if is_new { Target::New(row.payee.recipient) } else { Target::Index(1) };
                    Payee { target, amount }
                });
                let payout = Operation::Payout { from: 1, token: ETH, payees: payees.collect() };
                let mut bytes = Vec::new();
                encode(&payout, &scope, &mut bytes).unwrap();
                prop_assert!(bytes.len() <= CHUNK_OPERATION_BYTES, "{}", bytes.len());
            }
        }
    }

    fn state() -> State {
        let account = |number: u64| Account {
            address: Address::from_word(U256::from(number).into()),
            ..Account::default()
        };
        State::import((0..300).map(account), Counters::default()).unwrap()
    }
}
