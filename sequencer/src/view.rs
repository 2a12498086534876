//! What clients may see: the ledger after the newest durable block, and the blocks behind it.

mod activity;
mod recent;
mod signed;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use alloy_primitives::{Address, B256, Bytes};
use parking_lot::{Mutex, RwLock};
use spillway_protocol::account::Account;
use spillway_protocol::block::BlockHeader;
use spillway_protocol::token::TokenTable;
use spillway_protocol::transaction::TransactionError;
use tokio::sync::watch;

use crate::backlog::{Backlog, Pacing};
use crate::block::Block;
use crate::clock::unix_seconds;
use crate::config::Config;
use crate::fees::FeeHistory;
use crate::forks::Forks;
use crate::genesis::Genesis;
use crate::index::{Executed, Index, IndexError};
use crate::journal::{JournalError, Reader};
use crate::l1::{L1Progress, Tagged, Verified};
use crate::ledger::{Applied, Ledger, LedgerError};
use crate::outcome::Outcomes;
use crate::record::{self, RecordError};
use crate::settled::SettledLedger;
use crate::signatures::{HeaderSignatures, SignatureFileError};
use crate::token_names::TokenName;
use crate::withdrawals::Withdrawals;

pub use activity::BlockLog;
pub use signed::SignedBlocks;

use recent::{RECENT_BLOCKS, Recent};

/// Why a block could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record of the journal is no block.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The signatures of headers could not be read.
    #[error(transparent)]
    Signatures(#[from] SignatureFileError),
    /// A transaction of a block is none: admission and replay exclude it.
    #[error("block {0} holds a transaction that is none: {1}")]
    Transaction(u64, TransactionError),
    /// The query index has failed, and what is asked for is nowhere else.
    #[error(
        "the query index has failed, and what became of block {0}'s withdrawals is only there: restart to rebuild it"
    )]
    NotIndexed(u64),
}

/// A summary of the ledger, all of one block.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// The newest durable block's number.
    pub block_number: u64,
    /// Its hash.
    pub block_hash: B256,
    /// Its timestamp, in seconds.
    pub timestamp: u64,
    /// Its base fee.
    pub base_fee: u64,
    /// The state root after it.
    pub state_root: B256,
    /// Accounts.
    pub accounts: u32,
    /// Authorised operations so far, which is how many transactions there were.
    pub transactions: u64,
    /// Inbox messages consumed so far.
    pub inbox_count: u64,
    /// Withdrawals so far.
    pub withdrawals: u32,
}

/// The durable side of the sequencer, for reading. Cheap to clone.
#[derive(Clone, Debug)]
pub struct View {
    inner: Arc<Inner>,
}

/// What is on disk beside the snapshots.
#[derive(Debug)]
pub(crate) struct Stores {
    pub(crate) index: Index,
    pub(crate) journal: Reader,
    pub(crate) withdrawals: Withdrawals,
    pub(crate) signatures: Option<HeaderSignatures>,
}

#[derive(Debug)]
struct Inner {
    genesis: Genesis,
    forks: Forks,
    signatures: Option<Arc<HeaderSignatures>>,
    ledger: RwLock<Ledger>,
    recent: RwLock<Recent>,
    fees: RwLock<FeeHistory>,
    index: Index,
    withdrawals: Withdrawals,
    /// The folder of snapshots.
    snapshots: PathBuf,
    /// Whether the index has missed blocks.
    index_failed: AtomicBool,
    /// What the index does not take any more, of blocks that have some.
    unindexed: RwLock<HashMap<u64, Arc<Outcomes>>>,
    searching: Mutex<()>,
    journal: Reader,
    pacing: Mutex<Pacing>,
    l1_progress: Mutex<L1Progress>,
    /// None without a verifier.
    verified: Mutex<Option<Verified>>,
    /// Of listed tokens alone, so they are few.
    token_names: RwLock<HashMap<Address, TokenName>>,
    newest: watch::Sender<u64>,
    /// The newest block of the node that this one follows.
    followed: AtomicU64,
    /// Bytes of operations in the blocks that were published.
    operation_bytes: AtomicU64,
}

