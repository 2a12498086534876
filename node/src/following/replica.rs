//! A replica that roles share.

use std::sync::{Mutex, PoisonError};

use alloy_primitives::Address;
use spillway_sequencer::config::Config;
use spillway_sequencer::pipeline::{StartError, StartReport, StopError};
use spillway_sequencer::replica::{ImportError, ReceivedBlock, Replica};
use spillway_sequencer::rollback::Progress;
use spillway_sequencer::signatures::SignedHeader;
use spillway_sequencer::submission::Submitter;
use spillway_sequencer::view::View;

use crate::service::Core;

/// A replica, into which one group of blocks is imported at a time.
#[derive(Debug)]
pub(crate) struct Following {
    replica: Mutex<Replica>,
    view: View,
    submitter: Submitter,
}

impl Following {
    /// The newest block's number.
    pub(super) fn newest(&self) -> u64 {
        self.view.block_number()
    }

    /// Tokens that are listed, ETH apart.
    pub(super) fn listed(&self) -> usize {
        self.view.tokens().as_slice().len().saturating_sub(1)
    }

    pub(super) fn chain_id(&self) -> u64 {
        self.view.genesis().chain_id
    }

    /// The sequencer's word for the newest block; none for genesis, and where the disk fails, which the next import says.
    pub(super) fn newest_signed_header(&self) -> Option<SignedHeader> {
        let signed = self.view.signed_blocks().signed_header(self.newest());
        signed.ok().flatten()
    }

    /// Tells readers how far the sequencer is.
    pub(super) fn set_followed(&self, newest: u64) {
        self.view.set_followed(newest);
    }

    /// Imports blocks. Blocks the thread.
    pub(super) fn import(&self, blocks: Vec<ReceivedBlock>) -> Result<u64, ImportError> {
        // A panic ends the process, so nobody sees a lock that is poisoned.
        let replica = self.replica.lock();
        replica
            .unwrap_or_else(PoisonError::into_inner)
            .import(blocks)
    }
}

impl Core for Following {
    const NAME: &'static str = "replica";

    /// The sequencer's address on L1.
    type Settings = Address;

    fn start(config: &Config, signer: &Address, _: &Progress) -> Result<Self, StartError> {
        let replica = Replica::start(config, *signer)?;
        Ok(Self {
            view: replica.view(),
            submitter: replica.submitter(),
            replica: Mutex::new(replica),
        })
    }

    fn with_report(&self, show: impl FnOnce(&StartReport)) {
        let replica = self.replica.lock();
        show(replica.unwrap_or_else(PoisonError::into_inner).report());
    }

    fn view(&self) -> View {
        self.view.clone()
    }

    fn submitter(&self) -> Submitter {
        self.submitter.clone()
    }

    fn stop(self) -> Result<(), StopError> {
        let Self { replica, .. } = self;
        replica
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .stop()
    }
}
