//! The whole verifier on the embedded L1.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use alloy_eips::eip4844::Blob;
use alloy_primitives::{Address, B256};
use spillway_batcher::SourceBlock;
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::packer::Packer;
use spillway_devnet::FaultPlan;
use spillway_devnet::chain::Dropped;
use spillway_l1::beacon::{Archive, BlobSource};
use spillway_l1::events::{Cursor, EventReader, Finality, ReaderSettings};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::{DepositTarget, Operation};
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::{ETH, TokenTable};
use spillway_protocol::transition;
use spillway_verifier::replay::{HeaderField, WrongKind};
use spillway_verifier::{Progress, Until, Verifier, VerifierConfig};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::chain::FEE_ACCOUNT;
use super::contracts::CHALLENGE_WINDOW;
use super::l1::{L1, SEQUENCER, SUCCESSOR};

/// The longest wait for something that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const DEPOSIT: InboxMessage = InboxMessage::Deposit {
    to: Address::repeat_byte(0xd0),
    token: ETH,
    amount: 5_000_000_000,
    lock: false,
};

/// Batches of one block each, with so many transfers of nothing. The first block consumes the deposit.
fn batches(transfers: &[usize]) -> Vec<SealedBatch> {
    let state = State::genesis(FEE_ACCOUNT);
    let tree = StateTree::build(&state, std::iter::empty()).unwrap();
    let genesis = BlockHeader::genesis();
    let mut packer = Packer::new(
        state.clone(),
        tree,
        TokenTable::default(),
        genesis,
        B256::ZERO,
    );
    let (mut state, mut head) = (state, genesis);
    let sealed = transfers.iter().map(|transfers| {
        let block = block(&mut state, &head, *transfers);
        head = block.header;
        packer.push(&block).unwrap();
        packer.seal().unwrap()
    });
    sealed.collect()
}

fn block(state: &mut State, head: &BlockHeader, transfers: usize) -> SourceBlock {
    let mut operations = Vec::new();
    let tokens = TokenTable::default();
    let mut apply = |operation: &Operation, message: Option<&InboxMessage>| {
        codec::encode(operation, &Scope::of(state, &tokens), &mut operations).unwrap();
        transition::apply(state, operation, message).unwrap();
    };
    let messages = if head.number == 0 {
        vec![DEPOSIT]
    } else {
        Vec::new()
    };
    let (seconds, base_fee) = (1, 0);
    apply(&Operation::Block { seconds, base_fee }, None);
    for message in &messages {
        let target = Some(DepositTarget::New);
        apply(&Operation::Inbox { target }, Some(message));
    }
    let (from, to, token, amount) = (0, 1, ETH, 0);
    for _ in 0..transfers {
        apply(
            &Operation::Transfer {
                from,
                to,
                token,
                amount,
            },
            None,
        );
    }
    SourceBlock {
        header: head.next(state.counters(), &messages, &operations),
        operations,
        messages,
        listings: Vec::new(),
        transaction_hashes: vec![B256::ZERO; transfers],
    }
}

/// How a verifier of that L1 is told to work.
pub(crate) fn config(l1: &L1) -> VerifierConfig {
    VerifierConfig {
        contracts: l1.contracts(),
        l1_block: l1.deployment.l1_block,
        fee_account: FEE_ACCOUNT,
        finality: Finality::Depth(64),
        reader: ReaderSettings {
            poll_interval: Duration::from_millis(5),
            retry_interval: Duration::from_millis(5),
            ..ReaderSettings::default()
        },
        retry_interval: Duration::from_millis(5),
        checkpoint_interval: 2,
    }
}

/// An L1 with the deposit, a verifier of it, and what it says.
struct Scene {
    l1: L1,
    blobs: BlobSource,
    verifier: Verifier,
    progress: watch::Receiver<Progress>,
    _archive: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let l1 = L1::start().await;
        let InboxMessage::Deposit { to, amount, .. } = DEPOSIT else {
            unreachable!("a deposit");
        };
        l1.deposit(to, amount).await;
        let archive = TempDir::new().unwrap();
        let blobs = BlobSource::new(Archive::open(archive.path()).unwrap(), None);
        let config = config(&l1);
        let (sender, progress) = watch::channel(Progress::default());
        let verifier = Verifier::new(config, l1.provider(), blobs.clone(), sender);
        Self {
            l1,
            blobs,
            verifier,
            progress,
            _archive: archive,
        }
    }

    async fn keep(&self, blobs: Vec<Blob>) {
        self.blobs.keep(blobs).await.unwrap();
    }

    async fn run(&mut self, until: Until) -> Progress {
        let run = timeout(PATIENCE, self.verifier.run(until)).await;
        run.expect("the target is reached").unwrap();
        *self.progress.borrow()
    }
}

