//! The task that reads L1 for the sequencer.

use std::fmt::Display;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alloy_primitives::{Address, B256};
use alloy_provider::DynProvider;
use spillway_l1::arrivals::Arrival;
use spillway_l1::batches::BatchEvent;
use spillway_l1::deployment::Deployment;
use spillway_l1::events::{
    Block, ContractAddresses, Cursor, EventReader, Finality, Item, Markers, ReaderSettings,
};
use spillway_sequencer::Sequencer;
use spillway_sequencer::forks::Fork;
use spillway_sequencer::view::View;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::intake::{Consumed, Intake, IntakeError};
use super::reverts::{Verdict, deep, judge, judge_replica};
use super::said::Said;
use super::standing::{Posted, Standing};

/// Messages that are delivered and not in a durable block, at most.
const UNCONSUMED_MAX: u64 = 4_096;

/// Events that wait to be delivered before L1 is read no further.
const WAITING_MAX: usize = 16_384;

/// How L1 is followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FollowerSettings {
    /// When a block of L1 is deep enough for its messages to be consumed.
    pub(crate) finality: Finality,
    /// How L1 is read.
    pub(crate) reader: ReaderSettings,
    /// The fork that the operator lets the chain follow, however soon after another it comes.
    pub(crate) follow_revert: Option<u64>,
}

/// Reads L1 from the deployment on, delivers to the sequencer what it has not consumed, and tells readers how far L1 has its
/// batches.
#[derive(Debug)]
struct Follower {
    contracts: ContractAddresses,
    reader: EventReader,
    /// What the nodes last said of safe and final blocks.
    markers: Option<Markers>,
    /// None for a replica, which consumes what its sequencer has consumed.
    intake: Option<Intake>,
    /// Whether something was wrong with what the intake was given.
    is_broken: bool,
    standing: Standing,
    settings: FollowerSettings,
    chain: Chain,
    view: View,
    /// What was said last of reverts and of a foreign batch, so that it is said once.
    said: (Option<Verdict>, Option<Posted>),
}

/// Whose chain L1 is followed for.
#[derive(Clone, Debug)]
pub(crate) enum Chain {
    /// A sequencer's: it consumes L1's messages.
    Sequencer(Arc<Sequencer>),
    /// A replica's, which is told what L1 has listed.
    Replica(View, Listed),
}

/// The tokens that L1 has listed, ETH apart, as far as it was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listed(Arc<Mutex<Vec<(u64, Address, u8)>>>);

impl Listed {
    /// The token at a place, counted from 0: its contract and its decimals.
    pub(crate) fn token(&self, place: usize) -> Option<(Address, u8)> {
        let listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listed
            .get(place)
            .map(|(_, address, decimals)| (*address, *decimals))
    }

    fn take_in(&self, l1_block: u64, arrivals: &[Arrival]) {
        let tokens = arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::Token {
                address, decimals, ..
            } => Some((l1_block, *address, *decimals)),
            Arrival::Message { .. } => None,
        });
        let mut listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listed.extend(tokens);
    }

    /// Blocks after that one are gone; all of them, if there is none.
    fn roll_back(&self, to: Option<u64>) {
        let mut listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listed.retain(|(l1_block, ..)| to.is_some_and(|to| *l1_block <= to));
    }
}

impl Chain {
    pub(crate) fn view(&self) -> View {
        match self {
            Self::Sequencer(sequencer) => sequencer.view(),
            Self::Replica(view, _) => view.clone(),
        }
    }
}

/// How often a replica looks which batches' blocks it holds by now.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The wait before L1 is read anew after it contradicted itself: a node that lacked logs may have them then.
const ANEW: Duration = Duration::from_secs(30);

/// Follows L1 until it is dropped. What L1 says wrongly ends the intake, and it is read anew from the deployment later. A revert
/// that the chain has to follow goes to `orders`, and nothing more is done then.
pub(crate) async fn follow(
    l1: DynProvider,
    deployment: &Deployment,
    settings: FollowerSettings,
    chain: Chain,
    orders: mpsc::Sender<Fork>,
) {
    loop {
        let follower = Follower::new(l1.clone(), deployment, settings, chain.clone());
        if let Some(fork) = follower.run().await {
            // Nobody waits for it when the node stops.
            let _ = orders.send(fork).await;
            pending::<()>().await;
        }
        sleep(ANEW).await;
    }
}

