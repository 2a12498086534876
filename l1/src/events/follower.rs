//! The core of the reader: a state machine that asks one question at a time.
//!
//! Near the head it goes block by block and checks that each names the one before it as its parent; logs are asked for
//! by the block's hash, which a node that does not have that very block refuses. Far behind, below what the chain can
//! still fork at, it takes ranges.

use alloy_rpc_types_eth::Log;

use super::cursor::Cursor;
use super::dialogue::{
    Answer, Block, ForkedTooDeep, Header, Item, LogFilter, Markers, Progress, Question,
};

/// Blocks in the first range, and at most in one.
const RANGE_FIRST: u64 = 1_000;
const RANGE_MAX: u64 = 16_000;

#[derive(Clone, Debug)]
enum State {
    Idle,
    /// The tip has to be looked at before a range, since it may be on a fork that is gone.
    TipInDoubt,
    /// That header follows the tip; its logs are missing.
    Found(Header),
    /// Looking for the last common block; so many links from the end are known to be gone.
    Searching(usize),
    Range(Range),
}

#[derive(Clone, Debug)]
struct Range {
    to: u64,
    logs: Vec<Log>,
    /// Numbers whose headers are still needed, descending.
    missing: Vec<u64>,
    headers: Vec<Header>,
}

/// The core of the reader: it asks one question at a time, and answers what to do with each answer.
///
/// Near the head it goes block by block along the parent hashes; below what is final it takes ranges.
#[derive(Debug)]
pub struct Follower {
    cursor: Cursor,
    filter: LogFilter,
    /// Blocks below the head that no fork reaches, for nodes that do not know what is final.
    fork_depth_max: u64,
    markers: Option<Markers>,
    is_tip_checked: bool,
    range: u64,
    state: State,
}

impl Follower {
    /// Goes on where the cursor is.
    #[must_use]
    pub fn new(cursor: Cursor, filter: LogFilter, fork_depth_max: u64) -> Self {
        Self {
            cursor,
            filter,
            fork_depth_max,
            markers: None,
            is_tip_checked: false,
            range: RANGE_FIRST,
            state: State::Idle,
        }
    }

    /// Where it is, the items that were handed out included.
    #[must_use]
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// What it last heard of the chain.
    #[must_use]
    pub fn markers(&self) -> Option<Markers> {
        self.markers
    }

    /// Which logs it reads.
    #[must_use]
    pub fn filter(&self) -> &LogFilter {
        &self.filter
    }

    /// What it wants to know now.
    #[must_use]
    pub fn question(&self) -> Question {
        match &self.state {
            State::TipInDoubt => Question::Header(self.cursor.next().saturating_sub(1)),
            State::Found(header) => Question::LogsOf(header.block),
            State::Searching(gone) => match self.cursor.back(*gone) {
                Some(link) => Question::Header(link.number),
                None => Question::Markers,
            },
            State::Range(range) => match range.missing.last() {
                Some(number) => Question::Header(*number),
                None => Question::LogsIn(self.cursor.next(), range.to),
            },
            State::Idle => match self.markers {
                Some(markers) if markers.latest.number >= self.cursor.next() => {
                    Question::Header(self.cursor.next())
                }
                _ => Question::Markers,
            },
        }
    }

    /// Takes in the answer to [`question`](Self::question).
    ///
    /// # Errors
    /// [`ForkedTooDeep`], for good.
    pub fn answer(&mut self, answer: Answer) -> Result<Progress, ForkedTooDeep> {
        let state = std::mem::replace(&mut self.state, State::Idle);
        match (state, answer) {
            (State::Searching(gone), Answer::Header(Some(header))) => {
                return self.search(gone, &header);
            }
            // A chain that is shorter now: that block is gone, whatever comes. Going back too far does no harm.
            (State::Searching(gone), Answer::Header(None)) => {
                self.state = State::Searching(gone + 1);
                return Ok(Progress::Continue);
            }
            (State::Searching(gone), Answer::Markers(_)) => return self.roll_back(gone),
            (State::Idle, Answer::Markers(markers)) => return Ok(self.on_markers(markers)),
            (State::Idle, Answer::Header(Some(header))) => return Ok(self.on_next(header)),
            (State::TipInDoubt, Answer::Header(Some(header))) => {
                if self.cursor.tip() == Some(header.block) {
                    self.is_tip_checked = true;
                    self.begin_range();
                    return Ok(Progress::Continue);
                }
                self.state = State::Searching(0);
                return Ok(Progress::Continue);
            }
            (State::Found(header), Answer::Logs(logs)) => return Ok(self.on_block(header, logs)),
            (State::Range(range), Answer::Logs(logs)) => return Ok(self.on_range(range, logs)),
            (State::Range(range), Answer::Header(Some(header))) => {
                return Ok(self.on_range_header(range, header));
            }
            (State::Range(range), Answer::Refused) => {
                let length = range.to + 1 - self.cursor.next();
                self.range = (length / 2).max(1);
                if length > 1 {
                    self.begin_range();
                    return Ok(Progress::Continue);
                }
            }
            _ => {}
        }
        // Whatever it was about has changed, or the node lacks it: begin again with what the chain is now.
        self.markers = None;
        Ok(Progress::Inconsistent(
            "a node lacks a block that it should have",
        ))
    }

