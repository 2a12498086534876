//! A pool advances withdrawals: each recipient is paid once, and the pool is repaid what it is due, whatever happens.

use alloy_primitives::{Address, Bytes, U256};
use alloy_provider::Provider;
use spillway_devnet::chain::Dropped;
use spillway_l1::advances::AdvanceRefusal;
use spillway_l1::payments::PaymentEvent;
use spillway_protocol::fast_withdrawal::FastWithdrawal;
use spillway_protocol::token::ETH;
use spillway_relayer::advances::{AdvanceReport, AdvanceStage, QuoteRefusal, Refusal};
use tempfile::TempDir;

use super::BLOCK_TIME;
use super::faults::{REFUSES, REFUSES_IN_BLOCKS};
use super::l1::{ETHER, HOT, L1, USER, key};
use super::l2::{Town, recipient};
use super::pool::TOKEN;
use super::running::{Running, Tuning};

/// With a pool beside the relayer.
pub(super) fn pooled() -> Tuning {
    Tuning {
        has_pool: true,
        ..Tuning::default()
    }
}

/// Lets it work until the pool makes offers.
pub(super) async fn until_open(running: &mut Running) {
    let is_open = |running: &Running| {
        let fast = &running.pool.as_ref().unwrap().fast;
        let quotes = [ETH, TOKEN].map(|token| fast.quote(token, ETHER));
        let is_ready = |quote| !matches!(quote, Err(QuoteRefusal::NotReady(_)));
        quotes.into_iter().all(is_ready)
    };
    running.until_so("an offer", is_open).await;
}

fn is_advanced(stage: &AdvanceStage) -> bool {
    matches!(stage, AdvanceStage::Advanced { .. })
}

/// The advances that L1 has, in order: their indices and fees.
pub(super) async fn advances(l1: &L1) -> Vec<(u32, u128)> {
    let events = l1.payments().await.into_iter();
    let advances = events.filter_map(|event| match event {
        PaymentEvent::Advanced(advance) => Some((advance.index, advance.fee)),
        _ => None,
    });
    advances.collect()
}

/// That claims have paid these to the pool and all others to their recipients, each once.
async fn expect_repaid(l1: &L1, town: &Town, advanced: &[u32]) {
    let pool = key(HOT).address();
    let mut repaid = Vec::new();
    for event in l1.payments().await {
        let PaymentEvent::Paid { index, to } = event else {
            continue;
        };
        if to == pool {
            repaid.push(index);
        } else {
            assert_eq!(to, town.made(index).recipient);
        }
    }
    repaid.sort_unstable();
    assert_eq!(repaid, advanced);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_is_paid_when_it_is_safe_and_the_pool_when_it_is_final() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let all = town.withdraw(3, ETHER);
    let mut running = Running::start(&l1, &town, dir.path(), pooled()).await;
    until_open(&mut running).await;
    assert_eq!(running.pool().order(&l1, &town, 1).await, Ok(()));
    assert_eq!(running.pool().order(&l1, &town, 1).await, Ok(()));
    let stage = running.pool().stage(&town, 1);
    assert_eq!(stage, Some(AdvanceStage::Accepted), "it is not safe");
    assert_eq!(l1.balance(recipient(1)).await, 0);

    town.secure();
    running.until_stage(&town, 1, is_advanced).await;
    let advanced = advances(&l1).await;
    let &[(1, fee)] = &advanced[..] else {
        panic!("{advanced:?}");
    };
    assert!(fee > ETHER / 1_000 && fee < ETHER / 100, "{fee}");
    assert_eq!(l1.balance(recipient(1)).await, ETHER - fee);
    assert_eq!(running.book.outstanding(ETH), ETHER);

    l1.post(&town).await;
    l1.pass_window();
    running.until_paid(&all).await;
    super::expect_paid_once(&l1, &all).await;
    expect_repaid(&l1, &town, &[1]).await;
    assert_eq!(l1.balance(recipient(1)).await, ETHER - fee);
    assert_eq!(l1.balance(recipient(2)).await, ETHER);
    assert_eq!(running.book.outstanding(ETH), 0);
    running.kill().await;
}

