//! Drives a [`Follower`] with a node.

use std::collections::VecDeque;
use std::time::Duration;

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::Filter;
use alloy_transport::{TransportError, TransportErrorKind};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::cursor::Cursor;
use super::dialogue::{
    Answer, ForkedTooDeep, Header, Item, LogFilter, Markers, Progress, Question,
};
use super::follower::Follower;
use crate::transactions::BlockRef;

/// How a reader behaves.
#[derive(Clone, Copy, Debug)]
pub struct ReaderSettings {
    /// How often the head is asked for when everything is read.
    pub poll_interval: Duration,
    /// The wait after an answer that makes no sense, or none.
    pub retry_interval: Duration,
    /// Blocks below the head at which the chain does not fork any more, if the node does not say what is final.
    pub fork_depth_max: u64,
}

impl Default for ReaderSettings {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_secs(2),
            retry_interval: Duration::from_secs(1),
            fork_depth_max: 128,
        }
    }
}

/// Reads the logs of some contracts for ever. See the [module](super).
#[derive(Debug)]
pub struct EventReader {
    provider: DynProvider,
    settings: ReaderSettings,
    core: Follower,
    /// Items that were read and not handed out, with the cursor after each.
    ready: VecDeque<(Item, Cursor)>,
    handed_out: Cursor,
    /// The question that is under way. It stays so when nobody waits for the answer for a moment: who waits for other things as
    /// well would otherwise ask a slow node the same for ever.
    asked: Option<Asked>,
    /// When the next question may be asked.
    pause: Option<Instant>,
}

/// A question that is under way.
#[derive(Debug)]
struct Asked(JoinHandle<Result<Answer, TransportError>>);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl EventReader {
    /// Goes on where the cursor is.
    #[must_use]
    pub fn new(
        provider: DynProvider,
        cursor: Cursor,
        filter: LogFilter,
        settings: ReaderSettings,
    ) -> Self {
        Self {
            provider,
            settings,
            core: Follower::new(cursor.clone(), filter, settings.fork_depth_max),
            ready: VecDeque::new(),
            handed_out: cursor,
            asked: None,
            pause: None,
        }
    }

    /// Where the reader is: after the last item that was handed out.
    #[must_use]
    pub fn cursor(&self) -> &Cursor {
        &self.handed_out
    }

    /// What the reader last heard of the chain; none before the first answer.
    #[must_use]
    pub fn markers(&self) -> Option<Markers> {
        self.core.markers()
    }

    /// Whether everything up to the head that the reader last heard of is handed out.
    #[must_use]
    pub fn is_at_head(&self) -> bool {
        let Some(Markers { latest, .. }) = self.markers() else {
            return false;
        };
        match self.handed_out.tip() {
            Some(tip) => tip == latest,
            None => latest.number < self.handed_out.next(),
        }
    }

    /// The next block or rollback. Waits for one as long as it takes; a node that does not answer is asked again.
    ///
    /// May be dropped at any point and called again.
    ///
    /// # Errors
    /// [`ForkedTooDeep`], for good.
    pub async fn next(&mut self) -> Result<Item, ForkedTooDeep> {
        loop {
            if let Some((item, cursor)) = self.ready.pop_front() {
                self.handed_out = cursor;
                return Ok(item);
            }
            if let Some(until) = self.pause {
                sleep_until(until).await;
                self.pause = None;
            }
            if let Some(pause) = self.ask_once().await? {
                self.pause = Some(Instant::now() + pause);
            }
        }
    }

    /// The next item if there is one already, none if everything is read.
    ///
    /// # Errors
    /// [`ForkedTooDeep`], for good.
    pub async fn next_ready(&mut self) -> Result<Option<Item>, ForkedTooDeep> {
        loop {
            if let Some((item, cursor)) = self.ready.pop_front() {
                self.handed_out = cursor;
                return Ok(Some(item));
            }
            if self.ask_once().await?.is_some() {
                return Ok(None);
            }
        }
    }

