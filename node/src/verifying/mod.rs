//! The verifier of a node: its key, its blobs, its log, and what it tells readers.

mod findings;
mod holdings;
mod log;
mod settled;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use alloy_provider::DynProvider;
use alloy_signer_local::PrivateKeySigner;
use spillway_l1::beacon::{Archive, BeaconClient, BlobSource};
use spillway_l1::deployment::Deployment;
use spillway_l1::events::{Finality, ReaderSettings};
use spillway_l1::fees::FeeSettings;
use spillway_l1::transactions::{DriverSettings, Kind, Price, Settings, StartError, StoreError};
use spillway_sequencer::Verified;
use spillway_sequencer::view::View;
use spillway_verifier::authorisation::{Desk, DeskConfig, Guard, GuardConfig, Holdings};
use spillway_verifier::disputes::{DisputeContracts, Prover, ProverConfig};
use spillway_verifier::{Progress, Until, Verifier, VerifierConfig};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

pub(crate) use self::findings::{Findings, Found};
use self::holdings::ViewHoldings;
use self::settled::Kept;

/// The folder of what was asked of L1 and is not final.
const INTENTS: &str = "verifier-intents";

/// The folder of blobs.
const BLOBS: &str = "blobs";

/// The wait before something on L1 that does not answer is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// The wait for a folder of intents that is about to be released.
const RELEASED_SOON: Duration = Duration::from_millis(50);

/// Batches between ledgers to go back to.
const CHECKPOINT_INTERVAL: u64 = 64;

/// How batches are verified.
#[derive(Clone, Debug)]
pub(crate) struct VerifyingConfig {
    /// Sends proofs, answers and challenges. Without one, what is wrong is only told.
    pub(crate) key: Option<PrivateKeySigner>,
    /// Where blobs are.
    pub(crate) beacon_urls: Vec<String>,
    /// The accounts whose transactions are demanded when they are not shown.
    pub(crate) guarded: BTreeSet<Address>,
    /// How long it is waited for them first.
    pub(crate) patience: Duration,
    /// The most that is offered for gas.
    pub(crate) caps: Price,
    /// When a block of L1 counts as final.
    pub(crate) finality: Finality,
    /// Blocks on top of a transaction before it is forgotten.
    pub(crate) confirmations: u64,
    /// How L1 is read.
    pub(crate) reader: ReaderSettings,
    /// Whether the sequencer is another's, and is held to what it has signed.
    pub(crate) watches_sequencer: bool,
}

/// A verifier that is to be started.
#[derive(Debug)]
pub(crate) struct Verifying {
    config: VerifyingConfig,
    provider: DynProvider,
    deployment: Deployment,
    dir: PathBuf,
    view: View,
}

/// The wait before everything begins anew after L1 contradicted itself: a node that lacked logs may have them then.
const ANEW: Duration = Duration::from_secs(30);

impl Verifying {
    /// Of the chain with that view, which keeps its files in that directory.
    pub(crate) fn new(
        config: VerifyingConfig,
        provider: DynProvider,
        deployment: &Deployment,
        dir: &Path,
        view: View,
    ) -> Self {
        // Until the verifier has found what is safe, nothing is.
        view.set_verified(Verified::default());
        Self {
            config,
            provider,
            deployment: deployment.clone(),
            dir: dir.to_owned(),
            view,
        }
    }

    /// Verifies until it is dropped. What ends the work is logged, and it begins anew after a while.
    pub(crate) async fn run(self, found: Found) {
        loop {
            self.run_once(&found).await;
            sleep(ANEW).await;
        }
    }

    async fn run_once(&self, found: &Found) {
        let blobs = match self.blobs() {
            Ok(blobs) => blobs,
            Err(error) => {
                tracing::error!(%error, "NOTHING IS VERIFIED: there is no way to the blobs");
                return;
            }
        };
        let holdings: Arc<dyn Holdings> = Arc::new(ViewHoldings::new(&self.view, found));
        let (hand_out, settled) = mpsc::channel(1);
        let (tell, progress) = watch::channel(Progress::default());
        let kept = Kept::new(&self.dir, &self.deployment);
        let verifier = self.verifier(&kept, &blobs, tell).await;
        let verifier = verifier
            .with_holdings(Arc::clone(&holdings))
            .with_settled(hand_out);
        let told = async { tokio::join!(log::tell(progress, &self.view), kept.keep(settled)) };
        let work = async {
            match self.prover(&blobs).await {
                None => verify(verifier).await,
                Some(prover) => {
                    let (guard, desk) = self.attendants(&prover, blobs, holdings, found);
                    let verifier = verifier.with_prover(prover).with_guard(guard);
                    // Neither is of use without the other.
                    tokio::select! {
                        () = verify(verifier) => {}
                        () = attend(desk) => {}
                    }
                }
            }
        };
        tokio::select! {
            () = work => {}
            _ = told => {}
        }
    }