fn expect(progress: &Progress, batches: &[SealedBatch]) {
    let last = &batches[batches.len() - 1].header;
    let transactions = batches
        .iter()
        .map(|batch| u64::from(batch.header.auth_count));
    assert_eq!(progress.wrong, None);
    assert_eq!(progress.batch, batches.len() as u64);
    assert_eq!(progress.posted_batch, progress.batch);
    assert_eq!(progress.block, last.block_number);
    assert_eq!(progress.state_root, last.state_root);
    assert_eq!(progress.transactions, transactions.sum::<u64>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_in_both_forms_are_verified_and_missing_blobs_are_waited_for() {
    let mut scene = Scene::new().await;
    let batches = batches(&[20, 300, 20]);
    scene.l1.post_calldata(SEQUENCER, &batches[0]).await;
    let blobs = scene.l1.post_blobs(SEQUENCER, &batches[1]).await;
    scene.l1.post_calldata(SEQUENCER, &batches[2]).await;

    let mut progress = scene.progress.clone();
    let keep = scene.blobs.clone();
    let deliver = async move {
        let is_waiting = |progress: &Progress| progress.batch == 1 && progress.posted_batch == 3;
        progress.wait_for(is_waiting).await.unwrap();
        keep.keep(blobs).await.unwrap();
    };
    let (reached, ()) = tokio::join!(scene.run(Until::Batch(3)), deliver);
    expect(&reached, &batches);
    assert!(reached.rate > 0.0);
    assert_eq!(scene.verifier.ledger().unwrap().root(), reached.state_root);
}

/// A node runs it beside its other roles, on whichever thread is free.
#[test]
fn a_run_can_be_spawned() {
    fn is_spawned<T: Send + 'static>(_: impl Fn(Verifier) -> T) {}
    is_spawned(|mut verifier| async move { verifier.run(Until::Stopped).await });
}

/// Polls a future, and drops it once it was polled so many times.
async fn poll_times<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(move |context| {
        let polled = future.as_mut().poll(context).map(Some);
        left -= 1;
        if polled.is_pending() && left == 0 {
            return Poll::Ready(None);
        }
        polled
    })
    .await
}

/// A run that is dropped wherever it waits, within a replay too, leaves a verifier that can run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_can_be_dropped_at_any_point() {
    let mut scene = Scene::new().await;
    let batches = batches(&[2_000; 12]);
    for batch in &batches {
        scene.l1.post_calldata(SEQUENCER, batch).await;
    }
    // L1 is asked again and again, so each run comes to its last poll.
    for polls in 1..=30 {
        let ended = timeout(
            PATIENCE,
            poll_times(polls, scene.verifier.run(Until::Stopped)),
        )
        .await;
        let ended = ended.expect("a run is polled while L1 is asked");
        assert!(ended.is_none(), "{ended:?}");
    }
    expect(&scene.run(Until::Head).await, &batches);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_batch_is_told_and_what_comes_in_its_place_is_verified() {
    let mut scene = Scene::new().await;
    let honest = batches(&[20, 30, 40]);
    scene.l1.post_calldata(SEQUENCER, &honest[0]).await;
    let mut wrong = honest[1].clone();
    wrong.header.state_root = B256::repeat_byte(1);
    scene.l1.post_calldata(SEQUENCER, &wrong).await;
    let mut upon_it = honest[2].clone();
    upon_it.header.parent = wrong.header_hash();
    scene.l1.post_calldata(SEQUENCER, &upon_it).await;

    let progress = scene.run(Until::Head).await;
    let found = progress.wrong.expect("a wrong batch");
    assert_eq!(found.batch, 2);
    assert_eq!(found.kind, WrongKind::Header(HeaderField::StateRoot));
    assert_eq!((progress.batch, progress.posted_batch), (1, 3));
    assert!(scene.verifier.ledger().is_none());

    scene.l1.revert_from(2).await;
    expect(&scene.run(Until::Head).await, &honest[..1]);
    for batch in &honest[1..] {
        scene.l1.post_calldata(SUCCESSOR, batch).await;
    }
    expect(&scene.run(Until::Head).await, &honest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_fall_rightly_or_not_are_taken_back() {
    let mut scene = Scene::new().await;
    let first = batches(&[20, 30, 40, 50, 60]);
    for batch in &first {
        scene.l1.post_calldata(SEQUENCER, batch).await;
    }
    expect(&scene.run(Until::Head).await, &first);
    // An authorisation that was challenged and not answered fells a batch whose execution is right.
    scene.l1.revert_from(1).await;
    let second = batches(&[21, 31]);
    for batch in &second {
        scene.l1.post_calldata(SUCCESSOR, batch).await;
    }
    expect(&scene.run(Until::Head).await, &second);
    // And L1 forks to before the revert.
    scene.l1.devnet.controls().reorg(3, Dropped::Lost).unwrap();
    expect(&scene.run(Until::Head).await, &first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_of_l1_is_followed_in_either_form() {
    let mut scene = Scene::new().await;
    let (first, second) = (batches(&[20, 300, 40]), batches(&[20, 31, 41, 51]));
    scene.l1.post_calldata(SEQUENCER, &first[0]).await;
    let blobs = scene.l1.post_blobs(SEQUENCER, &first[1]).await;
    scene.keep(blobs).await;
    scene.l1.post_calldata(SEQUENCER, &first[2]).await;
    expect(&scene.run(Until::Head).await, &first);

    scene.l1.devnet.controls().reorg(2, Dropped::Lost).unwrap();
    expect(&scene.run(Until::Head).await, &first[..1]);
    for batch in &second[1..] {
        scene.l1.post_calldata(SEQUENCER, batch).await;
    }
    expect(&scene.run(Until::Head).await, &second);

    // The newest batch alone: there is a ledger of it, and none may be kept.
    scene.l1.devnet.controls().reorg(1, Dropped::Lost).unwrap();
    expect(&scene.run(Until::Head).await, &second[..3]);
}

/// What is final is handed out, so that the next run begins there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_goes_back_behind_is_handed_out() {
    let mut scene = Scene::new().await;
    let batches = batches(&[20; 9]);
    for batch in &batches {
        scene.l1.post_calldata(SEQUENCER, batch).await;
    }
    // Its time has run ahead of the clock by as many seconds as it has blocks.
    scene.l1.devnet.controls().warp(2 * CHALLENGE_WINDOW);
    scene.l1.devnet.controls().mine(1).unwrap();
    scene.l1.finalize(5).await;
    scene.l1.devnet.controls().mine(64).unwrap();
    let (hand_out, mut settled) = mpsc::channel(1);
    let (tell, _progress) = watch::channel(Progress::default());
    let (l1, blobs) = (scene.l1.provider(), scene.blobs.clone());
    let first = Verifier::new(config(&scene.l1), l1, blobs, tell);
    let mut first = first.with_settled(hand_out);
    first.run(Until::Head).await.unwrap();
    let (ledger, _) = settled.try_recv().expect("a ledger");
    assert!((2..=5).contains(&ledger.batch()), "{}", ledger.batch());

    let (tell, progress) = watch::channel(Progress::default());
    let (l1, blobs) = (scene.l1.provider(), scene.blobs.clone());
    scene.verifier = Verifier::after(ledger, config(&scene.l1), l1, blobs, tell);
    scene.progress = progress;
    expect(&scene.run(Until::Head).await, &batches);
}

/// Who waits for other things as well drops its wait for L1 again and again, and hears of it all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_l1_is_read_by_whoever_waits_for_other_things_too() {
    let l1 = L1::start().await;
    let plan = FaultPlan {
        delay: 1_000,
        delay_ms_max: 400,
        ..FaultPlan::default()
    };
    l1.devnet.controls().set_faults(Some(plan)).unwrap();
    let cursor = Cursor::before(l1.deployment.l1_block);
    let reader = config(&l1).reader;
    let mut reader = EventReader::new(l1.provider(), cursor, l1.contracts().filter(), reader);
    let read = async {
        while !reader.is_at_head() {
            // Most answers take longer.
            let _ = timeout(Duration::from_millis(5), reader.next()).await;
        }
    };
    timeout(PATIENCE, read).await.expect("L1 is read in time");
}