impl View {
    pub(crate) fn new(config: &Config, forks: Forks, ledger: Ledger, stores: Stores) -> Self {
        let Stores {
            index,
            journal,
            withdrawals,
            signatures,
        } = stores;
        let newest = watch::Sender::new(ledger.head().number);
        let inner = Inner {
            genesis: config.genesis,
            forks,
            signatures: signatures.map(Arc::new),
            ledger: RwLock::new(ledger.remembering(config.storage.past_bytes)),
            recent: RwLock::default(),
            fees: RwLock::default(),
            index,
            withdrawals,
            snapshots: config.dir.join("snapshots"),
            index_failed: AtomicBool::new(false),
            unindexed: RwLock::default(),
            searching: Mutex::new(()),
            journal,
            pacing: Mutex::new(Pacing::new(config.blocks.base_fee_min, config.backlog)),
            l1_progress: Mutex::default(),
            verified: Mutex::default(),
            token_names: RwLock::default(),
            newest,
            followed: AtomicU64::new(0),
            operation_bytes: AtomicU64::new(0),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The chain.
    #[must_use]
    pub fn genesis(&self) -> &Genesis {
        &self.inner.genesis
    }

    /// The reverts on L1 that this chain has followed. They change only while no sequencer runs.
    #[must_use]
    pub fn forks(&self) -> &Forks {
        &self.inner.forks
    }

    /// Whose signature block headers have: that of the key, or of the sequencer that a replica follows. None without either.
    #[must_use]
    pub fn header_signer(&self) -> Option<Address> {
        let signatures = self.inner.signatures.as_ref();
        signatures.map(|signatures| signatures.signer())
    }

    /// Durable blocks, with the sequencer's signatures of their headers.
    #[must_use]
    pub fn signed_blocks(&self) -> SignedBlocks {
        SignedBlocks {
            chain_id: self.inner.genesis.chain_id,
            forks: self.inner.forks.clone(),
            journal: self.inner.journal.clone(),
            signatures: self.inner.signatures.clone(),
        }
    }

    /// The newest durable block's number.
    #[must_use]
    pub fn block_number(&self) -> u64 {
        *self.inner.newest.borrow()
    }

    /// The durable blocks as they are on disk.
    #[must_use]
    pub fn journal(&self) -> Reader {
        self.inner.journal.clone()
    }

    /// What the chain has withdrawn.
    #[must_use]
    pub fn withdrawals(&self) -> Withdrawals {
        self.inner.withdrawals.clone()
    }

    /// A ledger of its own, from which what L1 has settled is proven. It is made when it is first asked.
    #[must_use]
    pub fn settled_ledger(&self) -> SettledLedger {
        SettledLedger::new(
            self.inner.genesis,
            self.inner.snapshots.clone(),
            self.inner.journal.clone(),
            self.inner.withdrawals.clone(),
        )
    }

    /// Bytes of operations that became durable since the start.
    #[must_use]
    pub fn operation_bytes(&self) -> u64 {
        self.inner.operation_bytes.load(Ordering::Relaxed)
    }

    /// An account by its address, after the newest durable block.
    #[must_use]
    pub fn account(&self, address: &Address) -> Option<Account> {
        let ledger = self.inner.ledger.read();
        ledger
            .state()
            .index_of(address)
            .and_then(|index| ledger.state().account(index))
    }

    /// The listed tokens.
    #[must_use]
    pub fn tokens(&self) -> TokenTable {
        self.inner.ledger.read().tokens().clone()
    }

    /// What a token is called, as far as anybody has said.
    #[must_use]
    pub fn token_name(&self, token: &Address) -> TokenName {
        let known = self.inner.token_names.read().get(token).cloned();
        known.unwrap_or_else(|| TokenName::unknown(token))
    }

    /// Tells what a listed token is called. That of another is not kept.
    pub fn set_token_name(&self, token: Address, name: TokenName) {
        if self.with_ledger(|ledger| ledger.tokens().id_of(&token).is_some()) {
            self.inner.token_names.write().insert(token, name);
        }
    }

    /// The ledger after the newest durable block, for as long as the closure takes: publication of
    /// the next block waits for it.
    pub fn with_ledger<T>(&self, read: impl FnOnce(&Ledger) -> T) -> T {
        read(&self.inner.ledger.read())
    }

    /// A summary of the ledger, with its state root brought up to date.
    ///
    /// # Errors
    /// Never, as far as the ledger came from its blocks.
    pub fn summary(&self) -> Result<Summary, LedgerError> {
        self.inner.ledger.write().summary()
    }

    /// The base fee that the next block is expected to have: what it has if it begins now.
    #[must_use]
    pub fn base_fee(&self) -> u64 {
        let head = *self.inner.ledger.read().head();
        let seconds = unix_seconds().saturating_sub(head.timestamp);
        self.inner.pacing.lock().base_fee(head.base_fee, seconds)
    }

    /// The newest report on what is not posted yet, `None` before the first.
    #[must_use]
    pub fn backlog(&self) -> Option<Backlog> {
        self.inner.pacing.lock().backlog()
    }

    pub(crate) fn set_backlog(&self, backlog: Backlog) {
        self.inner.pacing.lock().set_backlog(backlog);
    }

    /// How far L1 has this chain, as it was last told. Nothing beyond the newest durable block.
    #[must_use]
    pub fn l1_progress(&self) -> L1Progress {
        let told = *self.inner.l1_progress.lock();
        told.shown_at(self.block_number())
    }

    /// Tells how far L1 has this chain. Less than before is taken as it is: L1 may have dropped blocks.
    pub fn set_l1_progress(&self, progress: L1Progress) {
        *self.inner.l1_progress.lock() = progress;
    }

    /// The blocks that the tags `safe` and `finalized` mean.
    #[must_use]
    pub fn tagged(&self) -> Tagged {
        self.l1_progress().tagged(self.verified())
    }

    /// How far the node's verifier is; none without one.
    #[must_use]
    pub fn verified(&self) -> Option<Verified> {
        *self.inner.verified.lock()
    }

    /// Tells how far the node's verifier is. Without a verifier nobody calls this, and what is posted is safe.
    pub fn set_verified(&self, verified: Verified) {
        *self.inner.verified.lock() = Some(verified);
    }

    /// The newest block of the node that this one follows, as it told; 0 for a node that follows none.
    #[must_use]
    pub fn followed(&self) -> u64 {
        self.inner.followed.load(Ordering::Relaxed)
    }

    /// Tells how far the node is that this one follows. It shows in `eth_syncing`, and nowhere else.
    pub fn set_followed(&self, newest: u64) {
        self.inner.followed.store(newest, Ordering::Relaxed);
    }

    /// Base fees and fill of recent blocks.
    pub fn with_fees<T>(&self, read: impl FnOnce(&FeeHistory) -> T) -> T {
        read(&self.inner.fees.read())
    }

    /// A block by its number; genesis is 0. Nothing beyond the newest durable one.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn block(&self, number: u64) -> Result<Option<Arc<Block>>, ReadError> {
        if number == 0 {
            return Ok(Some(Arc::new(Block::genesis())));
        }
        if let Some(block) = self.inner.recent.read().block(number) {
            return Ok(Some(Arc::clone(block)));
        }
        let mut payload = Vec::new();
        if !self.inner.journal.read(number, &mut payload)? {
            return Ok(None);
        }
        let (header, body) = record::decode(&payload.into())?;
        Ok(Some(Arc::new(Block::new(header, body))))
    }

    /// The hash of a block by its number, without what the block holds.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn block_hash(&self, number: u64) -> Result<Option<B256>, ReadError> {
        if number == 0 {
            return Ok(Some(BlockHeader::genesis().hash()));
        }
        if let Some(block) = self.inner.recent.read().block(number) {
            return Ok(Some(block.hash));
        }
        let mut payload = Vec::new();
        if !self.inner.journal.read(number, &mut payload)? {
            return Ok(None);
        }
        let (header, _) = record::decode(&payload.into())?;
        Ok(Some(header.hash()))
    }

