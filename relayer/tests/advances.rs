//! The desk of fast withdrawals: quotes, orders and limits, case by case.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes};
use proptest::prelude::*;
use spillway_l1::advances::ADVANCE_GAS;
use spillway_l1::payments::Advance;
use spillway_l1::transactions::{IntentId, Outcome};
use spillway_protocol::fast_withdrawal::FastWithdrawal;
use spillway_protocol::withdrawal::Withdrawal;
use spillway_relayer::advances::{
    AdvanceConfig, AdvanceStage, Desk, Funds, Order, QuoteRefusal, RecentPrices, Refusal,
    SIGNATURE_BYTES_MAX, Sweep, TokenFunds, TokenTerms,
};
use spillway_relayer::l2::L2Withdrawal;
use spillway_relayer::withdrawals::{Payment, WithdrawalConfig, Withdrawals};

const POOL: Address = Address::repeat_byte(0xaa);
const ETH: u8 = 0;
const TOKEN: u8 = 1;
const NOW: u64 = 1_000_000;
const GWEI: u128 = 1_000_000_000;
/// What gas costs in all these cases.
const GAS: u128 = GWEI * ADVANCE_GAS as u128;
/// A thousandth of a withdrawal of these cases.
const UNIT: u128 = 10 * GAS;
const AMOUNT: u128 = 1_000 * UNIT;
/// Ten basis points and the gas.
const FEE: u128 = UNIT + GAS;

fn terms() -> TokenTerms {
    TokenTerms {
        share_bps: 10,
        flat: 0,
        each_max: 2 * AMOUNT,
        outstanding_max: 4 * AMOUNT,
        daily_max: 6 * AMOUNT,
    }
}

fn config() -> AdvanceConfig {
    let in_tokens = TokenTerms { flat: 7, ..terms() };
    AdvanceConfig {
        gas_reserve: UNIT,
        orders_max: 3,
        ..AdvanceConfig::new([(ETH, terms()), (TOKEN, in_tokens)].into())
    }
}

fn made(index: u32, amount: u128) -> L2Withdrawal {
    L2Withdrawal {
        block: u64::from(index) + 1,
        withdrawal: Withdrawal {
            account: Address::repeat_byte(1),
            recipient: Address::repeat_byte(2),
            token: ETH,
            amount,
        },
    }
}

/// An L1 and an L2 with ten withdrawals of that amount, one a block.
fn withdrawals() -> Withdrawals {
    let mut withdrawals = Withdrawals::new(WithdrawalConfig {
        pool: Some(POOL),
        ..WithdrawalConfig::new(1_000)
    });
    withdrawals.on_block(NOW);
    let all: Vec<_> = (0..10).map(|index| made(index, AMOUNT)).collect();
    withdrawals.on_made(0, &all);
    withdrawals
}

fn order(index: u32) -> Order {
    Order {
        consent: FastWithdrawal {
            index,
            withdrawal: made(index, AMOUNT).withdrawal,
            fee: FEE,
            deadline: NOW + 3_600,
        },
        signature: Bytes::from_static(&[1; 65]),
        accepted_at: NOW,
    }
}

fn funds(eth: u128) -> Funds {
    let held = TokenFunds {
        balance: 100 * AMOUNT,
        is_allowed: true,
    };
    Funds {
        eth,
        tokens: [(TOKEN, held)].into(),
    }
}

fn desk() -> Desk {
    let mut desk = Desk::new(config(), Vec::new());
    desk.on_price(NOW, GWEI);
    desk.on_funds(funds(100 * AMOUNT));
    desk
}

/// A desk that has accepted that order.
fn with_order(withdrawals: &Withdrawals, index: u32) -> Desk {
    let mut desk = desk();
    assert_eq!(desk.check(withdrawals, &order(index)), Ok(Some(())));
    desk.on_accepted(order(index));
    desk
}

/// L1 shows that the pool has advanced it.
fn advanced(withdrawals: &mut Withdrawals, index: u32, l1_block: u64) {
    let advance = Advance {
        index,
        withdrawal: made(index, AMOUNT).withdrawal,
        advancer: POOL,
        fee: FEE,
    };
    let transaction = B256::repeat_byte(7);
    assert!(withdrawals.on_advanced(&advance, transaction, l1_block));
}