/// Stopped after each of its steps, the first after one more than the time before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_any_two_steps_it_advances_once() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let mut kills = 0;
    let all: Vec<u32> = (0..5).collect();
    for index in all.clone() {
        let mut running = Running::start(&l1, &town, dir.path(), pooled()).await;
        town.withdraw(1, ETHER);
        until_open(&mut running).await;
        assert_eq!(running.pool().order(&l1, &town, index).await, Ok(()));
        town.secure();
        // The order is written; the transaction is asked for; it is in a block; L1 shows it.
        let is_step = |told: &AdvanceReport| match index {
            1 => matches!(told, AdvanceReport::Paying { .. }),
            _ => matches!(told, AdvanceReport::Paid { .. }),
        };
        match index {
            0 => {}
            1 | 2 => _ = running.pool().until_told(is_step).await,
            _ => running.until_stage(&town, index, is_advanced).await,
        }
        let stage = running.pool().stage(&town, index);
        kills += usize::from(!stage.is_some_and(|stage| is_advanced(&stage)));
        running.kill().await;
    }
    assert!(kills >= 2, "it was killed {kills} times only");
    let mut running = Running::start(&l1, &town, dir.path(), pooled()).await;
    for index in &all {
        running.until_stage(&town, *index, is_advanced).await;
    }
    let mut advanced: Vec<_> = advances(&l1).await.into_iter().map(|(i, _)| i).collect();
    advanced.sort_unstable();
    assert_eq!(advanced, all);
    l1.post(&town).await;
    l1.pass_window();
    running.until_paid(&all).await;
    expect_repaid(&l1, &town, &all).await;
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_advance_that_l1_drops_is_made_again() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let mut running = Running::start(&l1, &town, dir.path(), pooled()).await;
    town.withdraw(1, ETHER);
    until_open(&mut running).await;
    assert_eq!(running.pool().order(&l1, &town, 0).await, Ok(()));
    town.secure();
    for _ in 0..3 {
        running.until_stage(&town, 0, is_advanced).await;
        let made = running.book.withdrawal(0).unwrap().advanced.unwrap();
        controls.set_block_time(None).unwrap();
        let depth = 1 + l1.devnet.chain().head().header.number - made.l1_block;
        controls.reorg(depth as usize, Dropped::Lost).unwrap();
        assert_eq!(advances(&l1).await, [], "the block is gone");
        let head = controls.mine(1).unwrap().header.number;
        running.until(|status| status.l1_block >= head).await;
        controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    }
    running.until_stage(&town, 0, is_advanced).await;
    assert_eq!(advances(&l1).await.len(), 1);
    running.kill().await;
}

/// Everybody is slow: the claim comes first. The order ends, and the recipient has all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_in_between_ends_an_order() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let mut running = Running::start(&l1, &town, dir.path(), pooled()).await;
    let all = town.withdraw(1, ETHER);
    until_open(&mut running).await;
    assert_eq!(running.pool().order(&l1, &town, 0).await, Ok(()));
    l1.post(&town).await;
    l1.pass_window();
    running.until_paid(&all).await;
    town.secure();
    let is_over = |stage: &AdvanceStage| *stage == AdvanceStage::Refused(Refusal::Paid);
    running.until_stage(&town, 0, is_over).await;
    assert_eq!(
        running.pool().order(&l1, &town, 0).await,
        Err(Refusal::Paid)
    );
    assert_eq!(l1.balance(recipient(0)).await, ETHER);
    assert_eq!(advances(&l1).await, []);
    running.kill().await;
}

