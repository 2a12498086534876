//! An L1 on which wrong batches are posted, and a verifier with a key that watches it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alloy_eips::eip4844::Blob;
use alloy_primitives::{Address, U256};
use alloy_provider::Provider;
use spillway_batcher::batch::SealedBatch;
use spillway_bridge_contracts::Rollup::{headCall, rewardCall};
use spillway_l1::beacon::{Archive, BlobSource};
use spillway_l1::fees::FeeSettings;
use spillway_l1::transactions::{DriverSettings, Kind, Settings, StartError, StoreError};
use spillway_protocol::blob;
use spillway_protocol::limits::FIELD_ELEMENT_BYTES;
use spillway_verifier::disputes::{Prover, ProverConfig};
use spillway_verifier::replay::Wrong;
use spillway_verifier::{Progress, Until, Verifier};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::contracts::BOND;
use super::costs::Costs;
use super::driving::{PATIENCE, config};
use super::l1::{L1, PROVER, SEQUENCER, key};

/// Blocks of L1 on top of a proof until it counts.
const CONFIRMATIONS: u64 = 2;

/// In which form a batch is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Calldata,
    Blobs,
}

/// A verifier, and what it says.
pub(crate) struct Watcher {
    pub(crate) verifier: Verifier,
    pub(crate) progress: watch::Receiver<Progress>,
}

pub(crate) struct Court {
    pub(crate) l1: L1,
    pub(crate) blobs: BlobSource,
    pub(crate) intents: TempDir,
    felled: u64,
    /// What each proof took.
    pub(crate) costs: Costs,
    _archive: TempDir,
}

impl Court {
    pub(crate) async fn new() -> Self {
        let archive = TempDir::new().unwrap();
        Self {
            l1: L1::start().await,
            blobs: BlobSource::new(Archive::open(archive.path()).unwrap(), None),
            intents: TempDir::new().unwrap(),
            felled: 0,
            costs: Costs::default(),
            _archive: archive,
        }
    }

    /// A verifier with a key, that keeps what it sends in a folder.
    pub(crate) async fn watcher(&self, number: u8, intents: &Path) -> Watcher {
        let prover = self.prover_of(number, intents, self.blobs.clone()).await;
        let (sender, progress) = watch::channel(Progress::default());
        let (l1, blobs) = (self.l1.provider(), self.blobs.clone());
        let verifier = Verifier::new(config(&self.l1), l1, blobs, sender);
        Watcher {
            verifier: verifier.with_prover(prover),
            progress,
        }
    }

    /// What proves, without the verifier around it.
    pub(crate) async fn prover_of(&self, number: u8, intents: &Path, blobs: BlobSource) -> Prover {
        let config = ProverConfig {
            contracts: self.l1.deployment.disputes,
            rollup: self.l1.deployment.rollup,
            retry_interval: Duration::from_millis(20),
        };
        let mut manager = Settings::new(Kind::Ordinary);
        manager.confirmations = CONFIRMATIONS;
        let settings = DriverSettings {
            manager,
            fees: FeeSettings::default(),
            poll_interval: Duration::from_millis(5),
        };
        // A manager that was dropped a moment ago may still have the folder.
        loop {
            let (l1, blobs) = (self.l1.provider(), blobs.clone());
            let (settings, signer) = (settings.clone(), Arc::new(key(number)));
            match Prover::start(config, settings, l1, blobs, signer, intents).await {
                Err(StartError::Store(StoreError::InUse(_))) => {
                    sleep(Duration::from_millis(10)).await;
                }
                started => return started.unwrap(),
            }
        }
    }

    /// The one verifier, where there is one.
    pub(crate) async fn prover(&self) -> Watcher {
        self.watcher(PROVER, self.intents.path()).await
    }

    /// Posts a batch. In blobs, the top byte of that element of all may be another one than zero.
    pub(crate) async fn post(&self, form: Form, batch: &SealedBatch, malformed: Option<usize>) {
        if form == Form::Calldata {
            return self.l1.post_calldata(SEQUENCER, batch).await;
        }
        let mut blobs: Vec<Blob> = blob::pack(&batch.chunks)
            .into_iter()
            .map(|blob| Blob::from(*blob))
            .collect();
        if let Some(element) = malformed {
            blobs[element / 4_096][element % 4_096 * FIELD_ELEMENT_BYTES] = 1;
        }
        self.l1.post_in(SEQUENCER, batch, blobs.clone()).await;
        self.blobs.keep(blobs).await.unwrap();
    }

    /// Has the watcher prove the newest batch wrong, which is to be wrong in these words. Answers what was wrong.
    pub(crate) async fn falls(&mut self, watcher: &mut Watcher, words: &str) -> Wrong {
        self.mines(true);
        let found = watcher.sees_a_fall(self.felled + 1).await;
        self.mines(false);
        assert!(found.to_string().contains(words), "{found}, not {words}");
        self.felled += 1;
        self.check_bonds().await;
        let cost = self.l1.cost_of_the_last_fall().await;
        self.costs.note(found.kind.dispute(), words, cost);
        let (standing, ..) = self.head().await;
        assert_eq!(standing + 1, found.batch);
        self.l1.stake(SEQUENCER).await;
        found
    }

    /// Whether L1 mines by itself. Proofs wait for blocks.
    pub(crate) fn mines(&self, does: bool) {
        let interval = does.then_some(Duration::from_millis(20));
        self.l1.devnet.controls().set_block_time(interval).unwrap();
    }

    /// The newest batch's number, and how many were submitted.
    pub(crate) async fn head(&self) -> (u64, u64) {
        let head = self.l1.ask(headCall {}).await;
        (head._0, head._2)
    }

    /// Each fall was one, and half a bond went to the prover, the other half to nobody.
    async fn check_bonds(&self) {
        assert_eq!(self.l1.forks().await, self.felled);
        let half = U256::from(BOND / 2) * U256::from(self.felled);
        assert_eq!(self.reward(PROVER).await, half);
        let burnt = self.l1.provider().get_balance(Address::ZERO).await;
        assert_eq!(burnt.unwrap(), half);
    }

    pub(crate) async fn reward(&self, number: u8) -> U256 {
        let prover = key(number).address();
        self.l1.ask(rewardCall { prover }).await
    }
}

impl Watcher {
    /// Runs until so many batches have fallen by its proofs, and answers what was wrong with the last.
    pub(crate) async fn sees_a_fall(&mut self, felled: u64) -> Wrong {
        let mut progress = self.progress.clone();
        let observed = async {
            let is_found = |progress: &Progress| progress.wrong.is_some();
            let found = progress.wait_for(is_found).await.unwrap().wrong;
            let is_over =
                |progress: &Progress| progress.felled == felled && progress.wrong.is_none();
            progress.wait_for(is_over).await.unwrap();
            found.expect("a wrong batch")
        };
        let observed = timeout(PATIENCE, observed);
        tokio::select! {
            ended = self.verifier.run(Until::Stopped) => panic!("{ended:?}"),
            found = observed => found.expect("it falls in time"),
        }
    }

    /// Runs until that batch is verified.
    pub(crate) async fn verifies(&mut self, batch: u64) -> Progress {
        let run = timeout(PATIENCE, self.verifier.run(Until::Batch(batch))).await;
        run.expect("the target is reached").unwrap();
        *self.progress.borrow()
    }
}