fn paid(withdrawals: &mut Withdrawals, index: u32, to: Address) {
    let payment = Payment {
        transaction: B256::repeat_byte(8),
        l1_block: 9,
        to,
    };
    withdrawals.on_paid(index, payment);
}

fn stage(desk: &Desk, withdrawals: &Withdrawals, index: u32) -> Option<AdvanceStage> {
    let withdrawal = made(index, AMOUNT).withdrawal;
    let status = desk.status(withdrawals, index, &withdrawal);
    status.map(|status| status.stage)
}

fn refused(index: u32, reason: Refusal) -> Sweep {
    Sweep::Refused {
        leaf: order(index).leaf(),
        index,
        reason,
    }
}

#[test]
fn a_quote_is_the_share_and_the_gas() {
    let (withdrawals, desk) = (withdrawals(), desk());
    let table = [
        (ETH, AMOUNT, Ok(FEE)),
        (ETH, 2 * AMOUNT, Ok(2 * UNIT + GAS)),
        (
            ETH,
            2 * AMOUNT + 1,
            Err(QuoteRefusal::AboveLimit(2 * AMOUNT)),
        ),
        // A share is rounded up.
        (ETH, 2 * GAS + 1, Ok(GAS + (2 * GAS).div_ceil(1_000) + 1)),
        (
            ETH,
            GAS,
            Err(QuoteRefusal::TooLittle(GAS + GAS.div_ceil(1_000))),
        ),
        (ETH, 0, Err(QuoteRefusal::TooLittle(GAS))),
        (TOKEN, 9_999, Ok(10 + 7)),
        (TOKEN, 7, Err(QuoteRefusal::TooLittle(8))),
        (2, AMOUNT, Err(QuoteRefusal::NotOffered(2))),
    ];
    for (token, amount, expected) in table {
        let quoted = desk.quote(&withdrawals, token, amount);
        let fee = quoted.clone().map(|quote| quote.fee);
        assert_eq!(fee, expected, "{amount} of {token}");
        if let Ok(quote) = quoted {
            assert_eq!(quote.deadline, NOW + config().lifetime);
        }
    }
}

#[test]
fn there_is_no_quote_before_it_knows_enough_or_with_too_little_at_hand() {
    let withdrawals = withdrawals();
    let mut desk = Desk::new(config(), Vec::new());
    let quote = |desk: &Desk, token| {
        let quoted = desk.quote(&withdrawals, token, AMOUNT);
        quoted.map(|quote| quote.fee)
    };
    assert!(matches!(quote(&desk, ETH), Err(QuoteRefusal::NotReady(_))));
    desk.on_price(NOW, GWEI);
    assert!(matches!(quote(&desk, ETH), Err(QuoteRefusal::NotReady(_))));
    let payout = AMOUNT - FEE;
    desk.on_funds(funds(UNIT + payout - 1));
    assert_eq!(quote(&desk, ETH), Err(QuoteRefusal::Funds(payout - 1)));
    desk.on_funds(funds(UNIT + payout));
    assert_eq!(quote(&desk, ETH), Ok(FEE));
    // Tokens take gas as well, and the bridge's leave.
    desk.on_funds(funds(UNIT - 1));
    assert!(matches!(quote(&desk, TOKEN), Err(QuoteRefusal::Funds(_))));
    let mut unapproved = funds(UNIT);
    unapproved.tokens.get_mut(&TOKEN).unwrap().is_allowed = false;
    desk.on_funds(unapproved);
    assert!(matches!(
        quote(&desk, TOKEN),
        Err(QuoteRefusal::NotReady(_))
    ));
    desk.on_funds(funds(UNIT));
    assert!(quote(&desk, TOKEN).is_ok());
}

