//! One line a case: which item of which type is replaced by what, and the error.

use alloy_primitives::U256;
use spillway_protocol::transaction::{
    RlpError::{self, *},
    TransactionError::{self, *},
    WalletTransaction,
};

use super::model::{CHAIN_ID, check_agreement};
use super::raw::{
    Field::{self, *},
    Raw, string,
};

const LEGACY: &[u8] = &[0];
const TYPED: &[u8] = &[1, 2];
const DYNAMIC: &[u8] = &[2];
const ALL: &[u8] = &[0, 1, 2];

fn decode(bytes: &[u8]) -> Option<TransactionError> {
    WalletTransaction::decode(bytes, CHAIN_ID).err()
}

const fn rlp(error: RlpError) -> TransactionError {
    Rlp(error)
}

fn wrong_chain(have: u128) -> TransactionError {
    WrongChain {
        have: U256::from(have),
        want: CHAIN_ID,
    }
}

/// Types, item, its encoding, error.
fn cases() -> Vec<(&'static [u8], Field, &'static str, TransactionError)> {
    const ORDER: &str = "a0fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    const HALF: &str = "a07fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";
    const LAST: &str = "a0fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
    const WORD: &str = "a0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    const BYTES_33: &str = "a1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    const BYTES_17: &str = "910100000000000000000000000000000000";
    const BYTES_9: &str = "89010000000000000000";
    const LONG_ZERO: &str = "b80105";
    vec![
        // Any chain but ours.
        (TYPED, ChainId, "80", wrong_chain(0)),
        (TYPED, ChainId, "01", wrong_chain(1)),
        (TYPED, ChainId, "82ca06", wrong_chain(51_718)),
        (TYPED, ChainId, BYTES_9, wrong_chain(1 << 64)),
        (
            TYPED,
            ChainId,
            WORD,
            WrongChain {
                have: U256::MAX,
                want: CHAIN_ID,
            },
        ),
        (TYPED, ChainId, BYTES_33, rlp(IntegerTooLarge)),
        (TYPED, ChainId, "8300ca05", rlp(LeadingZero)),
        (TYPED, ChainId, "c0", rlp(UnexpectedList)),
        // Integers, canonically and within their bounds.
        (ALL, Nonce, "00", rlp(LeadingZero)),
        (ALL, Nonce, "820007", rlp(LeadingZero)),
        (ALL, Nonce, "8107", rlp(NonCanonicalByte)),
        (ALL, Nonce, "817f", rlp(NonCanonicalByte)),
        (ALL, Nonce, LONG_ZERO, rlp(NonCanonicalLength)),
        (ALL, Nonce, "b90001", rlp(NonCanonicalLength)),
        (ALL, Nonce, "c107", rlp(UnexpectedList)),
        (ALL, Nonce, "bfffffffffffffffff", rlp(Truncated)),
        (ALL, Nonce, "88ffffffffffffffff", NonceMax),
        (ALL, Nonce, BYTES_9, NonceTooLarge),
        (ALL, Nonce, BYTES_33, rlp(IntegerTooLarge)),
        (DYNAMIC, PriorityFee, "820001", rlp(LeadingZero)),
        (DYNAMIC, PriorityFee, BYTES_17, PriorityFeeTooLarge),
        (DYNAMIC, PriorityFee, "c0", rlp(UnexpectedList)),
        (ALL, MaxFee, "00", rlp(LeadingZero)),
        (ALL, MaxFee, BYTES_17, FeeTooLarge),
        (ALL, MaxFee, WORD, FeeTooLarge),
        (ALL, MaxFee, BYTES_33, rlp(IntegerTooLarge)),
        (ALL, GasLimit, "83005208", rlp(LeadingZero)),
        (ALL, GasLimit, BYTES_9, GasLimitTooLarge),
        (ALL, GasLimit, "f800", rlp(NonCanonicalLength)),
        (ALL, Value, "00", rlp(LeadingZero)),
        (ALL, Value, BYTES_17, AmountTooLarge),
        (ALL, Value, WORD, AmountTooLarge),
        // A recipient of exactly 20 bytes.
        (ALL, To, "80", ContractCreation),
        (ALL, To, "05", ToInvalid(1)),
        (
            ALL,
            To,
            "93b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0",
            ToInvalid(19),
        ),
        (
            ALL,
            To,
            "95b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0",
            ToInvalid(21),
        ),
        (
            ALL,
            To,
            "d4b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0",
            rlp(UnexpectedList),
        ),
        (
            ALL,
            To,
            "b814b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0",
            rlp(NonCanonicalLength),
        ),
        (ALL, Data, "8100", rlp(NonCanonicalByte)),
        (ALL, Data, "c0", rlp(UnexpectedList)),
        (ALL, Data, "b83780", rlp(NonCanonicalLength)),
        (ALL, Data, "b9ffff", rlp(Truncated)),
        (TYPED, AccessList, "80", rlp(ExpectedList)),
        (TYPED, AccessList, "c1c0", AccessListNotEmpty),
        (
            TYPED,
            AccessList,
            "d7d694b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0c0",
            AccessListNotEmpty,
        ),
        (TYPED, AccessList, "f800", rlp(NonCanonicalLength)),
        // v of a legacy transaction: 35 and 36 name chain 0, 37 and 38 chain 1.
        (LEGACY, Parity, "80", Unprotected),
        (LEGACY, Parity, "01", Unprotected),
        (LEGACY, Parity, "1b", Unprotected),
        (LEGACY, Parity, "1c", Unprotected),
        (LEGACY, Parity, "02", LegacyVInvalid),
        (LEGACY, Parity, "22", LegacyVInvalid),
        (LEGACY, Parity, "23", wrong_chain(0)),
        (LEGACY, Parity, "26", wrong_chain(1)),
        (LEGACY, Parity, "8301942c", wrong_chain(51_716)),
        (LEGACY, Parity, "8301942f", wrong_chain(51_718)),
        (
            LEGACY,
            Parity,
            "90ffffffffffffffffffffffffffffffff",
            wrong_chain((u128::MAX - 35) / 2),
        ),
        (LEGACY, Parity, BYTES_17, LegacyVInvalid),
        (LEGACY, Parity, "840001942d", rlp(LeadingZero)),
        (TYPED, Parity, "00", rlp(LeadingZero)),
        (TYPED, Parity, "02", YParityInvalid),
        (TYPED, Parity, "1b", YParityInvalid),
        (TYPED, Parity, WORD, YParityInvalid),
        (ALL, R, "80", ROutOfRange),
        (ALL, R, ORDER, ROutOfRange),
        (ALL, R, WORD, ROutOfRange),
        (ALL, R, BYTES_33, rlp(IntegerTooLarge)),
        (ALL, R, "00", rlp(LeadingZero)),
        (ALL, S, "80", SOutOfRange),
        (ALL, S, ORDER, SOutOfRange),
        (ALL, S, WORD, SOutOfRange),
        (ALL, S, HALF, HighS),
        (ALL, S, LAST, HighS),
        (ALL, S, "820001", rlp(LeadingZero)),
    ]
}

