//! The task that reads L1 for the sequencer.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use alloy_provider::DynProvider;
use spillway_l1::batches::BatchEvent;
use spillway_l1::deployment::Deployment;
use spillway_l1::events::{
    Block, ContractAddresses, Cursor, EventReader, Finality, Item, Markers, ReaderSettings,
};
use spillway_sequencer::Sequencer;
use spillway_sequencer::view::View;
use tokio::time::sleep;

use super::intake::{Consumed, Intake, IntakeError};
use super::said::Said;
use super::standing::Standing;

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
}

/// Reads L1 from the deployment on, delivers to the sequencer what it has not consumed, and tells it how far L1 has its
/// batches.
#[derive(Debug)]
struct Follower {
    contracts: ContractAddresses,
    reader: EventReader,
    /// What the nodes last said of safe and final blocks.
    markers: Option<Markers>,
    /// None once something was wrong.
    intake: Option<Intake>,
    standing: Standing,
    sequencer: Arc<Sequencer>,
    view: View,
}

/// The wait before L1 is read anew after it contradicted itself: a node that lacked logs may have them then.
const ANEW: Duration = Duration::from_secs(30);

/// Follows L1 until it is dropped. What L1 says wrongly ends the intake, and it is read anew from the deployment later.
pub(crate) async fn follow(
    l1: DynProvider,
    deployment: &Deployment,
    settings: FollowerSettings,
    sequencer: Arc<Sequencer>,
) {
    loop {
        let follower = Follower::new(l1.clone(), deployment, settings, Arc::clone(&sequencer));
        follower.run().await;
        sleep(ANEW).await;
    }
}

impl Follower {
    /// For a sequencer of that deployment's chain.
    fn new(
        l1: DynProvider,
        deployment: &Deployment,
        settings: FollowerSettings,
        sequencer: Arc<Sequencer>,
    ) -> Self {
        let contracts = ContractAddresses {
            inbox: deployment.inbox,
            bridge: deployment.bridge,
            rollup: deployment.rollup,
        };
        let cursor = Cursor::before(deployment.l1_block.number);
        let view = sequencer.view();
        Self {
            contracts,
            reader: EventReader::new(l1, cursor, contracts.filter(), settings.reader),
            markers: None,
            intake: Some(Intake::new(settings.finality, consumed(&view))),
            standing: Standing::default(),
            sequencer,
            view,
        }
    }

    /// Runs until the intake ends, or L1 forks deeper than anybody can follow, or the sequencer is gone.
    async fn run(mut self) {
        let mut newest = self.view.newest();
        loop {
            let waiting = self.intake.as_ref().map_or(0, Intake::waiting);
            tokio::select! {
                item = self.reader.next(), if waiting < WAITING_MAX => match item {
                    Ok(item) => self.take_in(item),
                    Err(error) => {
                        tracing::error!(%error, "L1 IS NOT FOLLOWED ANY MORE: no message from L1 is consumed, reads go on");
                        return;
                    }
                },
                changed = newest.changed(), if waiting > 0 => if changed.is_err() {
                    return;
                },
            }
            self.deliver();
            let finalized = self.markers.and_then(|markers| markers.finalized);
            self.view.set_l1_progress(self.standing.progress(finalized));
            tracing::debug!(through = self.tip(), "L1 is taken in");
            if self.intake.is_none() {
                return;
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
        let view = &self.view;
        self.standing
            .block(number, said.batches, |event| is_ours(view, event));
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
        self.intake = None;
        tracing::error!(
            l1_block,
            %error,
            "NO MESSAGE FROM L1 IS CONSUMED ANY MORE: deposits wait, and batches will be refused. Transactions and reads go on"
        );
    }

    fn deliver(&mut self) {
        let Some(intake) = &mut self.intake else {
            return;
        };
        let consumed = self.view.with_ledger(|ledger| ledger.head().inbox_count);
        let events = intake.take(consumed, UNCONSUMED_MAX);
        if !events.is_empty() {
            tracing::debug!(events = events.len(), "delivered from L1");
            self.sequencer.deliver(events);
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

/// Whether the last block of a batch is ours. One that is not makes every batch of ours that follows fail, so it is
/// said loudly.
fn is_ours(view: &View, event: &BatchEvent) -> bool {
    let BatchEvent::Submitted(batch) = event else {
        return true;
    };
    let (number, hash) = (batch.header.block_number, batch.header.block_hash);
    let ours = match view.block(number) {
        Ok(block) => block.map(|block| block.hash),
        Err(error) => {
            tracing::error!(%error, number, "a block that L1 has a batch of cannot be read");
            None
        }
    };
    if ours != Some(hash) {
        tracing::error!(
            batch = batch.number,
            block = number,
            posted = %hash,
            ours = ?ours,
            poster = %batch.submission.poster,
            "L1 HAS A BATCH THAT IS NOT OF THIS CHAIN: another sequencer posts, or this directory is an old copy. Stop this node \
             before it acknowledges more"
        );
    }
    ours == Some(hash)
}