#[test]
fn orders_that_do_not_fit_are_refused() {
    let withdrawals = withdrawals();
    let good = order(3);
    let with = |consent: FastWithdrawal| Order {
        consent,
        ..good.clone()
    };
    let with_fee = |fee| {
        let consent = good.consent;
        with(FastWithdrawal { fee, ..consent })
    };
    let with_deadline = |deadline| {
        let consent = good.consent;
        with(FastWithdrawal {
            deadline,
            ..consent
        })
    };
    let with_signature = |length: usize| Order {
        signature: vec![1; length].into(),
        ..good.clone()
    };
    let (min, max, now) = (900, 24 * 3_600, NOW);
    let deadline = Refusal::Deadline { min, max, now };
    let table = [
        (good.clone(), Ok(Some(()))),
        (with_fee(FEE - 1), Err(Refusal::Fee(FEE))),
        (with_fee(AMOUNT), Ok(Some(()))),
        (with_fee(AMOUNT + 1), Err(Refusal::Fee(FEE))),
        (with_deadline(NOW + min), Ok(Some(()))),
        (with_deadline(NOW + min - 1), Err(deadline.clone())),
        (with_deadline(0), Err(deadline.clone())),
        (with_deadline(NOW + max), Ok(Some(()))),
        (with_deadline(NOW + max + 1), Err(deadline.clone())),
        (with_deadline(u64::MAX), Err(deadline)),
        (with_signature(SIGNATURE_BYTES_MAX), Ok(Some(()))),
        (
            with_signature(SIGNATURE_BYTES_MAX + 1),
            Err(Refusal::Signature(SIGNATURE_BYTES_MAX + 1)),
        ),
    ];
    for (order, expected) in table {
        assert_eq!(desk().check(&withdrawals, &order), expected, "{order:?}");
    }
    let mut claimed = withdrawals.clone();
    paid(&mut claimed, 3, Address::repeat_byte(2));
    assert_eq!(desk().check(&claimed, &good), Err(Refusal::Paid));
}

#[test]
fn limits_add_up_what_is_promised_and_what_is_out() {
    let mut withdrawals = withdrawals();
    let mut desk = with_order(&withdrawals, 0);
    desk.on_accepted(order(1));
    let quote = |desk: &Desk, withdrawals: &Withdrawals, amount| {
        let quoted = desk.quote(withdrawals, ETH, amount);
        quoted.map(|_| ())
    };
    assert_eq!(quote(&desk, &withdrawals, 2 * AMOUNT), Ok(()));
    // An advance takes the place of its order.
    for index in 0..2 {
        advanced(&mut withdrawals, index, 5);
    }
    assert_eq!(desk.pending(&withdrawals), 0);
    assert_eq!(withdrawals.outstanding(ETH), 2 * AMOUNT);
    assert_eq!(quote(&desk, &withdrawals, 2 * AMOUNT), Ok(()));
    for index in 2..4 {
        advanced(&mut withdrawals, index, 5);
    }
    let none_left = Err(QuoteRefusal::Outstanding(0));
    assert_eq!(quote(&desk, &withdrawals, AMOUNT), none_left);
    // Repaid: out no more, but of that day still.
    for index in 0..4 {
        paid(&mut withdrawals, index, POOL);
    }
    assert_eq!(withdrawals.outstanding(ETH), 0);
    assert_eq!(quote(&desk, &withdrawals, 2 * AMOUNT), Ok(()));
    advanced(&mut withdrawals, 4, 6);
    let one_left = Err(QuoteRefusal::Daily(AMOUNT));
    assert_eq!(quote(&desk, &withdrawals, AMOUNT + 1), one_left);
    withdrawals.on_block(NOW + 24 * 3_600 + 1);
    assert_eq!(quote(&desk, &withdrawals, AMOUNT + 1), Ok(()));
    // Other tokens have their own.
    assert!(desk.quote(&withdrawals, TOKEN, 2 * AMOUNT).is_ok());
}

#[test]
fn only_so_many_orders_wait() {
    let withdrawals = withdrawals();
    let mut desk = desk();
    for index in 0..3 {
        assert_eq!(desk.check(&withdrawals, &order(index)), Ok(Some(())));
        desk.on_accepted(order(index));
        // Again is as once.
        assert_eq!(desk.check(&withdrawals, &order(index)), Ok(None));
    }
    let full = Err(Refusal::Quote(QuoteRefusal::Full(3)));
    assert_eq!(desk.check(&withdrawals, &order(3)), full);
    desk.refuse(order(0).leaf(), Refusal::Gone);
    assert_eq!(desk.check(&withdrawals, &order(3)), Ok(Some(())));
}

#[test]
fn what_is_promised_is_not_promised_twice() {
    let withdrawals = withdrawals();
    let mut desk = with_order(&withdrawals, 0);
    let payout = AMOUNT - FEE;
    desk.on_funds(funds(UNIT + 2 * payout - 1));
    assert_eq!(desk.available(&withdrawals, ETH), Some(payout - 1));
    let short = Err(Refusal::Quote(QuoteRefusal::Funds(payout - 1)));
    assert_eq!(desk.check(&withdrawals, &order(1)), short);
}

