//! Void blocks, made once more.
//!
//! Each goes through admission and ordering like any other, and takes the place of the void one of its number. It has that
//! one's time and base fee, so that what was valid is valid again, and that its batch meets L1's demands by the same clock. What
//! it takes from L1 is what the void one took, once it was deep enough; the node's follower holds that against L1 before it
//! delivers anything new, as at every start.

use std::path::Path;

use alloy_primitives::Bytes;
use spillway_protocol::block::BlockHeader;
use spillway_protocol::keccak::keccak256;

use super::{Dropped, Progress, RollbackError, RollbackReport, archive};
use crate::admission::{self, AdmissionError, Admitted};
use crate::block::{Block, BlockBody, Included};
use crate::config::Config;
use crate::forks::Fork;
use crate::journal::{Journal, Options, Records};
use crate::ledger::Ledger;
use crate::ordering::Orderer;
use crate::record;

/// Transactions whose senders are recovered together, on all cores.
const RECOVERED_TOGETHER: usize = 4_096;
/// Blocks that wait for that at most.
const BLOCKS_TOGETHER: usize = 1_024;

/// Where the blocks are made.
pub(crate) struct Again<'a> {
    /// How the sequencer runs.
    pub(crate) config: &'a Config,
    /// The journal of what stands and of what is made again.
    pub(crate) journal: &'a mut Journal,
    /// The ledger after its newest block.
    pub(crate) ledger: &'a mut Ledger,
    /// Told how far it is.
    pub(crate) progress: &'a Progress,
}

/// Makes the void blocks again that are not yet.
pub(crate) fn make_again(
    mut again: Again<'_>,
    fork: &Fork,
    options: &Options,
) -> Result<RollbackReport, RollbackError> {
    again.check_place(fork)?;
    let archive = open_archive(&again.config.dir, fork, options)?;
    let void = archive.reader();
    let last = void.last_synced();
    let mut report = RollbackReport {
        fork_id: fork.id,
        last_block: fork.last_block,
        ..RollbackReport::default()
    };
    let mut orderer = again.orderer();
    let mut records = void.records_from(again.ledger.head().number + 1);
    loop {
        again.progress.set(again.ledger.head().number, last);
        let blocks = Recovered::read(&mut records, again.config.genesis.chain_id)?;
        if blocks.is_empty() {
            return Ok(report);
        }
        for block in blocks {
            report.dropped += block.refused.len() as u64;
            again.make(&mut orderer, block, &mut report)?;
        }
    }
}

/// The void blocks. What is opened stays as it is.
fn open_archive(dir: &Path, fork: &Fork, options: &Options) -> Result<Journal, RollbackError> {
    let path = archive(dir, fork);
    if !path.is_dir() {
        return Err(RollbackError::ArchiveMissing(path));
    }
    Ok(Journal::open(&path, options)?.0)
}

impl Again<'_> {
    /// The block that stands is the one that L1 has.
    fn check_place(&self, fork: &Fork) -> Result<(), RollbackError> {
        let head = self.ledger.head();
        let is_standing = match head.number == fork.last_block {
            true => head.hash() == fork.last_block_hash,
            false => head.number > fork.last_block,
        };
        // Genesis is the same everywhere.
        if is_standing || fork.last_block == 0 {
            return Ok(());
        }
        Err(RollbackError::Foreign(fork.last_block))
    }

    fn orderer(&self) -> Orderer<()> {
        Orderer::new(
            self.ledger.state().clone(),
            self.ledger.tokens().clone(),
            *self.ledger.head(),
            self.config.blocks,
            self.config.queues,
        )
    }

    fn make(
        &mut self,
        orderer: &mut Orderer<()>,
        void: Recovered,
        report: &mut RollbackReport,
    ) -> Result<(), RollbackError> {
        let number = void.header.number;
        for (included, error) in &void.refused {
            say_dropped(number, included, &Dropped::Admission(*error));
        }
        let refused = |transaction: &Admitted, error| {
            report.dropped += 1;
            let included = Included {
                sender: transaction.signer(),
                raw: transaction.raw.clone(),
            };
            say_dropped(number, &included, &Dropped::Ordering(error));
        };
        let sealed = orderer
            .make_again(&void.header, &void.body, void.admitted, refused)
            .map_err(|error| RollbackError::Block { number, error })?;
        self.commit(&sealed.block)?;
        orderer.durable(number);
        report.blocks += 1;
        report.transactions += sealed.block.transaction_hashes.len() as u64;
        Ok(())
    }

    fn commit(&mut self, block: &Block) -> Result<(), RollbackError> {
        let record = record::encode(&block.header, &block.body);
        self.journal.append(block.header.number, &[&record])?;
        self.journal.sync()?;
        self.ledger.apply(&block.header, &block.body)?;
        Ok(())
    }
}

/// It had been acknowledged, so each is worth a line.
fn say_dropped(block: u64, included: &Included, reason: &Dropped) {
    tracing::warn!(
        hash = %keccak256(&included.raw),
        sender = %included.sender,
        void_block = block,
        %reason,
        "A TRANSACTION IS DROPPED: its block is void, and it is not valid any more"
    );
}

/// A void block with its transactions as admission took them.
struct Recovered {
    header: BlockHeader,
    body: BlockBody,
    /// None in the place of one that was refused.
    admitted: Vec<Option<Admitted>>,
    refused: Vec<(Included, AdmissionError)>,
}

impl Recovered {
    /// The next blocks; none at the end.
    fn read(records: &mut Records, chain_id: u64) -> Result<Vec<Self>, RollbackError> {
        let mut blocks = Vec::new();
        let mut raw: Vec<Bytes> = Vec::new();
        while raw.len() < RECOVERED_TOGETHER
            && blocks.len() < BLOCKS_TOGETHER
            && let Some(found) = records.next_record()?
        {
            let (header, body) = record::decode(&Bytes::copy_from_slice(found.payload))?;
            raw.extend(
                body.transactions
                    .iter()
                    .map(|included| included.raw.clone()),
            );
            blocks.push(Self {
                header,
                body,
                admitted: Vec::new(),
                refused: Vec::new(),
            });
        }
        let mut admitted = admission::admit_all(raw, chain_id).into_iter();
        for block in &mut blocks {
            for included in &block.body.transactions {
                match admitted.next() {
                    Some(Ok(transaction)) => block.admitted.push(Some(transaction)),
                    Some(Err(error)) => {
                        block.admitted.push(None);
                        block.refused.push((included.clone(), error));
                    }
                    None => {}
                }
            }
        }
        Ok(blocks)
    }
}
