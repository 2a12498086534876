//! How a session begins: the place on L1, the batches cut again as they were, the attempts taken over.

use alloy_primitives::B256;
use spillway_l1::batches::{self, BatchEvent};
use spillway_l1::events::{EventReader, Item, ReaderSettings};
use spillway_protocol::batch::BatchHeader;
use tokio::task::spawn_blocking;

use super::attempts::{Attempts, Course};
use super::feed::{Feed, FeedError};
use super::report::Report;
use super::session::{End, Reason};
use super::standing::{Place, Standing};
use super::{Batcher, BatcherConfig, BatcherError, begin};
use crate::batch::SealedBatch;
use crate::journal::Ledger;
use crate::poster::Poster;
use crate::price::Form;

/// What a session starts with.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) reader: EventReader,
    pub(super) standing: Standing,
    pub(super) feed: Box<Feed>,
    pub(super) poster: Poster,
}

/// A batch that was cut before, and by whom.
#[derive(Debug)]
enum Cut {
    /// It stands on L1 with that number.
    Standing(u64, BatchHeader),
    /// It is under way.
    UnderWay(BatchHeader),
}

impl Cut {
    const fn header(&self) -> &BatchHeader {
        match self {
            Self::Standing(_, header) | Self::UnderWay(header) => header,
        }
    }
}

/// Begins.
pub(super) async fn open(batcher: &mut Batcher) -> Result<Opening, End> {
    let found = begin::find(&batcher.provider, &batcher.config).await;
    let (mut standing, cursor) = found.map_err(Reason::Place)?;
    let mut reader = EventReader::new(
        batcher.provider.clone(),
        cursor,
        batches::filter(batcher.config.contracts.rollup),
        ReaderSettings {
            poll_interval: batcher.config.poll_interval,
            retry_interval: batcher.config.retry_interval,
            fork_depth_max: begin::fork_depth(batcher.config.finality),
        },
    );
    read_to_head(batcher, &mut reader, &mut standing).await?;
    check_fork(&batcher.config, &standing)?;
    let head = standing.head().map_err(|_| Reason::BaseFell)?;
    let (feed, sealed) = cut_again(batcher, &standing, head).await?;

    let form = batcher
        .attempts
        .all()
        .last()
        .map_or(Form::Blobs, |last| last.form);
    let mut poster = Poster::new(
        batcher.config.posting,
        batcher.config.in_flight_max,
        form,
        standing.base().header_hash,
    );
    let resumed = sealed.len();
    for batch in sealed {
        poster.seal(batch).map_err(Reason::Diverged)?;
    }
    poster.l1_head(head.header_hash).map_err(Reason::Diverged)?;
    take_over(batcher, &mut poster, standing.base().block).await;
    let (batch, block) = (head.number, head.block);
    let began = Report::Began {
        batch,
        block,
        resumed,
    };
    batcher.report(began).await;
    Ok(Opening {
        reader,
        standing,
        feed,
        poster,
    })
}

async fn read_to_head(
    batcher: &Batcher,
    reader: &mut EventReader,
    standing: &mut Standing,
) -> Result<(), Reason> {
    loop {
        match reader.next_ready().await? {
            Some(item) => {
                take_in(batcher, standing, item)?;
            }
            None if reader.is_at_head() => return Ok(()),
            None => tokio::time::sleep(batcher.config.retry_interval).await,
        }
    }
}

/// Takes in what happened on L1. Answers what needs an operator, if something does.
pub(super) fn take_in(
    batcher: &Batcher,
    standing: &mut Standing,
    item: Item,
) -> Result<Option<BatcherError>, Reason> {
    let block = match item {
        Item::Rollback { to } => {
            standing.roll_back(to.map_or(0, |block| block.number));
            return Ok(None);
        }
        Item::Block(block) => block,
    };
    let mut alarm = None;
    for log in &block.logs {
        let Some(event) = batches::event(&batcher.config.contracts, log)? else {
            continue;
        };
        match &event {
            BatchEvent::Escaped => alarm = Some(BatcherError::Escaped),
            BatchEvent::Submitted(_)
            | BatchEvent::Reverted { .. }
            | BatchEvent::Finalized { .. } => {}
        }
        standing.apply(block.header.block.number, event);
    }
    Ok(alarm)
}

/// Nothing is posted while the journal has not followed the reverts that L1 has, or has followed some that L1 took back: its
/// blocks are void.
pub(super) fn check_fork(config: &BatcherConfig, standing: &Standing) -> Result<(), Reason> {
    let (on_l1, followed) = (standing.forks(), config.fork_id);
    if on_l1 == followed {
        return Ok(());
    }
    Err(Reason::OtherFork { on_l1, followed })
}

