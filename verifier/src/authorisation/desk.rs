//! Answers to whoever demands a signed transaction, and what follows when nobody answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_provider::DynProvider;
use spillway_l1::challenges::Challenge;
use spillway_l1::encoding::disputes::{self, Accused, SignedHeader};
use spillway_l1::events::{
    ContractAddresses, Cursor, DecodeError, EventReader, ForkedTooDeep, Item, ReaderSettings,
};
use spillway_l1::transactions::IntentId;
use spillway_protocol::keccak::keccak256_parts;
use tokio::sync::watch;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, sleep};

use super::book::{Book, Posted};
use super::holdings::{HeldBatch, Holdings, HoldingsError};
use crate::disputes::{Call, CallError, Calls};

/// After so long, what was sent about a challenge that is open still is sent once more.
const SENT_AGAIN: Duration = Duration::from_secs(600);

/// How a desk works.
#[derive(Clone, Copy, Debug)]
pub struct DeskConfig {
    /// The rollup.
    pub contracts: ContractAddresses,
    /// `AuthorisationDisputes`.
    pub authorisation: Address,
    /// `EquivocationDisputes`, if the sequencer is held to what it has signed. Its own node does not do that.
    pub equivocation: Option<Address>,
    /// The block of L1 that holds the first contract.
    pub l1_block: u64,
    /// How L1 is read.
    pub reader: ReaderSettings,
    /// The wait before something that could not be done is tried again.
    pub retry_interval: Duration,
}

/// Two headers that the sequencer has signed, of one number and fork.
pub type Contradiction = (SignedHeader, SignedHeader);

/// Answers challenges, fells what was not answered, and proves contradictions. See the [module](super).
#[derive(Debug)]
pub struct Desk {
    config: DeskConfig,
    reader: EventReader,
    book: Book,
    holdings: Arc<dyn Holdings>,
    calls: Calls,
    contradictions: watch::Receiver<Option<Contradiction>>,
    /// What was handed over about open challenges, how often, and when.
    sent: BTreeMap<B256, Sent>,
    /// The batch that was read last, so that many challenges of one batch read it once.
    last_read: Option<(B256, Arc<HeldBatch>)>,
    /// The newest block that was held when a batch was not.
    missed: BTreeMap<B256, u64>,
    /// The newest pair of headers of which L1 was told.
    proven: Option<Contradiction>,
}

/// What was handed over about a challenge.
#[derive(Clone, Copy, Debug)]
struct Sent {
    what: Kind,
    times: u64,
    at: Instant,
}

/// What is done about a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Answer,
    Fell,
    Refund,
}

impl Kind {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Answer => b"answer",
            Self::Fell => b"fell",
            Self::Refund => b"refund",
        }
    }
}

