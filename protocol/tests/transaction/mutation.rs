//! Valid transactions, changed: still judged as alloy judges them.

use alloy_eips::eip2718::Encodable2718;
use proptest::prelude::*;
use spillway_protocol::transaction::{
    PAYOUT_PREDEPLOY, Payee, WITHDRAW_PREDEPLOY, encode_payout_call, encode_payout_token_call,
    encode_transfer_call, encode_withdraw_call, encode_withdraw_token_call,
};

use super::model::check_agreement;
use super::raw::{Field::*, Raw, string};
use super::strategy::fields;
use alloy_primitives::Address;

/// A transaction of each type and meaning. Small amounts and counts, so that a changed byte can give
/// another valid transaction.
fn samples() -> Vec<Vec<u8>> {
    let (alice, token) = (Address::repeat_byte(0xa1), Address::repeat_byte(0x70));
    let payees = [
        Payee {
            recipient: alice,
            amount: 3,
        },
        Payee {
            recipient: token,
            amount: 2,
        },
    ];
    let meanings = [
        (alice, 5, vec![]),
        (alice, 5, b"memo".to_vec()),
        (token, 0, encode_transfer_call(alice, 5)),
        (WITHDRAW_PREDEPLOY, 5, encode_withdraw_call(alice)),
        (
            WITHDRAW_PREDEPLOY,
            0,
            encode_withdraw_token_call(token, 5, alice),
        ),
        (PAYOUT_PREDEPLOY, 5, encode_payout_call(&payees)),
        (
            PAYOUT_PREDEPLOY,
            0,
            encode_payout_token_call(token, &payees),
        ),
    ];
    let gas_limit = string(&60_000_u32.to_be_bytes()[2..]);
    let raw = |transaction_type, (to, value, data): &(Address, u8, Vec<u8>)| {
        let value = if *value == 0 {
            string(&[])
        } else {
            string(&[*value])
        };
        Raw::valid(transaction_type)
            .with(GasLimit, gas_limit.clone())
            .with(To, string(to.as_slice()))
            .with(Value, value)
            .with(Data, string(data))
            .encode()
    };
    meanings
        .iter()
        .flat_map(|meaning| [0, 1, 2].map(|transaction_type| raw(transaction_type, meaning)))
        .collect()
}

#[test]
fn samples_mean_something() {
    for sample in samples() {
        assert_eq!(
            check_agreement(&sample),
            (true, true),
            "{}",
            hex::encode(sample)
        );
    }
}

#[test]
fn every_byte_changed_to_every_other() {
    let (mut decoded, mut meaningful) = (0, 0);
    for mut sample in samples() {
        for place in 0..sample.len() {
            let original = sample[place];
            for byte in (0..=255).filter(|byte| *byte != original) {
                sample[place] = byte;
                let verdict = check_agreement(&sample);
                decoded += u32::from(verdict.0);
                meaningful += u32::from(verdict.1);
            }
            sample[place] = original;
        }
    }
    // Changes inside fields give other transactions; the comparison is not only about rejections.
    assert!(
        decoded > 100_000 && meaningful > 100_000,
        "{decoded} {meaningful}"
    );
}

#[test]
fn every_byte_removed_or_doubled_and_every_prefix() {
    for sample in samples() {
        for place in 0..sample.len() {
            let (before, after) = sample.split_at(place);
            check_agreement(before);
            check_agreement(&[before, &after[1..]].concat());
            check_agreement(&[before, &after[..1], after].concat());
        }
    }
}

proptest! {
    #[test]
    fn random_changes(
        fields in fields(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut raw = fields.sign().encoded_2718();
        for (place, byte) in changes {
            let place = place.index(raw.len());
            raw[place] = byte;
        }
        check_agreement(&raw);
    }
}