#[test]
fn it_pays_when_the_block_is_safe_and_only_then() {
    let withdrawals = withdrawals();
    let desk = with_order(&withdrawals, 3);
    assert_eq!(desk.due(&withdrawals, 3), []);
    assert_eq!(desk.due(&withdrawals, 4), [(order(3), 0)]);
    let mut elsewhere = Withdrawals::new(WithdrawalConfig::new(1_000));
    elsewhere.on_block(NOW);
    assert_eq!(desk.due(&elsewhere, 99), [], "it is not known yet");
    elsewhere.on_made(0, &[0, 1, 2, 3].map(|index| made(index, AMOUNT + 1)));
    assert_eq!(desk.due(&elsewhere, 99), [], "it is another one");
}

#[test]
fn from_order_to_repayment() {
    let mut withdrawals = withdrawals();
    let mut desk = with_order(&withdrawals, 3);
    assert_eq!(stage(&desk, &withdrawals, 3), Some(AdvanceStage::Accepted));
    let id = order(3).intent(0);
    desk.on_paying(order(3).leaf(), id);
    assert_eq!(desk.due(&withdrawals, 99), []);
    let sent = B256::repeat_byte(6);
    desk.on_sent(id, sent);
    let transaction = Some(sent);
    let paying = AdvanceStage::Paying { transaction };
    assert_eq!(stage(&desk, &withdrawals, 3), Some(paying.clone()));

    advanced(&mut withdrawals, 3, 5);
    let transaction = B256::repeat_byte(7);
    let done = AdvanceStage::Advanced { transaction };
    assert_eq!(stage(&desk, &withdrawals, 3), Some(done.clone()));
    // A fork takes it back, and another block has it again.
    withdrawals.roll_back(Some(4)).unwrap();
    assert_eq!(stage(&desk, &withdrawals, 3), Some(paying));
    assert_eq!(withdrawals.outstanding(ETH), 0);
    advanced(&mut withdrawals, 3, 6);

    withdrawals.on_final(6);
    assert_eq!(desk.sweep(&withdrawals), [], "the manager is not done");
    assert_eq!(desk.on_ended(id, Outcome::Executed), None);
    assert_eq!(desk.sweep(&withdrawals), [Sweep::Over(order(3).leaf())]);
    assert_eq!(stage(&desk, &withdrawals, 3), Some(done.clone()));
    paid(&mut withdrawals, 3, POOL);
    assert_eq!(stage(&desk, &withdrawals, 3), Some(done));
    assert_eq!(desk.check(&withdrawals, &order(3)), Ok(None));
}

#[test]
fn what_cannot_be_paid_any_more_is_refused() {
    type Change = fn(&mut Withdrawals);
    let changes: [(Change, Refusal); 3] = [
        (
            |withdrawals| paid(withdrawals, 3, Address::repeat_byte(2)),
            Refusal::Paid,
        ),
        (
            |withdrawals| {
                withdrawals.on_l2_forked();
                let others: Vec<_> = (0..4).map(|index| made(index, 9)).collect();
                withdrawals.on_made(0, &others);
            },
            Refusal::Gone,
        ),
        (
            |withdrawals| withdrawals.on_block(NOW + 3_601),
            Refusal::Expired,
        ),
    ];
    for (change, reason) in changes {
        let mut withdrawals = withdrawals();
        let mut waiting = with_order(&withdrawals, 3);
        let mut paying = waiting.clone();
        let id = order(3).intent(0);
        paying.on_paying(order(3).leaf(), id);
        change(&mut withdrawals);
        let expected = refused(3, reason.clone());
        assert_eq!(waiting.sweep(&withdrawals), vec![expected.clone()]);
        assert_eq!(waiting.sweep(&withdrawals), []);
        assert_eq!(waiting.due(&withdrawals, 99), []);
        // What is under way is withdrawn, and refused once it has come to nothing.
        assert_eq!(paying.sweep(&withdrawals), [Sweep::Cancel(id)]);
        assert_eq!(paying.sweep(&withdrawals), []);
        assert_eq!(paying.on_ended(id, Outcome::Cancelled), Some(expected));
    }
}

