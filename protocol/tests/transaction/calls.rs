//! The meaning of calls: encoders against alloy's, and one line for each rejection.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use proptest::prelude::*;
use spillway_protocol::transaction::{
    Asset, Intent, PAYOUT_PREDEPLOY, PAYOUT_SELECTOR, PAYOUT_TOKEN_SELECTOR, Payee,
    TRANSFER_SELECTOR,
    TransactionError::{self, *},
    WITHDRAW_PREDEPLOY, WITHDRAW_SELECTOR, WITHDRAW_TOKEN_SELECTOR, WalletTransaction,
    encode_payout_call, encode_payout_token_call, encode_transfer_call, encode_withdraw_call,
    encode_withdraw_token_call,
};

use super::model::{
    CHAIN_ID, SolPayee, check_agreement, payoutCall, payoutTokenCall, transferCall, withdrawCall,
    withdrawTokenCall,
};
use super::raw::{Field, Raw, string};
use super::strategy::{address, integer, payees};

const ALICE: Address = Address::repeat_byte(0xa1);
const TOKEN: Address = Address::repeat_byte(0x70);

/// The meaning of a type 2 transaction with these fields.
fn meaning(
    to: Address,
    value: u128,
    gas_limit: u64,
    data: &[u8],
) -> Result<Intent, TransactionError> {
    let integer =
        |integer: u128| string(&integer.to_be_bytes()[integer.leading_zeros() as usize / 8..]);
    let raw = Raw::valid(2)
        .with(Field::To, string(to.as_slice()))
        .with(Field::Value, integer(value))
        .with(Field::GasLimit, integer(gas_limit.into()))
        .with(Field::Data, string(data))
        .encode();
    check_agreement(&raw);
    Intent::of(&WalletTransaction::decode(&raw, CHAIN_ID).unwrap())
}

/// Call data from a selector and words, given by their low bytes in hex.
fn call(selector: [u8; 4], words: &[&str]) -> Vec<u8> {
    let word = |word: &&str| hex::decode(format!("{word:0>64}")).unwrap();
    selector
        .into_iter()
        .chain(words.iter().flat_map(word))
        .collect()
}

#[test]
fn selectors_are_those_of_the_signatures() {
    assert_eq!(TRANSFER_SELECTOR, transferCall::SELECTOR);
    assert_eq!(WITHDRAW_SELECTOR, withdrawCall::SELECTOR);
    assert_eq!(WITHDRAW_TOKEN_SELECTOR, withdrawTokenCall::SELECTOR);
    assert_eq!(PAYOUT_SELECTOR, payoutCall::SELECTOR);
    assert_eq!(PAYOUT_TOKEN_SELECTOR, payoutTokenCall::SELECTOR);
}