/// Why a desk ends.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// L1 has forked deeper than can be followed.
    #[error(transparent)]
    ForkedTooDeep(#[from] ForkedTooDeep),
    /// A log that the contracts of a right deployment never make.
    #[error(transparent)]
    Log(#[from] DecodeError),
}

/// Why nothing could be done about a challenge now.
#[derive(Debug, thiserror::Error)]
enum Setback {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("what is held cannot be read: {0}")]
    Holdings(#[from] HoldingsError),
    #[error(transparent)]
    Task(#[from] JoinError),
}

impl Desk {
    /// Reads L1 from the deployment on. The newest of `contradictions` is proven.
    #[must_use]
    pub fn new(
        config: DeskConfig,
        l1: DynProvider,
        holdings: Arc<dyn Holdings>,
        calls: Calls,
        mut contradictions: watch::Receiver<Option<Contradiction>>,
    ) -> Self {
        // One that was found before is proven as well.
        contradictions.mark_changed();
        let book = Book::new(config.contracts, config.authorisation);
        let cursor = Cursor::before(config.l1_block);
        Self {
            reader: EventReader::new(l1, cursor, book.filter(), config.reader),
            config,
            book,
            holdings,
            calls,
            contradictions,
            sent: BTreeMap::new(),
            last_read: None,
            missed: BTreeMap::new(),
            proven: None,
        }
    }

    /// Works until it is dropped.
    ///
    /// # Errors
    /// [`DeskError`], for good.
    pub async fn run(&mut self) -> Result<(), DeskError> {
        loop {
            tokio::select! {
                item = self.reader.next() => match item? {
                    Item::Block(block) => self.book.block(&block)?,
                    Item::Rollback { to } => self.book.roll_back(to.map(|block| block.number)),
                },
                Ok(()) = self.contradictions.changed() => {}
                () = sleep(self.config.retry_interval) => {}
            }
            if self.reader.is_at_head() {
                self.act().await;
            }
        }
    }

    async fn act(&mut self) {
        self.sent
            .retain(|id, _| self.book.open().any(|(open, _)| open == *id));
        self.missed
            .retain(|hash, _| self.book.open().any(|(_, it)| it.batchHash == *hash));
        let open: Vec<_> = self
            .book
            .open()
            .map(|(id, challenge)| (id, challenge.clone()))
            .collect();
        for (id, challenge) in open {
            if let Err(setback) = self.act_on(id, &challenge).await {
                let batch = challenge.number;
                tracing::warn!(batch, place = challenge.place, reason = %setback, "a challenge waits");
            }
        }
        if let Err(setback) = self.check_signed().await {
            tracing::warn!(reason = %setback, "a batch is not held against what was signed yet");
        }
        let contradiction = *self.contradictions.borrow_and_update();
        if let Some((one, other)) = contradiction.filter(|_| self.proven != contradiction) {
            self.prove_two_headers(&one, &other).await;
        }
    }

    async fn act_on(&mut self, id: B256, challenge: &Challenge) -> Result<(), Setback> {
        let Some(posted) = self.book.batch(challenge.batchHash).cloned() else {
            return Ok(());
        };
        let is_ours = challenge.challenger == self.calls.account();
        let is_late = self.book.timestamp() >= challenge.deadline;
        if !posted.stands() {
            return match is_ours {
                true => {
                    self.send(id, Kind::Refund, disputes::refund(challenge))
                        .await
                }
                false => Ok(()),
            };
        }
        // What is held was signed, whatever L1 was shown of it in time.
        match (self.held(&posted).await?, is_late) {
            (Some(held), false) => self.answer(id, challenge, &held).await,
            (None, true) => self.fell(id, challenge, &posted).await,
            (Some(_), true) | (None, false) => Ok(()),
        }
    }

    async fn answer(
        &mut self,
        id: B256,
        challenge: &Challenge,
        held: &HeldBatch,
    ) -> Result<(), Setback> {
        let Some((raw, path)) = held.proof_of(challenge.place) else {
            return Ok(());
        };
        let calldata = disputes::answer(challenge, raw, path);
        self.send(id, Kind::Answer, calldata).await
    }

    async fn fell(
        &mut self,
        id: B256,
        challenge: &Challenge,
        posted: &Posted,
    ) -> Result<(), Setback> {
        let parent = self.book.parent_of(&posted.batch);
        let calldata = disputes::fell(
            challenge,
            &Accused {
                batch: &posted.batch,
                parent: parent.unwrap_or(&posted.batch),
            },
        );
        self.send(id, Kind::Fell, calldata).await
    }

    /// The batch's transactions, if all are held and it commits to them.
    async fn held(&mut self, posted: &Posted) -> Result<Option<Arc<HeldBatch>>, Setback> {
        if let Some((hash, held)) = &self.last_read
            && *hash == posted.hash
        {
            return Ok(Some(Arc::clone(held)));
        }
        let Some(first) = posted.first_block else {
            return Ok(None);
        };
        let newest = *self.holdings.newest().borrow();
        if self.missed.get(&posted.hash) == Some(&newest) {
            return Ok(None);
        }
        let (holdings, header) = (Arc::clone(&self.holdings), posted.batch.header);
        let read = move || HeldBatch::read(&*holdings, first, &header);
        let held = spawn_blocking(read).await??;
        let held = held.filter(|held| held.is_of(&posted.batch.header));
        let Some(held) = held else {
            self.missed.insert(posted.hash, newest);
            return Ok(None);
        };
        self.missed.remove(&posted.hash);
        let held = Arc::new(held);
        self.last_read = Some((posted.hash, Arc::clone(&held)));
        Ok(Some(held))
    }

    /// Hands a call over, unless that was done a while ago.
    async fn send(&mut self, id: B256, what: Kind, calldata: Bytes) -> Result<(), Setback> {
        let before = self.sent.get(&id).filter(|sent| sent.what == what);
        if before.is_some_and(|sent| sent.at.elapsed() < SENT_AGAIN) {
            return Ok(());
        }
        let times = before.map_or(0, |sent| sent.times + 1);
        let parts = [what.name(), id.as_slice(), &times.to_be_bytes()];
        let name = IntentId(keccak256_parts(&parts));
        let to = self.config.authorisation;
        if !self.calls.is_known(name).await.map_err(CallError::from)? {
            self.calls.submit(name, free(to, calldata)).await?;
            tracing::info!(challenge = %id, ?what, "sent to L1");
        }
        let at = Instant::now();
        self.sent.insert(id, Sent { what, times, at });
        Ok(())
    }

    /// Holds what was posted against what the sequencer has signed.
    async fn check_signed(&mut self) -> Result<(), Setback> {
        let Some(equivocation) = self.config.equivocation else {
            return Ok(());
        };
        let newest = *self.holdings.newest().borrow();
        let mut contradicted = Vec::new();
        for posted in self.book.unchecked(newest) {
            let (holdings, number) = (Arc::clone(&self.holdings), posted.batch.header.block_number);
            let signed = spawn_blocking(move || holdings.signed_header(number)).await??;
            match signed.filter(|it| contradicts(posted, it)) {
                Some(signed) => contradicted.push((posted.clone(), signed)),
                None => posted.is_checked = true,
            }
        }
        for (posted, signed) in contradicted {
            tracing::error!(
                batch = posted.batch.number,
                block = signed.header.number,
                signed = %signed.header.hash(),
                posted = %posted.batch.header.block_hash,
                "THE SEQUENCER HAS POSTED ANOTHER BLOCK THAN IT HAS SIGNED"
            );
            let calldata = disputes::contradiction(&posted.batch, &signed, &[]);
            if self.prove(equivocation, posted.hash, calldata).await {
                self.book.set_checked(posted.hash);
            }
        }
        Ok(())
    }

    async fn prove_two_headers(&mut self, one: &SignedHeader, other: &SignedHeader) {
        let Some(equivocation) = self.config.equivocation else {
            return;
        };
        tracing::error!(
            block = one.header.number,
            one = %one.header.hash(),
            other = %other.header.hash(),
            "THE SEQUENCER HAS SIGNED TWO BLOCKS OF ONE NUMBER"
        );
        let calldata = disputes::two_headers(one, other);
        let name = keccak256_parts(&[&calldata]);
        if self.prove(equivocation, name, calldata).await {
            self.proven = Some((*one, *other));
        }
    }

    /// Proves a contradiction, if it is one to L1 and its sequencer has a bond still. Answers whether that is done with.
    async fn prove(&self, to: Address, name: B256, calldata: Bytes) -> bool {
        let id = IntentId(keccak256_parts(&[b"equivocation", name.as_slice()]));
        let sent = match self.calls.is_known(id).await {
            Ok(true) => Ok(()),
            Ok(false) => self.calls.submit(id, free(to, calldata)).await,
            Err(error) => Err(error.into()),
        };
        match sent {
            Ok(()) => {
                tracing::info!("the proof that the sequencer contradicts itself is on its way");
                true
            }
            Err(CallError::Refused(reason)) => {
                tracing::warn!(%reason, "L1 does not take the proof that the sequencer contradicts itself");
                true
            }
            Err(error) => {
                tracing::error!(%error, "the proof that the sequencer contradicts itself is not sent yet");
                false
            }
        }
    }
}

const fn free(to: Address, calldata: Bytes) -> Call {
    Call {
        to,
        calldata,
        value: U256::ZERO,
    }
}

/// Whether the sequencer has signed another last block than that of a batch it posted on the same fork.
fn contradicts(posted: &Posted, signed: &SignedHeader) -> bool {
    let header = &posted.batch.header;
    signed.fork_id == posted.fork_id
        && signed.header.number == header.block_number
        && signed.header.hash() != header.block_hash
}
