//! Who signed what: safe batches, challenges and their answers, and a sequencer that contradicts itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::eip2718::Encodable2718;
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_provider::Provider;
use alloy_signer_local::PrivateKeySigner;
use spillway_bridge_contracts::Rollup;
use spillway_l1::encoding::disputes::{self, SignedHeader};
use spillway_protocol::block::{BlockHeader, signing_digest};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::{DepositTarget, Operation};
use spillway_protocol::token::ETH;
use spillway_protocol::tree::list_root;
use spillway_verifier::authorisation::{
    Contradiction, Desk, DeskConfig, Guard, GuardConfig, HeldBlock, Holdings, HoldingsError,
};
use spillway_verifier::{Progress, Until, Verifier};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::chain::FEE_ACCOUNT;
use super::contracts::{CHAIN_ID, CHALLENGE_WINDOW, RESPONSE_WINDOW};
use super::court::{Court, Form};
use super::driving::{PATIENCE, config};
use super::forging::{Ground, transfer};
use super::l1::{OTHER_PROVER, PROVER, SEQUENCER, key};
use super::proving::sent;
use super::village;

const ETHER: u128 = 10_u128.pow(18);
const RETRY: Duration = Duration::from_millis(20);
const BASE_FEE: u64 = 1_000;

/// What a node holds.
#[derive(Debug)]
struct Held {
    blocks: Mutex<BTreeMap<u64, HeldBlock>>,
    signed: Mutex<BTreeMap<u64, SignedHeader>>,
    newest: watch::Sender<u64>,
}

impl Held {
    fn nothing() -> Arc<Self> {
        Arc::new(Self {
            blocks: Mutex::default(),
            signed: Mutex::default(),
            newest: watch::Sender::new(0),
        })
    }

    fn hold(&self, header: &BlockHeader, transactions: &[Bytes]) {
        let block = HeldBlock {
            hash: header.hash(),
            transactions: transactions.to_vec(),
            transaction_hashes: transactions.iter().map(keccak256).collect(),
        };
        self.blocks.lock().unwrap().insert(header.number, block);
        self.newest.send_replace(header.number);
    }
}

impl Holdings for Held {
    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn blocks(&self, numbers: RangeInclusive<u64>) -> Result<Vec<HeldBlock>, HoldingsError> {
        let blocks = self.blocks.lock().unwrap();
        let held = numbers.map_while(|number| blocks.get(&number).cloned());
        Ok(held.collect())
    }

    fn signed_header(&self, number: u64) -> Result<Option<SignedHeader>, HoldingsError> {
        Ok(self.signed.lock().unwrap().get(&number).copied())
    }
}

/// An L2 with a user, who has account 1.
struct Scene {
    court: Court,
    ground: Ground,
    /// The blocks, with their transactions.
    blocks: Vec<(BlockHeader, Vec<Bytes>)>,
    nonce: u64,
}

fn user() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(0x41)).unwrap()
}

fn begin() -> Operation {
    Operation::Block {
        seconds: 1,
        base_fee: BASE_FEE,
    }
}

impl Scene {
    /// With a first batch, which takes the user's deposit.
    async fn new() -> Self {
        let court = Court::new().await;
        let deposit = InboxMessage::Deposit {
            to: user().address(),
            token: ETH,
            amount: ETHER,
            lock: false,
        };
        court.l1.deposit(user().address(), ETHER).await;
        let ground = Ground::genesis(village::tokens(&court.l1), vec![deposit]);
        let mut scene = Self {
            court,
            ground,
            blocks: Vec::new(),
            nonce: 0,
        };
        let target = Some(DepositTarget::New);
        let credit = [begin(), Operation::Inbox { target }];
        scene.post(Form::Calldata, &credit, Vec::new()).await;
        scene
    }

    /// Posts a batch of one block.
    async fn post(&mut self, form: Form, operations: &[Operation], transactions: Vec<Bytes>) {
        let hashes: Vec<_> = transactions.iter().map(keccak256).collect();
        let batch = self.ground.signed(operations, &hashes);
        self.court.post(form, &batch, None).await;
        self.blocks.push((self.ground.head, transactions));
    }