    /// One that begins where an earlier run has come to.
    async fn verifier(
        &self,
        kept: &Kept,
        blobs: &BlobSource,
        tell: watch::Sender<Progress>,
    ) -> Verifier {
        let (config, l1) = (self.verifier_config(), self.provider.clone());
        match kept.load(&self.provider).await {
            Some(ledger) => Verifier::after(ledger, config, l1, blobs.clone(), tell),
            None => Verifier::new(config, l1, blobs.clone(), tell),
        }
    }

    /// Who demands, and who answers.
    fn attendants(
        &self,
        prover: &Prover,
        blobs: BlobSource,
        holdings: Arc<dyn Holdings>,
        found: &Found,
    ) -> (Guard, Desk) {
        let calls = prover.calls();
        let guard = Guard::new(
            self.guard_config(),
            calls.clone(),
            blobs,
            Arc::clone(&holdings),
        );
        let desk = Desk::new(
            self.desk_config(),
            self.provider.clone(),
            holdings,
            calls,
            found.contradictions(),
        );
        (guard, desk)
    }

    fn blobs(&self) -> anyhow::Result<BlobSource> {
        let archive = Archive::open(self.dir.join(BLOBS))?;
        let beacon = BeaconClient::new(&self.config.beacon_urls)?;
        Ok(BlobSource::new(archive, Some(beacon)))
    }

    fn verifier_config(&self) -> VerifierConfig {
        VerifierConfig {
            contracts: self.deployment.contracts(),
            l1_block: self.deployment.l1_block.number,
            fee_account: self.deployment.genesis.fee_account,
            finality: self.config.finality,
            reader: self.config.reader,
            retry_interval: self.config.reader.poll_interval,
            checkpoint_interval: CHECKPOINT_INTERVAL,
        }
    }

    fn guard_config(&self) -> GuardConfig {
        GuardConfig {
            disputes: self.deployment.disputes.authorisation,
            accounts: self.config.guarded.clone(),
            patience: self.config.patience,
            challenge_window: self.deployment.parameters.challenge_window,
            retry_interval: self.config.reader.poll_interval,
        }
    }

    fn desk_config(&self) -> DeskConfig {
        DeskConfig {
            contracts: self.deployment.contracts(),
            authorisation: self.deployment.disputes.authorisation,
            equivocation: self
                .config
                .watches_sequencer
                .then_some(self.deployment.disputes.equivocation),
            l1_block: self.deployment.l1_block.number,
            reader: self.config.reader,
            retry_interval: self.config.reader.poll_interval,
        }
    }

    /// Starts a prover, if there is a key, as soon as L1 answers.
    async fn prover(&self, blobs: &BlobSource) -> Option<Prover> {
        let key = self.config.key.as_ref()?;
        match self.start_prover(key, blobs).await {
            Ok(prover) => Some(prover),
            Err(error) => {
                tracing::error!(%error, "NOTHING IS PROVEN OR ANSWERED: the transaction manager does not start");
                None
            }
        }
    }

    async fn start_prover(
        &self,
        key: &PrivateKeySigner,
        blobs: &BlobSource,
    ) -> Result<Prover, StartError> {
        let disputes = &self.deployment.disputes;
        let config = ProverConfig {
            contracts: DisputeContracts {
                transition: disputes.transition,
                batch: disputes.batch,
            },
            rollup: self.deployment.rollup,
            retry_interval: self.config.reader.poll_interval,
        };
        let settings = DriverSettings {
            manager: Settings {
                caps: self.config.caps,
                confirmations: self.config.confirmations,
                ..Settings::new(Kind::Ordinary)
            },
            fees: FeeSettings::default(),
            poll_interval: self.config.reader.poll_interval,
        };
        let dir = self.dir.join(INTENTS);
        loop {
            let (l1, blobs) = (self.provider.clone(), blobs.clone());
            let signer = Arc::new(key.clone());
            match Prover::start(config, settings.clone(), l1, blobs, signer, &dir).await {
                // The directory is this process's own: a manager from before a roll-back is about to end.
                Err(StartError::Store(StoreError::InUse(_))) => sleep(RELEASED_SOON).await,
                Err(StartError::ChainId(error)) => {
                    tracing::warn!(%error, "L1 does not answer; the verifier begins when it does");
                    sleep(RETRY).await;
                }
                started => return started,
            }
        }
    }
}

async fn verify(mut verifier: Verifier) {
    if let Err(error) = verifier.run(Until::Stopped).await {
        tracing::error!(%error, "NOTHING IS VERIFIED: wrong batches are not noticed, and nothing new is safe. It begins anew soon");
    }
}

async fn attend(mut desk: Desk) {
    if let Err(error) = desk.run().await {
        tracing::error!(%error, "CHALLENGES ARE NOT ANSWERED. It begins anew soon");
    }
}