    fn on_markers(&mut self, markers: Markers) -> Progress {
        self.markers = Some(markers);
        let latest = markers.latest;
        if latest.number < self.cursor.next() {
            // Forked if that block is another one than the one that was read. Otherwise the node is behind, or there
            // is nothing new.
            let is_known = self
                .cursor
                .at(latest.number)
                .is_none_or(|read| read == latest);
            self.markers = None;
            if is_known {
                self.markers = Some(markers);
                return Progress::AtHead;
            }
            self.state = State::Searching(0);
            return Progress::Continue;
        }
        self.is_tip_checked = self.cursor.tip().is_none();
        self.begin_range();
        Progress::Continue
    }

    /// Begins a range, if there is enough to read that cannot fork any more.
    fn begin_range(&mut self) {
        let Some(markers) = self.markers else { return };
        let by_depth = markers.latest.number.saturating_sub(self.fork_depth_max);
        let settled = markers
            .finalized
            .unwrap_or(by_depth)
            .min(markers.latest.number);
        let next = self.cursor.next();
        if settled <= next {
            return;
        }
        if !self.is_tip_checked {
            self.state = State::TipInDoubt;
            return;
        }
        let to = settled.min(next + self.range - 1);
        self.state = State::Range(Range {
            to,
            logs: Vec::new(),
            missing: Vec::new(),
            headers: Vec::new(),
        });
    }

    /// The header of the block after the tip.
    fn on_next(&mut self, header: Header) -> Progress {
        if header.block.number != self.cursor.next() {
            self.markers = None;
            return Progress::Inconsistent("a node answers another block than was asked for");
        }
        match self.cursor.tip() {
            Some(tip) if header.parent != tip.hash => self.state = State::Searching(0),
            _ => self.state = State::Found(header),
        }
        Progress::Continue
    }

    fn on_block(&mut self, header: Header, mut logs: Vec<Log>) -> Progress {
        if !logs.iter().all(|log| self.is_of(log, &header)) {
            self.markers = None;
            return Progress::Inconsistent("a node answers logs of another block");
        }
        logs.sort_by_key(|log| log.log_index);
        self.cursor.push(header.block);
        Progress::Items(vec![Item::Block(Block { header, logs })])
    }

    fn on_range(&mut self, mut range: Range, mut logs: Vec<Log>) -> Progress {
        let from = self.cursor.next();
        let number = |log: &Log| log.block_number.unwrap_or(u64::MAX);
        if !logs
            .iter()
            .all(|log| (from..=range.to).contains(&number(log)))
        {
            return Progress::Inconsistent("a node answers logs of another range");
        }
        logs.sort_by_key(|log| (number(log), log.log_index));
        let mut numbers: Vec<_> = logs.iter().map(number).chain([range.to]).collect();
        numbers.dedup();
        numbers.reverse();
        range.missing = numbers;
        range.logs = logs;
        self.state = State::Range(range);
        Progress::Continue
    }

    fn on_range_header(&mut self, mut range: Range, header: Header) -> Progress {
        if range.missing.pop() != Some(header.block.number) {
            return Progress::Inconsistent("a node answers another block than was asked for");
        }
        range.headers.push(header);
        if !range.missing.is_empty() {
            self.state = State::Range(range);
            return Progress::Continue;
        }
        let mut logs = range.logs.into_iter().peekable();
        let mut items = Vec::new();
        for header in range.headers {
            let mut block = Block {
                header,
                logs: Vec::new(),
            };
            while let Some(log) = logs.next_if(|log| log.block_number == Some(header.block.number))
            {
                if !self.is_of(&log, &header) {
                    return Progress::Inconsistent("a node answers logs of a fork");
                }
                block.logs.push(log);
            }
            items.push(Item::Block(block));
        }
        for item in &items {
            if let Item::Block(block) = item {
                self.cursor.push(block.header.block);
            }
        }
        self.range = self.range.saturating_mul(2).min(RANGE_MAX);
        self.begin_range();
        Progress::Items(items)
    }

    /// A header at the number of a link: is that one still there?
    fn search(&mut self, gone: usize, header: &Header) -> Result<Progress, ForkedTooDeep> {
        let Some(link) = self.cursor.back(gone) else {
            return self.roll_back(gone);
        };
        if header.block == link {
            return self.roll_back(gone);
        }
        self.state = State::Searching(gone + 1);
        Ok(Progress::Continue)
    }

    fn roll_back(&mut self, gone: usize) -> Result<Progress, ForkedTooDeep> {
        self.markers = None;
        if gone == 0 {
            return Ok(Progress::Inconsistent(
                "a node saw a fork and does not any more",
            ));
        }
        if !self.cursor.roll_back(gone) {
            return Err(ForkedTooDeep);
        }
        let to = self.cursor.tip();
        Ok(Progress::Items(vec![Item::Rollback { to }]))
    }

    fn is_of(&self, log: &Log, header: &Header) -> bool {
        let filter = &self.filter;
        log.block_hash == Some(header.block.hash)
            && log.block_number == Some(header.block.number)
            && !log.removed
            && filter.addresses.contains(&log.address())
            && (filter.topics.is_empty()
                || log
                    .topic0()
                    .is_some_and(|topic| filter.topics.contains(topic)))
    }
}