    /// What the user signs: so many wei to the fee account.
    fn transaction(&mut self, amount: u64) -> Bytes {
        let mut transaction = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce: self.nonce,
            gas_limit: 21_000,
            max_fee_per_gas: BASE_FEE.into(),
            to: TxKind::Call(FEE_ACCOUNT),
            value: U256::from(amount),
            ..TxEip1559::default()
        };
        self.nonce += 1;
        let signature = user().sign_transaction_sync(&mut transaction).unwrap();
        let signed = transaction.into_signed(signature);
        signed.encoded_2718().into()
    }

    /// Posts transfers that the user has signed, one of each amount.
    async fn pay(&mut self, form: Form, amounts: &[u64]) {
        let transfers = amounts
            .iter()
            .map(|it| transfer(1, 0, ETH, u128::from(*it)));
        let operations: Vec<_> = [begin()].into_iter().chain(transfers).collect();
        let transactions = amounts.iter().map(|it| self.transaction(*it)).collect();
        self.post(form, &operations, transactions).await;
    }

    /// Posts a transfer of the user's that nobody signed.
    async fn steal(&mut self, form: Form) {
        let operations = [begin(), transfer(1, 0, ETH, 77)];
        let hash_of_nothing = Bytes::from_static(b"nothing");
        self.post(form, &operations, vec![hash_of_nothing]).await;
    }

    /// Holds the blocks from that place on.
    fn hold_from(&self, held: &Held, place: usize) {
        for (header, transactions) in &self.blocks[place..] {
            held.hold(header, transactions);
        }
    }

    fn everything(&self) -> Arc<Held> {
        let held = Held::nothing();
        self.hold_from(&held, 0);
        held
    }

    async fn node(&self, number: u8, intents: &Path, held: Arc<Held>, guarded: &[Address]) -> Node {
        Node::new(&self.court, number, intents, held, guarded).await
    }

    async fn bonds(&self, number: u8) -> U256 {
        let l1 = &self.court.l1;
        let request = alloy_rpc_types_eth::TransactionRequest::default()
            .to(l1.deployment.authorisation)
            .input(disputes::challenge_bonds(key(number).address()).into());
        disputes::price_of(&l1.provider().call(request).await.unwrap()).unwrap()
    }

    async fn stake(&self) -> U256 {
        let account = key(SEQUENCER).address();
        let sequencer = self.court.l1.ask(Rollup::sequencerCall { account }).await;
        U256::from(sequencer._0)
    }
}

/// A verifier with a key and a desk.
struct Node {
    verifier: Verifier,
    desk: Desk,
    progress: watch::Receiver<Progress>,
    contradictions: watch::Sender<Option<Contradiction>>,
}

impl Node {
    async fn new(
        court: &Court,
        number: u8,
        intents: &Path,
        held: Arc<Held>,
        guarded: &[Address],
    ) -> Self {
        let blobs = court.blobs.clone();
        let prover = court.prover_of(number, intents, blobs.clone()).await;
        let (l1, contracts) = (court.l1.provider(), &court.l1.deployment);
        let (tell, progress) = watch::channel(Progress::default());
        let (contradictions, found) = watch::channel(None);
        let verifier_config = config(&court.l1);
        let guard = GuardConfig {
            disputes: contracts.authorisation,
            accounts: BTreeSet::from_iter(guarded.iter().copied()),
            patience: Duration::ZERO,
            challenge_window: CHALLENGE_WINDOW,
            retry_interval: RETRY,
        };
        let guard = Guard::new(guard, prover.calls(), blobs.clone(), held.clone());
        let desk = DeskConfig {
            contracts: contracts.addresses(),
            authorisation: contracts.authorisation,
            equivocation: Some(contracts.equivocation),
            l1_block: contracts.l1_block,
            reader: verifier_config.reader,
            retry_interval: RETRY,
        };
        let desk = Desk::new(desk, l1.clone(), held.clone(), prover.calls(), found);
        let verifier = Verifier::new(verifier_config, l1, blobs, tell)
            .with_prover(prover)
            .with_holdings(held)
            .with_guard(guard);
        Self {
            verifier,
            desk,
            progress,
            contradictions,
        }
    }

    async fn run(&mut self) {
        tokio::select! {
            ended = self.verifier.run(Until::Stopped) => panic!("{ended:?}"),
            ended = self.desk.run() => panic!("{ended:?}"),
        }
    }
}

/// Runs nodes until something is so.
async fn until(nodes: &mut [&mut Node], what: &str, is_so: impl AsyncFn() -> bool) {
    let there = async {
        while !is_so().await {
            sleep(RETRY).await;
        }
    };
    let mut running = nodes.iter_mut();
    let (one, other) = (running.next(), running.next());
    let run = async {
        let one = async {
            match one {
                Some(node) => node.run().await,
                None => std::future::pending().await,
            }
        };
        let other = async {
            match other {
                Some(node) => node.run().await,
                None => std::future::pending().await,
            }
        };
        tokio::join!(one, other);
    };
    tokio::select! {
        () = run => unreachable!("they run for ever"),
        there = timeout(PATIENCE, there) => there.unwrap_or_else(|_| panic!("{what}: not in time")),
    }
}