#[test]
fn a_transaction_that_comes_to_nothing_is_sent_again_unless_it_was_in_a_block() {
    let withdrawals = withdrawals();
    let mut desk = with_order(&withdrawals, 3);
    let leaf = order(3).leaf();
    for attempt in 0..2 {
        assert_eq!(desk.due(&withdrawals, 99), [(order(3), attempt)]);
        let id = order(3).intent(attempt);
        desk.on_paying(leaf, id);
        assert_eq!(desk.on_ended(id, Outcome::Usurped), None);
    }
    let id = order(3).intent(2);
    desk.on_paying(leaf, id);
    let failed = Some(refused(3, Refusal::Failed));
    assert_eq!(desk.on_ended(id, Outcome::Cancelled), failed);

    let mut desk = with_order(&withdrawals, 3);
    let id = order(3).intent(0);
    desk.on_paying(leaf, id);
    assert_eq!(desk.on_reverted(id), failed);
    assert_eq!(desk.on_ended(id, Outcome::Reverted), None);
    let again = desk.check(&withdrawals, &order(3));
    assert_eq!(again, Err(Refusal::Failed), "it costs gas each time");
}

#[test]
fn what_was_refused_for_its_order_can_be_ordered_again() {
    let withdrawals = withdrawals();
    let mut desk = with_order(&withdrawals, 3);
    desk.refuse(order(3).leaf(), Refusal::Expired);
    let expired = AdvanceStage::Refused(Refusal::Expired);
    assert_eq!(stage(&desk, &withdrawals, 3), Some(expired));
    assert_eq!(desk.check(&withdrawals, &order(3)), Ok(Some(())));
    desk.on_accepted(order(3));
    assert_eq!(stage(&desk, &withdrawals, 3), Some(AdvanceStage::Accepted));
}

#[test]
fn a_restart_takes_over_what_is_on_disk_and_under_way() {
    let withdrawals = withdrawals();
    let mut desk = Desk::new(config(), vec![order(1), order(2)]);
    assert_eq!(desk.pending(&withdrawals), 2);
    // The manager knows one of them, and one whose file is gone.
    desk.on_known_intent(order(2).intent(0), order(2));
    desk.on_known_intent(order(3).intent(1), order(3));
    assert_eq!(desk.pending(&withdrawals), 3);
    assert_eq!(desk.due(&withdrawals, 99), [(order(1), 0)]);
    let names: BTreeMap<IntentId, u32> = (0..3)
        .filter_map(|attempt| {
            let id = order(3).intent(attempt);
            desk.index_of(id).map(|index| (id, index))
        })
        .collect();
    assert_eq!(names, [(order(3).intent(1), 3)].into());
}

#[test]
fn only_the_pools_own_advances_of_that_very_withdrawal_count() {
    let mut withdrawals = withdrawals();
    let other = Advance {
        index: 3,
        withdrawal: made(3, AMOUNT).withdrawal,
        advancer: Address::repeat_byte(0xbb),
        fee: 0,
    };
    assert!(!withdrawals.on_advanced(&other, B256::ZERO, 5));
    let fallen = Advance {
        withdrawal: made(3, 5).withdrawal,
        advancer: POOL,
        ..other
    };
    assert!(withdrawals.on_advanced(&fallen, B256::ZERO, 5));
    assert_eq!(withdrawals.get(3).unwrap().advanced, None);
    assert_eq!(stage(&desk(), &withdrawals, 3), None);
    assert_eq!(withdrawals.outstanding(ETH), 5, "it is out all the same");
    paid(&mut withdrawals, 3, Address::repeat_byte(2));
    assert_eq!(withdrawals.outstanding(ETH), 0, "it is lost");
}

proptest! {
    /// A fee that was quoted is good enough for as long as quotes hold, whatever the price does.
    #[test]
    fn quoted_fees_are_honoured(steps in prop::collection::vec((0_u64..400, 1_u128..50), 1..60)) {
        let validity = 600;
        let mut prices = RecentPrices::new(validity);
        let mut quoted = Vec::new();
        let mut now = 0;
        for (wait, price) in steps {
            // Somebody asks just before the price changes.
            now += wait;
            quoted.extend(prices.now().map(|price| (now, price)));
            prices.observe(now, price);
            quoted.push((now, price));
            let lowest = prices.lowest().unwrap();
            for (at, price) in &quoted {
                if now - at <= validity {
                    prop_assert!(lowest <= *price, "{price} at {at}, and {lowest} at {now}");
                }
            }
            prop_assert!(quoted.iter().any(|(_, price)| lowest == *price));
        }
    }
}