#[test]
fn each_call_has_its_rejections() {
    const A: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
    const T: &str = "7070707070707070707070707070707070707070";
    const DIRTY: &str = "01a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
    const TOP: &str = "800000000000000000000000a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
    const BIG: &str = "0100000000000000000000000000000000";
    const MAX: &str = "ffffffffffffffffffffffffffffffff";
    const WITHDRAW: Address = WITHDRAW_PREDEPLOY;
    const PAYOUT: Address = PAYOUT_PREDEPLOY;
    for (to, value, selector, words, want) in [
        // A token's transfer.
        (TOKEN, 1, TRANSFER_SELECTOR, &[A, "05"][..], ValueWithToken),
        (TOKEN, 1, TRANSFER_SELECTOR, &[], ValueWithToken),
        (Address::ZERO, 0, TRANSFER_SELECTOR, &[A, "05"], TokenIsZero),
        (TOKEN, 0, TRANSFER_SELECTOR, &[], CallTooShort),
        (TOKEN, 0, TRANSFER_SELECTOR, &[A], CallTooShort),
        (
            TOKEN,
            0,
            TRANSFER_SELECTOR,
            &[DIRTY, "05"],
            AddressHighBytes,
        ),
        (TOKEN, 0, TRANSFER_SELECTOR, &[TOP], AddressHighBytes),
        (TOKEN, 0, TRANSFER_SELECTOR, &[A, BIG], AmountTooLarge),
        (TOKEN, 0, TRANSFER_SELECTOR, &[A, TOP], AmountTooLarge),
        (
            TOKEN,
            0,
            TRANSFER_SELECTOR,
            &[A, "05", "", "", "", "", "", "", "", "", ""],
            MemoTooLong(288),
        ),
        // Withdrawals.
        (
            WITHDRAW,
            5,
            TRANSFER_SELECTOR,
            &[A, "05"],
            UnknownWithdrawCall,
        ),
        (WITHDRAW, 5, PAYOUT_SELECTOR, &[A], UnknownWithdrawCall),
        (WITHDRAW, 5, WITHDRAW_SELECTOR, &[], CallTooShort),
        (WITHDRAW, 5, WITHDRAW_SELECTOR, &[DIRTY], AddressHighBytes),
        (WITHDRAW, 5, WITHDRAW_SELECTOR, &[A, ""], CallTrailingBytes),
        (
            WITHDRAW,
            5,
            WITHDRAW_TOKEN_SELECTOR,
            &[T, "05", A],
            ValueWithToken,
        ),
        (WITHDRAW, 0, WITHDRAW_TOKEN_SELECTOR, &[], CallTooShort),
        (
            WITHDRAW,
            0,
            WITHDRAW_TOKEN_SELECTOR,
            &[DIRTY],
            AddressHighBytes,
        ),
        (
            WITHDRAW,
            0,
            WITHDRAW_TOKEN_SELECTOR,
            &["", "05", A],
            TokenIsZero,
        ),
        (WITHDRAW, 0, WITHDRAW_TOKEN_SELECTOR, &[T], CallTooShort),
        (
            WITHDRAW,
            0,
            WITHDRAW_TOKEN_SELECTOR,
            &[T, BIG, A],
            AmountTooLarge,
        ),
        (
            WITHDRAW,
            0,
            WITHDRAW_TOKEN_SELECTOR,
            &[T, "05"],
            CallTooShort,
        ),
        (
            WITHDRAW,
            0,
            WITHDRAW_TOKEN_SELECTOR,
            &[T, "05", TOP],
            AddressHighBytes,
        ),
        (
            WITHDRAW,
            0,
            WITHDRAW_TOKEN_SELECTOR,
            &[T, "05", A, A],
            CallTrailingBytes,
        ),
        // Payouts of ETH.
        (PAYOUT, 5, TRANSFER_SELECTOR, &[A, "05"], UnknownPayoutCall),
        (PAYOUT, 5, WITHDRAW_SELECTOR, &[A], UnknownPayoutCall),
        (PAYOUT, 5, PAYOUT_SELECTOR, &[], CallTooShort),
        (
            PAYOUT,
            5,
            PAYOUT_SELECTOR,
            &["", "01", A, "05"],
            OffsetNotCanonical,
        ),
        (
            PAYOUT,
            5,
            PAYOUT_SELECTOR,
            &["40", "", "01", A, "05"],
            OffsetNotCanonical,
        ),
        (PAYOUT, 5, PAYOUT_SELECTOR, &["20"], CallTooShort),
        (PAYOUT, 0, PAYOUT_SELECTOR, &["20", ""], PayeeCount),
        (PAYOUT, 5, PAYOUT_SELECTOR, &["20", "41"], PayeeCount),
        (PAYOUT, 5, PAYOUT_SELECTOR, &["20", TOP], PayeeCount),
        (PAYOUT, 5, PAYOUT_SELECTOR, &["20", "01", A], CallTooShort),
        (
            PAYOUT,
            5,
            PAYOUT_SELECTOR,
            &["20", "01", DIRTY, "05"],
            AddressHighBytes,
        ),
        (
            PAYOUT,
            5,
            PAYOUT_SELECTOR,
            &["20", "01", A, BIG],
            AmountTooLarge,
        ),
        (
            PAYOUT,
            5,
            PAYOUT_SELECTOR,
            &["20", "02", A, "05"],
            CallTooShort,
        ),
        (
            PAYOUT,
            0,
            PAYOUT_SELECTOR,
            &["20", "02", A, MAX, A, "01"],
            PayoutSumTooLarge,
        ),
        (
            PAYOUT,
            5,
            PAYOUT_SELECTOR,
            &["20", "01", A, "05", ""],
            CallTrailingBytes,
        ),
        (
            PAYOUT,
            5,
            PAYOUT_SELECTOR,
            &["20", "01", A, "04"],
            PayoutSumMismatch { sum: 4, value: 5 },
        ),
        (
            PAYOUT,
            5,
            PAYOUT_SELECTOR,
            &["20", "01", A, "06"],
            PayoutSumMismatch { sum: 6, value: 5 },
        ),
        // Payouts of a token.
        (
            PAYOUT,
            5,
            PAYOUT_TOKEN_SELECTOR,
            &[T, "40", "01", A, "05"],
            ValueWithToken,
        ),
        (
            PAYOUT,
            0,
            PAYOUT_TOKEN_SELECTOR,
            &["", "40", "01", A, "05"],
            TokenIsZero,
        ),
        (
            PAYOUT,
            0,
            PAYOUT_TOKEN_SELECTOR,
            &[TOP, "40", "01", A, "05"],
            AddressHighBytes,
        ),
        (
            PAYOUT,
            0,
            PAYOUT_TOKEN_SELECTOR,
            &[T, "20", "01", A, "05"],
            OffsetNotCanonical,
        ),
        (PAYOUT, 0, PAYOUT_TOKEN_SELECTOR, &[T, "40", ""], PayeeCount),
        (
            PAYOUT,
            0,
            PAYOUT_TOKEN_SELECTOR,
            &[T, "40", "01", A],
            CallTooShort,
        ),
        (
            PAYOUT,
            0,
            PAYOUT_TOKEN_SELECTOR,
            &[T, "40", "01", A, TOP],
            AmountTooLarge,
        ),
        (
            PAYOUT,
            0,
            PAYOUT_TOKEN_SELECTOR,
            &[T, "40", "02", A, MAX, A, MAX],
            PayoutSumTooLarge,
        ),
        (
            PAYOUT,
            0,
            PAYOUT_TOKEN_SELECTOR,
            &[T, "40", "01", A, "05", ""],
            CallTrailingBytes,
        ),
    ] {
        let data = call(selector, words);
        assert_eq!(
            meaning(to, value, 1_000_000, &data),
            Err(want),
            "{to} {value} {}",
            hex::encode(data)
        );
    }
}