async fn until_verified(node: &mut Node, batch: u64) {
    let progress = node.progress.clone();
    until(&mut [node], "a replay", async || {
        progress.borrow().batch == batch
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withheld_transactions_keep_a_batch_from_being_safe() {
    let mut scene = Scene::new().await;
    scene.pay(Form::Calldata, &[5]).await;
    scene.pay(Form::Calldata, &[6, 7]).await;
    let held = Held::nothing();
    let intents = TempDir::new().unwrap();
    let mut node = scene.node(PROVER, intents.path(), held.clone(), &[]).await;
    until_verified(&mut node, 3).await;
    assert_eq!(node.progress.borrow().safe_batch, 0);
    let progress = node.progress.clone();
    // Block after block: a batch is safe with its last one.
    for (batch, (header, transactions)) in (1..).zip(scene.blocks.clone()) {
        held.hold(&header, &transactions);
        let is_safe = async || progress.borrow().safe_batch == batch;
        until(&mut [&mut node], "a safe batch", is_safe).await;
        assert_eq!(progress.borrow().safe_block, header.number);
    }
    // A fall takes it back.
    scene.court.l1.revert_from(2).await;
    let is_back = async || progress.borrow().safe_batch == 1;
    until(&mut [&mut node], "a fall", is_back).await;
}

/// The whole way, in either form of data: an operation that was signed, demanded by somebody who was not shown it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_signed_is_shown_to_whoever_demands_it() {
    for form in [Form::Calldata, Form::Blobs] {
        let mut scene = Scene::new().await;
        scene.pay(form, &[5, 6, 7]).await;
        let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        let guarded = [user().address()];
        let held = scene.everything();
        let mut holder = scene.node(PROVER, folders[0].path(), held, &[]).await;
        let (number, path) = (OTHER_PROVER, folders[1].path());
        let mut doubter = scene.node(number, path, Held::nothing(), &guarded).await;
        scene.court.mines(true);
        // A demand of each operation, and an answer to each.
        let both = async || {
            let answered = sent(&scene.court, PROVER).await;
            (answered, sent(&scene.court, number).await) == (3, 3)
        };
        until(&mut [&mut holder, &mut doubter], "the answers", both).await;
        assert!(!scene.bonds(PROVER).await.is_zero(), "{form:?}");
        assert_eq!(scene.court.head().await.0, 2, "the batch stands");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_signed_falls_when_its_owner_looks() {
    for form in [Form::Calldata, Form::Blobs] {
        let mut scene = Scene::new().await;
        scene.pay(form, &[5]).await;
        scene.steal(form).await;
        let held = Held::nothing();
        // All that the sequencer shows, which is not the last block.
        for (header, transactions) in &scene.blocks[..2] {
            held.hold(header, transactions);
        }
        let folder = TempDir::new().unwrap();
        let guarded = [user().address()];
        let mut owner = scene.node(PROVER, folder.path(), held, &guarded).await;
        scene.court.mines(true);
        let demanded = async || sent(&scene.court, PROVER).await == 1;
        until(&mut [&mut owner], "a demand", demanded).await;
        assert_eq!(scene.court.head().await.0, 3, "it can be answered still");
        // L1's time has run ahead of the clock by as many seconds as there are blocks.
        scene.court.l1.devnet.controls().warp(2 * RESPONSE_WINDOW);
        let fallen = async || scene.court.l1.forks().await == 1;
        until(&mut [&mut owner], "a fall", fallen).await;
        assert_eq!(
            scene.court.head().await.0,
            2,
            "{form:?}: only what was stolen falls"
        );
        assert!(!scene.court.reward(PROVER).await.is_zero());
        assert!(!scene.bonds(PROVER).await.is_zero(), "the bond is back");
        let progress = owner.progress.clone();
        let follows = async || progress.borrow().safe_batch == 2;
        until(&mut [&mut owner], "the way back", follows).await;
    }
}

/// One that was signed and is shown says nothing about the next one of the same account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_signed_does_not_hide_what_was_not() {
    let mut scene = Scene::new().await;
    let genuine: Vec<_> = (1..=6).map(|amount| scene.transaction(amount)).collect();
    let forged = Bytes::from_static(b"nothing");
    let transfers = (1..=7).map(|amount| transfer(1, 0, ETH, amount));
    let operations: Vec<_> = [begin()].into_iter().chain(transfers).collect();
    let transactions = [genuine, vec![forged]].concat();
    scene.post(Form::Calldata, &operations, transactions).await;
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    // It shows what it has: a holder that has not the last transaction would show nothing, so it is told a block with it, and
    // L1 refuses what is none.
    let held = scene.everything();
    let mut sequencer = scene.node(PROVER, folders[0].path(), held, &[]).await;
    let guarded = [user().address()];
    let (number, path) = (OTHER_PROVER, folders[1].path());
    let mut owner = scene.node(number, path, Held::nothing(), &guarded).await;
    scene.court.mines(true);
    let all_demanded = async || sent(&scene.court, number).await == 7;
    let nodes = &mut [&mut sequencer, &mut owner];
    until(nodes, "seven demands", all_demanded).await;
    drop(sequencer);
    let clock = scene.court.l1.devnet.controls();
    clock.warp(10 * RESPONSE_WINDOW);
    let fallen = async || scene.court.l1.forks().await == 1;
    until(&mut [&mut owner], "a fall", fallen).await;
}

/// The owner is told the theft as a block, but without a transaction that the auth root has: nothing held is a licence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_demanded_that_is_held_or_not_guarded() {
    let mut scene = Scene::new().await;
    scene.pay(Form::Calldata, &[5]).await;
    scene.steal(Form::Calldata).await;
    let held = scene.everything();
    let folder = TempDir::new().unwrap();
    // The blocks are held, so they were made again from signed transactions: that is the holder's word here.
    let guarded = [user().address()];
    let mut holder = scene.node(PROVER, folder.path(), held, &guarded).await;
    let others = [FEE_ACCOUNT];
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let mut other = scene
        .node(OTHER_PROVER, path, Held::nothing(), &others)
        .await;
    scene.court.mines(true);
    let head = async || scene.court.l1.provider().get_block_number().await.unwrap();
    let (progress, start) = (other.progress.clone(), head().await);
    let some_blocks = async || head().await > start + 50 && progress.borrow().batch == 3;
    until(&mut [&mut holder, &mut other], "some blocks", some_blocks).await;
    let both = (
        sent(&scene.court, PROVER).await,
        sent(&scene.court, OTHER_PROVER).await,
    );
    assert_eq!(both, (0, 0));
}

fn signed(header: BlockHeader, fork_id: u64) -> SignedHeader {
    use alloy_signer::SignerSync;
    let transactions_root = list_root(&[]);
    let digest = signing_digest(CHAIN_ID, fork_id, &header.hash(), &transactions_root);
    SignedHeader {
        header,
        fork_id,
        transactions_root,
        signature: key(SEQUENCER).sign_hash_sync(&digest).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sequencer_that_posts_another_block_than_it_has_signed_is_slashed() {
    let mut scene = Scene::new().await;
    scene.pay(Form::Calldata, &[5]).await;
    let (posted, _) = scene.blocks[1].clone();
    let other = BlockHeader {
        timestamp: posted.timestamp + 1,
        ..posted
    };
    let held = scene.everything();
    // What it signed of the first block is what it posted, and a header of another fork is of another chain.
    let (first, _) = scene.blocks[0].clone();
    held.signed.lock().unwrap().insert(1, signed(first, 0));
    held.signed.lock().unwrap().insert(2, signed(other, 1));
    let folder = TempDir::new().unwrap();
    let mut node = scene.node(PROVER, folder.path(), held.clone(), &[]).await;
    scene.court.mines(true);
    until_verified(&mut node, 2).await;
    assert_eq!(sent(&scene.court, PROVER).await, 0);
    drop(node);

    held.signed.lock().unwrap().insert(2, signed(other, 0));
    let mut node = scene.node(PROVER, folder.path(), held, &[]).await;
    let slashed = async || scene.stake().await.is_zero();
    until(&mut [&mut node], "a slashed bond", slashed).await;
    assert_eq!(
        scene.court.head().await.0,
        2,
        "the batch is right and stands"
    );
    assert!(!scene.court.reward(PROVER).await.is_zero());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sequencer_that_signs_two_blocks_of_one_number_is_slashed() {
    let scene = Scene::new().await;
    let (header, _) = scene.blocks[0].clone();
    let other = BlockHeader {
        base_fee: header.base_fee + 1,
        ..header
    };
    let folder = TempDir::new().unwrap();
    let mut node = scene
        .node(PROVER, folder.path(), scene.everything(), &[])
        .await;
    scene.court.mines(true);
    // Not two blocks: one on each of two forks.
    let forked = (signed(header, 0), signed(other, 1));
    node.contradictions.send_replace(Some(forked));
    until_verified(&mut node, 1).await;
    let pair = (signed(header, 0), signed(other, 0));
    node.contradictions.send_replace(Some(pair));
    let slashed = async || scene.stake().await.is_zero();
    until(&mut [&mut node], "a slashed bond", slashed).await;
    assert_eq!(sent(&scene.court, PROVER).await, 1);
}