impl Follower {
    /// For a node of that deployment's chain.
    fn new(
        l1: DynProvider,
        deployment: &Deployment,
        settings: FollowerSettings,
        chain: Chain,
    ) -> Self {
        let contracts = deployment.contracts();
        let cursor = Cursor::before(deployment.l1_block.number);
        if let Chain::Replica(_, listed) = &chain {
            listed.roll_back(None);
        }
        let view = chain.view();
        let consumes = matches!(chain, Chain::Sequencer(_));
        Self {
            contracts,
            reader: EventReader::new(l1, cursor, contracts.filter(), settings.reader),
            markers: None,
            intake: consumes.then(|| Intake::new(settings.finality, consumed(&view))),
            is_broken: false,
            standing: Standing::default(),
            settings,
            chain,
            view,
            said: (None, None),
        }
    }

    /// Runs until the intake ends, or L1 forks deeper than anybody can follow, or the sequencer is gone, or there is a revert to
    /// follow, which it answers.
    async fn run(mut self) -> Option<Fork> {
        let mut newest = self.view.newest();
        let mut looks = interval(LOOK_AGAIN);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let waiting = self.intake.as_ref().map_or(0, Intake::waiting);
            tokio::select! {
                item = self.reader.next(), if waiting < WAITING_MAX => match item {
                    Ok(item) => self.take_in(item),
                    Err(error) => {
                        tracing::error!(%error, "L1 IS NOT FOLLOWED ANY MORE: no message from L1 is consumed, reads go on");
                        return None;
                    }
                },
                changed = newest.changed(), if waiting > 0 => if changed.is_err() {
                    return None;
                },
                _ = looks.tick(), if matches!(self.chain, Chain::Replica(..)) => {
                    let view = &self.view;
                    self.standing.look_again(|block, hash| holds(view, block, hash));
                }
            }
            self.deliver();
            let finalized = self.markers.and_then(|markers| markers.finalized);
            self.view.set_l1_progress(self.standing.progress(finalized));
            tracing::debug!(through = self.tip(), "L1 is taken in");
            if self.reader.is_at_head() {
                self.say_foreign();
                if let Some(fork) = self.revert_to_follow() {
                    return Some(fork);
                }
            }
            if self.is_broken {
                return None;
            }
        }
    }

    fn take_in(&mut self, item: Item) {
        self.markers = self.reader.markers().or(self.markers);
        match item {
            Item::Block(block) => self.take_in_block(&block),
            Item::Rollback { to } => {
                let to = to.map(|block| block.number);
                tracing::warn!(?to, "L1 has forked");
                self.standing.roll_back(to);
                if let Chain::Replica(_, listed) = &self.chain {
                    listed.roll_back(to);
                }
                self.with_intake(|intake| intake.roll_back(to));
            }
        }
    }

    fn take_in_block(&mut self, block: &Block) {
        let number = block.header.block.number;
        let said = match Said::in_block(&self.contracts, block) {
            Ok(said) => said,
            Err(error) => return self.stop_intake(number, &error),
        };
        if let Chain::Replica(_, listed) = &self.chain {
            listed.take_in(number, &said.arrivals);
        }
        let view = &self.view;
        let timestamp = block.header.timestamp;
        self.standing
            .block(number, timestamp, said.batches, |event| {
                is_ours(view, event)
            });
        let markers = self.markers;
        self.with_intake(|intake| intake.block(number, said.arrivals, markers));
    }

    fn with_intake(&mut self, step: impl FnOnce(&mut Intake) -> Result<(), IntakeError>) {
        let tip = self.tip();
        if let Some(intake) = &mut self.intake
            && let Err(error) = step(intake)
        {
            self.stop_intake(tip, &error);
        }
    }

    /// The last block that was taken in.
    fn tip(&self) -> u64 {
        self.reader.cursor().next().saturating_sub(1)
    }

    fn stop_intake(&mut self, l1_block: u64, error: &dyn Display) {
        (self.intake, self.is_broken) = (None, true);
        tracing::error!(
            l1_block,
            %error,
            "NO MESSAGE FROM L1 IS CONSUMED ANY MORE: deposits wait, and batches will be refused. Transactions and reads go on"
        );
    }

    /// A batch that is not ours makes every batch of ours that follows fail, so it is said loudly. Not before L1's head, as one
    /// that has fallen since may have held blocks that are void.
    fn say_foreign(&mut self) {
        let foreign = match self.chain {
            Chain::Sequencer(_) => self.standing.foreign(),
            // It may not hold the block yet; its verifier says so if it holds another one.
            Chain::Replica(..) => None,
        };
        if let Some(batch) = foreign
            && self.said.1 != foreign
        {
            tracing::error!(
                batch = batch.number,
                block = batch.block,
                posted = %batch.hash,
                "L1 HAS A BATCH THAT IS NOT OF THIS CHAIN: another sequencer posts, or this directory is an old copy. Stop this node \
                 before it acknowledges more"
            );
        }
        self.said.1 = foreign;
    }

    fn revert_to_follow(&mut self) -> Option<Fork> {
        let deep = deep(self.settings.finality, self.tip(), self.markers);
        let allowed = self.settings.follow_revert;
        let (reverts, followed) = (self.standing.reverts(), self.view.forks());
        let verdict = match self.chain {
            Chain::Sequencer(_) => judge(reverts, followed, deep, allowed),
            Chain::Replica(..) => judge_replica(reverts, followed, deep),
        };
        if let Verdict::Follow(fork) = verdict {
            return Some(fork);
        }
        if self.said.0 != Some(verdict) {
            self.act_on(&verdict);
            self.said.0 = Some(verdict);
        }
        None
    }

    fn act_on(&self, verdict: &Verdict) {
        match verdict {
            Verdict::Wait | Verdict::Follow(_) => {}
            Verdict::Ask(fork) => {
                // What is acknowledged now would be void as well, and nobody knows when it is made again.
                if let Chain::Sequencer(sequencer) = &self.chain {
                    sequencer.halt();
                }
                tracing::error!(
                    batch = fork.batch,
                    fork = fork.id,
                    "L1 HAS REVERTED AGAIN, less than an hour after the chain went on: nothing is acknowledged or posted any more. Find \
                     out why, as the same blocks would fall again and the bond with them; then restart with --follow-revert {}",
                    fork.id
                );
            }
            Verdict::Foreign(revert) => tracing::error!(
                batch = revert.batch,
                "L1 HAS REVERTED to a batch that is not of this chain, so it cannot be followed: another sequencer posts, or this \
                 directory is an old copy"
            ),
            Verdict::Undone { on_l1 } => tracing::error!(
                on_l1,
                followed = self.view.forks().id(),
                "L1 HAS TAKEN BACK A REVERT that this chain has followed: it has forked deeper than l1.finality waits for. Nothing is \
                 posted until L1 has as many reverts again"
            ),
        }
    }

    fn deliver(&mut self) {
        let (Some(intake), Chain::Sequencer(sequencer)) = (&mut self.intake, &self.chain) else {
            return;
        };
        let consumed = self.view.with_ledger(|ledger| ledger.head().inbox_count);
        let events = intake.take(consumed, UNCONSUMED_MAX);
        if !events.is_empty() {
            tracing::debug!(events = events.len(), "delivered from L1");
            sequencer.deliver(events);
        }
    }
}

/// What the chain has consumed so far.
fn consumed(view: &View) -> Consumed {
    view.with_ledger(|ledger| Consumed {
        messages: ledger.head().inbox_count,
        accumulator: ledger.head().inbox_accumulator,
        tokens: ledger
            .tokens()
            .as_slice()
            .iter()
            .skip(1)
            .map(|token| token.address)
            .collect(),
    })
}

/// Whether the last block of a batch is ours.
fn is_ours(view: &View, event: &BatchEvent) -> bool {
    let BatchEvent::Submitted(batch) = event else {
        return true;
    };
    holds(view, batch.header.block_number, batch.header.block_hash)
}

/// Whether our block of that number has that hash.
fn holds(view: &View, number: u64, hash: B256) -> bool {
    if number > view.block_number() {
        return false;
    }
    match view.block(number) {
        Ok(block) => block.is_some_and(|block| block.hash == hash),
        Err(error) => {
            tracing::error!(%error, number, "a block that L1 has a batch of cannot be read");
            false
        }
    }
}