    /// A block by its hash.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn block_by_hash(&self, hash: &B256) -> Result<Option<Arc<Block>>, ReadError> {
        let recent = self.inner.recent.read().number(hash);
        let number = match recent {
            Some(number) => Some(number),
            None => self.look_up(
                |index| index.block(hash),
                |block| (block.hash == *hash).then_some(block.header.number),
            )?,
        };
        let genesis = || Block::genesis().hash == *hash;
        match number {
            Some(number) => Ok(self.block(number)?.filter(|block| block.hash == *hash)),
            None if genesis() => self.block(0),
            None => Ok(None),
        }
    }

    /// The durable block that holds a transaction, and the transaction's place in it. The one that stands for the block's
    /// messages from L1 comes after those that were signed.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn transaction(&self, hash: &B256) -> Result<Option<(Arc<Block>, usize)>, ReadError> {
        let recent = self.inner.recent.read().place(hash);
        let place = match recent {
            Some(place) => Some(place),
            None => self.look_up(
                |index| index.transaction(hash),
                |block| {
                    let mut places = block.listed_hashes().zip(0u32..);
                    let (_, place) = places.find(|(other, _)| other == hash)?;
                    Some((block.header.number, place))
                },
            )?,
        };
        let Some((number, place)) = place else {
            return Ok(None);
        };
        let place = place as usize;
        let block = self.block(number)?;
        Ok(block
            .filter(|block| block.listed_hashes().nth(place) == Some(*hash))
            .map(|block| (block, place)))
    }

    /// The newest durable block's number, as it changes.
    #[must_use]
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.inner.newest.subscribe()
    }

    /// Shows a block that has become durable: the ledger moves to it, then clients can see it.
    pub(crate) fn publish(&self, block: &Arc<Block>) -> Result<(), LedgerError> {
        let Applied {
            withdrawals,
            outcomes,
        } = self
            .inner
            .ledger
            .write()
            .apply(&block.header, &block.body)?;
        self.inner
            .withdrawals
            .append(block.header.number, &withdrawals);
        self.inner.fees.write().push(block);
        self.inner.recent.write().insert(Executed {
            block: Arc::clone(block),
            outcomes: Arc::new(outcomes),
        });
        let bytes = block.body.operations.len() as u64;
        self.inner
            .operation_bytes
            .fetch_add(bytes, Ordering::Relaxed);
        self.inner.newest.send_replace(block.header.number);
        Ok(())
    }

    /// Indexes blocks, and forgets the recent ones that are found otherwise by now. After a failure,
    /// which is answered once, it only forgets.
    pub(crate) fn index(&self, blocks: &[Arc<Block>]) -> Result<(), IndexError> {
        let Some(last) = blocks.last() else {
            return Ok(());
        };
        let result = match self.inner.index_failed.load(Ordering::Acquire) {
            true => Ok(()),
            false => self.insert_into_index(blocks),
        };
        self.inner
            .index_failed
            .fetch_or(result.is_err(), Ordering::AcqRel);
        if self.inner.index_failed.load(Ordering::Acquire) {
            self.keep_outcomes(blocks);
        }
        let oldest = last.header.number.saturating_sub(RECENT_BLOCKS);
        self.inner.recent.write().forget_before(oldest);
        result
    }

    /// Keeps in memory what the index would have: a few bytes for each withdrawal and each message that needs them.
    fn keep_outcomes(&self, blocks: &[Arc<Block>]) {
        let (recent, mut unindexed) = (self.inner.recent.read(), self.inner.unindexed.write());
        for number in blocks.iter().map(|block| block.header.number) {
            let outcomes = recent.outcomes(number);
            let outcomes = outcomes.filter(|outcomes| !outcomes.entries.is_empty());
            unindexed.extend(outcomes.map(|outcomes| (number, Arc::clone(outcomes))));
        }
    }

    fn insert_into_index(&self, blocks: &[Arc<Block>]) -> Result<(), IndexError> {
        let executed: Vec<_> = {
            let recent = self.inner.recent.read();
            let executed = blocks.iter().map(|block| Executed {
                block: Arc::clone(block),
                outcomes: recent
                    .outcomes(block.header.number)
                    .map(Arc::clone)
                    .unwrap_or_default(),
            });
            executed.collect()
        };
        self.inner.index.insert(&executed, &self.tokens())
    }

    /// Looks something up in the index or, once that has failed, finds it in the journal: slowly, and
    /// for one client at a time.
    fn look_up<T>(
        &self,
        indexed: impl FnOnce(&Index) -> Result<Option<T>, IndexError>,
        found: impl Fn(&Block) -> Option<T>,
    ) -> Result<Option<T>, ReadError> {
        if !self.inner.index_failed.load(Ordering::Acquire)
            && let Ok(place) = indexed(&self.inner.index)
        {
            return Ok(place);
        }
        let _one = self.inner.searching.lock();
        let mut records = self.inner.journal.records_from(1);
        while let Some(record) = records.next_record()? {
            let (header, body) = record::decode(&Bytes::copy_from_slice(record.payload))?;
            if let Some(place) = found(&Block::new(header, body)) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Behaves from now on as if the index had failed.
    #[cfg(test)]
    pub(crate) fn fail_index(&self) {
        self.inner.index_failed.store(true, Ordering::Release);
    }

    pub(crate) fn flush_index(&self) -> Result<(), IndexError> {
        self.inner.index.flush()
    }
}