#[test]
fn data_shorter_than_a_selector() {
    for length in 0..4 {
        let data = &TRANSFER_SELECTOR[..length];
        assert_eq!(
            meaning(WITHDRAW_PREDEPLOY, 5, 60_000, data),
            Err(UnknownWithdrawCall)
        );
        assert_eq!(
            meaning(PAYOUT_PREDEPLOY, 5, 60_000, data),
            Err(UnknownPayoutCall)
        );
        let transfer = Intent::Transfer {
            asset: Asset::Eth,
            recipient: ALICE,
            amount: 5,
        };
        assert_eq!(meaning(ALICE, 5, 60_000, data), Ok(transfer));
    }
}

#[test]
fn calls_of_no_whole_word() {
    let mut data = encode_withdraw_call(ALICE);
    data.push(0);
    assert_eq!(
        meaning(WITHDRAW_PREDEPLOY, 5, 60_000, &data),
        Err(CallTrailingBytes)
    );
    data.truncate(35);
    assert_eq!(
        meaning(WITHDRAW_PREDEPLOY, 5, 60_000, &data),
        Err(CallTooShort)
    );
    let data = encode_transfer_call(ALICE, 5);
    assert_eq!(meaning(TOKEN, 0, 60_000, &data[..67]), Err(CallTooShort));
}

#[test]
fn a_memo_has_256_bytes_at_most() {
    let (memo, longer) = (vec![0xee; 256], vec![0xee; 257]);
    let transfer = |asset| {
        Ok(Intent::Transfer {
            asset,
            recipient: ALICE,
            amount: 5,
        })
    };
    assert_eq!(meaning(ALICE, 5, 21_000, &memo), transfer(Asset::Eth));
    assert_eq!(meaning(ALICE, 5, 21_000, &longer), Err(MemoTooLong(257)));
    let with_memo = |memo: Vec<u8>| [encode_transfer_call(ALICE, 5), memo].concat();
    assert_eq!(
        meaning(TOKEN, 0, 30_000, &with_memo(memo)),
        transfer(Asset::Token(TOKEN))
    );
    assert_eq!(
        meaning(TOKEN, 0, 30_000, &with_memo(longer)),
        Err(MemoTooLong(257))
    );
}

#[test]
fn gas_limits_are_exact() {
    let payees = |count| {
        vec![
            Payee {
                recipient: ALICE,
                amount: 1
            };
            count
        ]
    };
    for (to, value, data, want) in [
        (ALICE, 5, vec![], 21_000),
        (ALICE, 5, b"memo".to_vec(), 21_000),
        (TOKEN, 0, encode_transfer_call(ALICE, 5), 30_000),
        (WITHDRAW_PREDEPLOY, 5, encode_withdraw_call(ALICE), 60_000),
        (
            WITHDRAW_PREDEPLOY,
            0,
            encode_withdraw_token_call(TOKEN, 5, ALICE),
            60_000,
        ),
        (PAYOUT_PREDEPLOY, 1, encode_payout_call(&payees(1)), 33_000),
        (
            PAYOUT_PREDEPLOY,
            64,
            encode_payout_call(&payees(64)),
            789_000,
        ),
        (
            PAYOUT_PREDEPLOY,
            0,
            encode_payout_token_call(TOKEN, &payees(2)),
            45_000,
        ),
    ] {
        assert!(meaning(to, value, want, &data).is_ok(), "{to} {want}");
        let have = want - 1;
        assert_eq!(
            meaning(to, value, have, &data),
            Err(IntrinsicGasTooLow { have, want })
        );
    }
}

proptest! {
    #[test]
    fn calls_are_written_as_solidity_writes_them(
        token in address(), recipient in address(), amount in integer(), payees in payees(),
    ) {
        let (wide, sol_payees) = (U256::from(amount), || {
            let sol = |payee: &Payee| SolPayee { recipient: payee.recipient, amount: U256::from(payee.amount) };
            payees.iter().map(sol).collect()
        });
        let transfer = transferCall { recipient, amount: wide };
        prop_assert_eq!(encode_transfer_call(recipient, amount), transfer.abi_encode());
        prop_assert_eq!(encode_withdraw_call(recipient), withdrawCall { recipient }.abi_encode());
        let withdraw = withdrawTokenCall { token, amount: wide, recipient };
        prop_assert_eq!(encode_withdraw_token_call(token, amount, recipient), withdraw.abi_encode());
        let payout = payoutCall { payees: sol_payees() };
        prop_assert_eq!(encode_payout_call(&payees), payout.abi_encode());
        let payout = payoutTokenCall { token, payees: sol_payees() };
        prop_assert_eq!(encode_payout_token_call(token, &payees), payout.abi_encode());
    }
}