#[test]
fn the_bases_are_valid() {
    for transaction_type in 0..=2 {
        assert_eq!(decode(&Raw::valid(transaction_type).encode()), None);
    }
}

#[test]
fn each_item_has_its_rejections() {
    for (types, field, encoded, want) in cases() {
        for transaction_type in types {
            let raw = Raw::valid(*transaction_type)
                .with(field, hex::decode(encoded).unwrap())
                .encode();
            assert_eq!(
                decode(&raw),
                Some(want),
                "type {transaction_type}, {field:?} = {encoded}"
            );
            check_agreement(&raw);
        }
    }
}

#[test]
fn of_two_things_wrong_the_first_is_the_error() {
    let cases = cases();
    for transaction_type in 0..=2 {
        let of_type = || {
            cases
                .iter()
                .filter(|case| case.0.contains(&transaction_type))
        };
        let base = Raw::valid(transaction_type);
        for (_, first, first_encoded, want) in of_type() {
            for (_, second, second_encoded, _) in of_type() {
                // The length of a truncated item may be satisfied by a later item that is longer.
                if base.position(*first) < base.position(*second) && *want != rlp(Truncated) {
                    let raw = (base
                        .clone()
                        .with(*first, hex::decode(first_encoded).unwrap()))
                    .with(*second, hex::decode(second_encoded).unwrap());
                    assert_eq!(
                        decode(&raw.encode()),
                        Some(*want),
                        "{first:?} before {second:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_envelope_has_its_rejections() {
    let with = |bytes: &str| hex::decode(bytes).unwrap();
    for (bytes, want) in [
        ("", TooShort),
        ("01", TooShort),
        ("02", TooShort),
        ("03", BlobTransaction),
        ("03c0", BlobTransaction),
        ("04c0", SetCodeTransaction),
        ("00c0", UnknownType(0)),
        ("05c0", UnknownType(5)),
        ("7fc0", UnknownType(127)),
        ("80", rlp(ExpectedList)),
        ("8180", rlp(ExpectedList)),
        ("b7", rlp(Truncated)),
        ("c0", rlp(TooFewItems)),
        ("01c0", rlp(TooFewItems)),
        ("02c0", rlp(TooFewItems)),
        ("0280", rlp(ExpectedList)),
        ("0205", rlp(ExpectedList)),
        ("0202c0", rlp(ExpectedList)),
        ("c1", rlp(Truncated)),
        ("f8", rlp(Truncated)),
        ("f800", rlp(NonCanonicalLength)),
        ("f837", rlp(NonCanonicalLength)),
        ("f838", rlp(Truncated)),
        ("f900ff", rlp(NonCanonicalLength)),
        ("ffffffffffffffffff", rlp(Truncated)),
        ("ff0000000000000038", rlp(NonCanonicalLength)),
        ("c000", rlp(TrailingBytes)),
        ("02c0c0", rlp(TrailingBytes)),
    ] {
        assert_eq!(decode(&with(bytes)), Some(want), "{bytes}");
        check_agreement(&with(bytes));
    }
}

#[test]
fn item_counts_are_exact() {
    for transaction_type in 0..=2 {
        let valid = Raw::valid(transaction_type);
        let mut longer = valid.clone();
        longer.items.push((S, vec![0x80]));
        assert_eq!(decode(&longer.encode()), Some(rlp(TooManyItems)));
        let mut shorter = valid.clone();
        while shorter.items.pop().is_some() {
            assert_eq!(
                decode(&shorter.encode()),
                Some(rlp(TooFewItems)),
                "{shorter:?}"
            );
        }
        let mut bytes = valid.encode();
        bytes.push(0);
        assert_eq!(decode(&bytes), Some(rlp(TrailingBytes)));
    }
}

#[test]
fn the_size_limit_is_exact() {
    for transaction_type in 0..=2 {
        let with_data = |bytes| {
            Raw::valid(transaction_type)
                .with(Data, string(&vec![7; bytes]))
                .encode()
        };
        let frame = with_data(7_000).len() - 7_000;
        let (largest, larger) = (with_data(8_192 - frame), with_data(8_193 - frame));
        assert_eq!((largest.len(), decode(&largest)), (8_192, None));
        assert_eq!(decode(&larger), Some(Oversized { size: 8_193 }));
        check_agreement(&largest);
        check_agreement(&larger);
    }
}

#[test]
fn bounds_are_accepted() {
    const LOW_S_MAX: &str = "a07fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
    const LAST: &str = "a0fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
    for (field, encoded) in [
        (Nonce, "80"),
        (Nonce, "88fffffffffffffffe"),
        (MaxFee, "80"),
        (MaxFee, "90ffffffffffffffffffffffffffffffff"),
        (GasLimit, "80"),
        (GasLimit, "88ffffffffffffffff"),
        (To, "940000000000000000000000000000000000000000"),
        (Value, "80"),
        (Value, "90ffffffffffffffffffffffffffffffff"),
        (R, "01"),
        (R, LAST),
        (S, "01"),
        (S, LOW_S_MAX),
    ] {
        for transaction_type in 0..=2 {
            let raw = Raw::valid(transaction_type)
                .with(field, hex::decode(encoded).unwrap())
                .encode();
            assert_eq!(
                decode(&raw),
                None,
                "type {transaction_type}, {field:?} = {encoded}"
            );
            check_agreement(&raw);
        }
    }
}

#[test]
fn the_largest_chain_id_works() {
    // v of a legacy transaction is then beyond 64 bits.
    let legacy = Raw::valid(0)
        .with(Parity, hex::decode("89020000000000000022").unwrap())
        .encode();
    let decoded = WalletTransaction::decode(&legacy, u64::MAX).unwrap();
    assert!(decoded.signature.y_parity);
    let typed = Raw::valid(2)
        .with(ChainId, hex::decode("88ffffffffffffffff").unwrap())
        .encode();
    assert!(WalletTransaction::decode(&typed, u64::MAX).is_ok());
}