    /// Asks one question. Answers how long to wait before the next one.
    async fn ask_once(&mut self) -> Result<Option<Duration>, ForkedTooDeep> {
        let question = self.core.question();
        let asked = self.asked.get_or_insert_with(|| {
            let (provider, filter) = (self.provider.clone(), self.core.filter().clone());
            let question = question.clone();
            Asked(tokio::spawn(async move {
                ask(&provider, &filter, &question).await
            }))
        });
        let answered = (&mut asked.0).await;
        let answered = answered.unwrap_or_else(|error| Err(TransportErrorKind::custom(error)));
        self.asked = None;
        let answer = match answered {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(%error, ?question, "L1 does not answer; it is asked again");
                return Ok(Some(self.settings.retry_interval));
            }
        };
        let before = self.core.cursor().clone();
        match self.core.answer(answer)? {
            Progress::Continue => Ok(None),
            Progress::AtHead => Ok(Some(self.settings.poll_interval)),
            Progress::Inconsistent(reason) => {
                tracing::warn!(
                    ?question,
                    reason,
                    "L1 contradicts itself; it is asked again"
                );
                Ok(Some(self.settings.retry_interval))
            }
            Progress::Items(items) => {
                self.keep(before, items);
                Ok(None)
            }
        }
    }

    fn keep(&mut self, mut cursor: Cursor, items: Vec<Item>) {
        for item in items {
            match &item {
                Item::Block(block) => cursor.push(block.header.block),
                Item::Rollback { .. } => cursor = self.core.cursor().clone(),
            }
            self.ready.push_back((item, cursor.clone()));
        }
    }
}

async fn ask(
    provider: &DynProvider,
    filter: &LogFilter,
    question: &Question,
) -> Result<Answer, TransportError> {
    match question {
        Question::Markers => Ok(markers(provider)
            .await?
            .map_or(Answer::Refused, Answer::Markers)),
        Question::Header(number) => {
            let header = header(provider, BlockNumberOrTag::Number(*number)).await?;
            Ok(Answer::Header(header))
        }
        Question::LogsOf(block) => {
            logs(provider, log_filter(filter).at_block_hash(block.hash)).await
        }
        Question::LogsIn(from, to) => {
            logs(provider, log_filter(filter).from_block(*from).to_block(*to)).await
        }
    }
}

/// How far the chain is. None if the node does not know its own head.
///
/// # Errors
/// When no node answers.
pub async fn markers(provider: &DynProvider) -> Result<Option<Markers>, TransportError> {
    let Some(latest) = header(provider, BlockNumberOrTag::Latest).await? else {
        return Ok(None);
    };
    Ok(Some(Markers {
        latest: latest.block,
        safe: tagged(provider, BlockNumberOrTag::Safe).await?,
        finalized: tagged(provider, BlockNumberOrTag::Finalized).await?,
    }))
}

/// A node that does not know the tag answers an error: it says nothing about finality then.
async fn tagged(
    provider: &DynProvider,
    tag: BlockNumberOrTag,
) -> Result<Option<u64>, TransportError> {
    match header(provider, tag).await {
        Ok(header) => Ok(header.map(|header| header.block.number)),
        Err(error) if error.is_error_resp() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn header(
    provider: &DynProvider,
    tag: BlockNumberOrTag,
) -> Result<Option<Header>, TransportError> {
    let block = provider.get_block(BlockId::Number(tag)).await?;
    Ok(block.map(|block| Header {
        block: BlockRef {
            number: block.header.number,
            hash: block.header.hash,
        },
        parent: block.header.parent_hash,
        timestamp: block.header.timestamp,
    }))
}

fn log_filter(filter: &LogFilter) -> Filter {
    let asked = Filter::new().address(filter.addresses.clone());
    if filter.topics.is_empty() {
        asked
    } else {
        asked.event_signature(filter.topics.clone())
    }
}

async fn logs(provider: &DynProvider, filter: Filter) -> Result<Answer, TransportError> {
    match provider.get_logs(&filter).await {
        Ok(logs) => Ok(Answer::Logs(logs)),
        Err(error) if error.is_error_resp() => {
            tracing::debug!(%error, "logs refused");
            Ok(Answer::Refused)
        }
        Err(error) => Err(error),
    }
}
