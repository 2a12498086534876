//! How a session begins: the place on L1, the batches cut again as they were, the attempts taken over.

use alloy_primitives::B256;
use spillway_l1::batches;
use spillway_l1::events::{EventReader, Item, ReaderSettings};
use spillway_protocol::batch::BatchHeader;
use tokio::task::spawn_blocking;

use super::attempts::{Attempts, Course};
use super::feed::{Feed, FeedError};
use super::report::Report;
use super::session::{End, Reason};
use super::standing::{Place, Standing};
use super::{Batcher, BatcherError, begin};
use crate::batch::SealedBatch;
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
    take_over(batcher, &mut poster).await;
    poster.l1_head(head.header_hash).map_err(Reason::Diverged)?;
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
            Some(item) => take_in(batcher, standing, item)?,
            None if reader.is_at_head() => return Ok(()),
            None => tokio::time::sleep(batcher.config.retry_interval).await,
        }
    }
}

/// Takes in what happened on L1.
pub(super) fn take_in(
    batcher: &Batcher,
    standing: &mut Standing,
    item: Item,
) -> Result<(), Reason> {
    match item {
        Item::Rollback { to } => standing.roll_back(to.map_or(0, |block| block.number)),
        Item::Block(block) => {
            for log in &block.logs {
                if let Some(event) = batches::event(&batcher.config.contracts, log)? {
                    standing.apply(block.header.block.number, event);
                }
            }
        }
    }
    Ok(())
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
                Cut::Standing(number, header) => {
                    let (number, block) = (*number, header.block_number);
                    return Err(BatcherError::Foreign { number, block }.into());
                }
            }
        }
        Ok((feed, sealed))
    };
    spawn_blocking(work).await.map_err(BatcherError::Task)?
}

/// Tells the poster which of its batches are under way, and cancels what is under way for others.
async fn take_over(batcher: &mut Batcher, poster: &mut Poster) {
    let mut unfit = Vec::new();
    for attempt in batcher.attempts.all() {
        if poster.knows(attempt.header_hash) {
            poster.resume(attempt.header_hash, attempt.form, attempt.failures);
            if attempt.course == Course::Failed {
                poster.failed(attempt.id);
            }
        } else if attempt.course == Course::UnderWay {
            unfit.push((attempt.form, attempt.id));
        }
    }
    for (form, id) in unfit {
        batcher.cancel(form, id).await;
    }
}

impl Batcher {
    async fn cancel(&self, form: Form, id: B256) {
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