/// Somebody sees the pool's transaction and advances first: they are repaid, and the pool has spent gas alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_advances_first_is_repaid() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let mut running = Running::start(&l1, &town, dir.path(), pooled()).await;
    let all = town.withdraw(1, ETHER);
    until_open(&mut running).await;
    let withdrawal = town.made(0);
    let quote = running.pool().fast.quote(ETH, ETHER).unwrap();
    let consent = FastWithdrawal {
        index: 0,
        withdrawal,
        fee: quote.fee,
        deadline: quote.deadline,
    };
    let signature = l1.consent(&consent);
    controls.set_block_time(None).unwrap();
    let accepted = running.pool().send(&consent, signature.clone()).await;
    assert_eq!(accepted, Ok(()));
    town.secure();
    while l1.pending_of(key(HOT).address()).await == 0 {
        running.drain();
        tokio::task::yield_now().await;
    }
    let data = spillway_l1::advances::call(&consent, &signature);
    let payout = ETHER - quote.fee;
    l1.hurry_with(USER, l1.deployment.bridge, payout, data)
        .await;
    controls.mine(1).unwrap();
    controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    let is_refused = |stage: &AdvanceStage| *stage == AdvanceStage::Refused(Refusal::Failed);
    running.until_stage(&town, 0, is_refused).await;
    assert_eq!(l1.balance(recipient(0)).await, payout);
    l1.post(&town).await;
    l1.pass_window();
    running.until_paid(&all).await;
    let to = running.book.withdrawal(0).unwrap().stage;
    let spillway_relayer::withdrawals::WithdrawalStage::Paid(payment) = to else {
        panic!("{to:?}");
    };
    assert_eq!(payment.to, key(USER).address());
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recipient_that_refuses_is_in_nobodys_way() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let mut running = Running::start(&l1, &town, dir.path(), pooled()).await;
    town.withdraw(3, ETHER);
    until_open(&mut running).await;
    for index in 0..3 {
        assert_eq!(running.pool().order(&l1, &town, index).await, Ok(()));
    }
    for (index, code) in [(0, REFUSES), (1, REFUSES_IN_BLOCKS)] {
        let code = Bytes::from_static(code);
        controls.set_code(recipient(index), code).unwrap();
    }
    town.secure();
    running.until_stage(&town, 2, is_advanced).await;
    let is_refused = |stage: &AdvanceStage| {
        matches!(
            stage,
            AdvanceStage::Refused(Refusal::OnL1(AdvanceRefusal::Other(_)))
        )
    };
    running.until_stage(&town, 0, is_refused).await;
    // One that shows itself only in a block costs the pool its gas, once.
    let has_failed = |stage: &AdvanceStage| *stage == AdvanceStage::Refused(Refusal::Failed);
    running.until_stage(&town, 1, has_failed).await;
    let again = running.pool().order(&l1, &town, 1).await;
    assert_eq!(again, Err(Refusal::Failed));
    let again = running.pool().order(&l1, &town, 0).await;
    assert!(matches!(again, Err(Refusal::OnL1(_))), "{again:?}");
    controls.set_code(recipient(0), Bytes::new()).unwrap();
    assert_eq!(running.pool().order(&l1, &town, 0).await, Ok(()));
    running.until_stage(&town, 0, is_advanced).await;
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_nobody_signed_and_funds_that_are_not_there() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let mut running = Running::start(&l1, &town, dir.path(), pooled()).await;
    town.withdraw(2, ETHER);
    until_open(&mut running).await;
    let quote = running.pool().fast.quote(ETH, ETHER).unwrap();
    let good = FastWithdrawal {
        index: 0,
        withdrawal: town.made(0),
        fee: quote.fee,
        deadline: quote.deadline,
    };
    let signature = l1.consent(&good);
    let dearer = FastWithdrawal {
        fee: quote.fee + 1,
        ..good
    };
    let unsigned = Err(Refusal::OnL1(AdvanceRefusal::Signature));
    let ordered = running.pool().send(&dearer, signature.clone()).await;
    assert_eq!(ordered, unsigned);
    let ordered = running.pool().send(&good, Bytes::new()).await;
    assert_eq!(ordered, unsigned);
    let nowhere = FastWithdrawal { index: 9, ..good };
    let ordered = running.pool().send(&nowhere, signature.clone()).await;
    assert_eq!(ordered, Err(Refusal::Unknown(9)));

    // The hot account is emptied after it has accepted: the order waits for funds, and is paid when they come.
    assert_eq!(running.pool().send(&good, signature).await, Ok(()));
    let hot: Address = key(HOT).address();
    controls.set_balance(hot, U256::from(1)).unwrap();
    let is_empty = |running: &Running| {
        let quote = running.pool.as_ref().unwrap().fast.quote(ETH, ETHER);
        matches!(quote, Err(QuoteRefusal::Funds(_)))
    };
    running.until_so("an empty pool", is_empty).await;
    town.secure();
    let waits = |told: &AdvanceReport| matches!(told, AdvanceReport::Waits { .. });
    running.pool().until_told(waits).await;
    assert_eq!(running.pool().stage(&town, 0), Some(AdvanceStage::Accepted));
    controls.set_balance(hot, U256::from(10 * ETHER)).unwrap();
    running.until_stage(&town, 0, is_advanced).await;
    running.kill().await;
}

/// The bridge gets an allowance once, which outlives restarts, and the pool is repaid in tokens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_advanced_by_an_allowance_that_is_given_once() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let amount = 1_000_000;
    let fee = amount / 1_000;
    let hot = key(HOT).address();
    l1.deposit_tokens(2 * amount).await;
    l1.mint(hot, amount).await;
    let all: Vec<_> = (0..2)
        .map(|number| town.withdraw_of(TOKEN, recipient(number), amount))
        .collect();
    town.secure();
    for index in all.clone() {
        let mut running = Running::start(&l1, &town, dir.path(), pooled()).await;
        until_open(&mut running).await;
        if index == 1 {
            let ordered = running.pool().order(&l1, &town, index).await;
            let left = QuoteRefusal::Funds(fee);
            assert_eq!(ordered, Err(left.into()), "it has spent nearly all");
            l1.mint(hot, amount).await;
            let has_funds = |running: &Running| {
                let fast = &running.pool.as_ref().unwrap().fast;
                fast.quote(TOKEN, amount).is_ok()
            };
            running.until_so("funds", has_funds).await;
        }
        assert_eq!(running.pool().order(&l1, &town, index).await, Ok(()));
        running.until_stage(&town, index, is_advanced).await;
        running.kill().await;
    }
    assert_eq!(advances(&l1).await, [(0, fee), (1, fee)]);
    let provider = l1.provider();
    let sent = provider.get_transaction_count(hot).await.unwrap();
    assert_eq!(sent, 3, "an approval and two advances");
    let mut running = Running::start(&l1, &town, dir.path(), pooled()).await;
    l1.post(&town).await;
    l1.pass_window();
    running.until_paid(&all).await;
    expect_repaid(&l1, &town, &all).await;
    assert_eq!(l1.tokens_of(recipient(0)).await, amount - fee);
    assert_eq!(l1.tokens_of(hot).await, 2 * amount + 2 * fee);
    running.kill().await;
}