/// Packs the journal from the base on, and cuts where batches were cut that stand or are under way.
async fn cut_again(
    batcher: &Batcher,
    standing: &Standing,
    head: Place,
) -> Result<(Box<Feed>, Vec<SealedBatch>), End> {
    let base = *standing.base();
    let batches = standing.batches().map_err(|_| Reason::BaseFell)?;
    let mut cuts: Vec<_> = batches
        .into_iter()
        .map(|(number, header)| Cut::Standing(number, *header))
        .collect();
    let under_way = batcher.attempts.chain_from(head.header_hash);
    cuts.extend(
        under_way
            .into_iter()
            .map(|attempt| Cut::UnderWay(attempt.header)),
    );
    let journal = batcher.journal.clone();
    let work = move || -> Result<_, End> {
        let ledger = journal
            .ledger_after(base.block)
            .map_err(FeedError::Journal)?;
        check_base(&base, &ledger)?;
        let blocks = journal.blocks_after(base.block);
        let mut feed = Box::new(Feed::new(ledger, base.header_hash, blocks));
        let mut sealed = Vec::with_capacity(cuts.len());
        for cut in &cuts {
            let batch = feed.cut(cut.header().block_number)?;
            let is_same = batch.header == *cut.header();
            sealed.push(batch);
            match cut {
                _ if is_same => {}
                // L1 refuses what does not continue its head, so this one does no harm.
                Cut::UnderWay(_) => break,
                Cut::Standing(number, _) => return Err(Reason::Foreign(*number).into()),
            }
        }
        Ok((feed, sealed))
    };
    spawn_blocking(work).await.map_err(BatcherError::Task)?
}

/// Makes sure that the newest final batch is what this journal leads to. Building on another one would be posting a wrong
/// batch.
fn check_base(base: &Place, ledger: &Ledger) -> Result<(), BatcherError> {
    let is_ours = base.number == 0
        || (ledger.head.hash() == base.block_hash
            && ledger.tree.root(&ledger.state) == base.state_root);
    if is_ours {
        return Ok(());
    }
    let (number, block) = (base.number, base.block);
    Err(BatcherError::Foreign { number, block })
}

/// Tells the poster what was tried for its batches, and cancels what is under way for others after the base.
async fn take_over(batcher: &mut Batcher, poster: &mut Poster, base: u64) {
    let mut unfit = Vec::new();
    for attempt in batcher.attempts.all() {
        if poster.knows(attempt.header_hash) {
            remind(poster, &batcher.attempts, attempt.header_hash);
        } else if attempt.course == Course::UnderWay && attempt.header.block_number > base {
            unfit.push((attempt.form, attempt.id));
        }
    }
    for (form, id) in unfit {
        batcher.cancel(form, id).await;
    }
}

/// Tells the poster what was tried for a batch that it knows.
pub(super) fn remind(poster: &mut Poster, attempts: &Attempts, header_hash: B256) {
    for attempt in attempts.of_batch(header_hash) {
        poster.resume(header_hash, attempt.form, attempt.failures);
        let is_over = match attempt.course {
            Course::UnderWay => false,
            Course::Failed => true,
            // It did get there. If the batch does not stand all the same, it has fallen.
            Course::Ended => !poster.stands(header_hash),
        };
        if is_over {
            poster.failed(attempt.id);
        }
    }
}

impl Batcher {
    pub(super) async fn cancel(&self, form: Form, id: B256) {
        self.accounts
            .of(form)
            .cancel(spillway_l1::transactions::IntentId(id))
            .await;
        self.report(Report::Cancelled { id }).await;
    }
}

impl Attempts {
    /// Lets go of what ended for batches up to that block, and answers those whose managers are to forget them.
    pub(super) fn settle(&mut self, block: u64) -> Vec<(Form, B256)> {
        let is_over = |attempt: &super::attempts::Attempt| {
            attempt.header.block_number <= block && attempt.course != Course::UnderWay
        };
        let over: Vec<_> = self
            .all()
            .iter()
            .filter(|attempt| is_over(attempt))
            .cloned()
            .collect();
        for attempt in &over {
            self.forget(attempt.id);
        }
        let ended = over
            .iter()
            .filter(|attempt| attempt.course == Course::Ended);
        ended.map(|attempt| (attempt.form, attempt.id)).collect()
    }
}
