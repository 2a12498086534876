//! In which blocks an account, a token or a topic occurs: sections of sorted postings in one file that only grows, and the
//! newest blocks' postings in memory.
//!
//! A posting costs a few instructions when its block is indexed, and eight bytes on disk for each key of a block. A search
//! looks into each section of its range once, so it costs about a microsecond for 65,536 postings, whatever is found.

use std::fs::File;
use std::io;
use std::ops::{ControlFlow, RangeInclusive};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use alloy_primitives::{Address, B256};
use parking_lot::RwLock;

use super::postings::{self, BLOCKS_MAX, Key, is_logged, key_of, offset_of, posting};
use super::section::{HEADER_BYTES, Section};
use crate::effects::Effect;
use crate::logs;

/// Postings in memory before they become a section.
const SECTION_POSTINGS: usize = 65_536;

/// The index of activity.
#[derive(Debug)]
pub(super) struct Activity {
    file: File,
    state: RwLock<State>,
    section_postings: usize,
}

#[derive(Debug)]
struct State {
    sections: Vec<Arc<Section>>,
    /// The first block after the sections.
    first_open: u64,
    /// The last block with postings in here; what follows has not been indexed.
    last: u64,
    open: Vec<u64>,
    /// Whether a block is missing: nothing is added after it.
    is_stopped: bool,
}

impl State {
    fn sections_end(&self) -> u64 {
        self.sections.last().map_or(0, |section| section.end())
    }
}

/// What a block has to be searched for.
#[derive(Clone, Debug)]
pub struct Search {
    /// For each of these, the block has one of its keys.
    pub all_of: Vec<Vec<Key>>,
    /// Whether a log has it.
    pub logged: bool,
}

/// The postings of a block on their way into the index.
#[derive(Debug, Default)]
pub(super) struct BlockKeys {
    logged: Vec<Key>,
    parties: Vec<Key>,
    /// Keys that nearly every log has: one of each will do.
    common: Vec<Key>,
}

/// Different common keys that are told apart before sorting does.
const COMMON_MAX: usize = 16;

impl BlockKeys {
    /// Adds the keys of an effect: of its logs, or of its parties if it has none.
    pub(super) fn add(&mut self, effect: &Effect<'_>) {
        if logs::count(effect) == 0 {
            let parties = effect.parties();
            self.parties.extend(parties.iter().map(Key::address));
            return;
        }
        logs::of_effect(effect, |log| {
            self.add_common(Key::ANY_LOG);
            self.add_common(Key::address(&log.address));
            let mut topics = log.topics().iter();
            if let Some(signature) = topics.next() {
                self.add_common(Key::topic(signature));
            }
            self.logged.extend(topics.map(Key::topic));
        });
    }

    /// Keys, each with whether a log has it.
    #[cfg(test)]
    pub(super) fn of(keys: impl Iterator<Item = (Key, bool)>) -> Self {
        let mut found = Self::default();
        for (key, logged) in keys {
            match logged {
                true => found.logged.push(key),
                false => found.parties.push(key),
            }
        }
        found
    }

    fn add_common(&mut self, key: Key) {
        if self.common.contains(&key) {
            return;
        }
        if self.common.len() < COMMON_MAX {
            self.common.push(key);
        }
        self.logged.push(key);
    }
}

impl Activity {
    /// Opens or creates the file. What a crash left half written at its end is cut off.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::open_with(path, SECTION_POSTINGS)
    }

    /// The same with sections of another size.
    pub(super) fn open_with(path: &Path, section_postings: usize) -> io::Result<Self> {
        let mut options = File::options();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let len = file.metadata()?.len();
        let (mut sections, mut at) = (Vec::<Arc<Section>>::new(), 0);
        let mut header = [0; HEADER_BYTES];
        while at + HEADER_BYTES as u64 <= len {
            file.read_exact_at(&mut header, at)?;
            let next = sections.last().map_or(1, |section| section.last_block + 1);
            let section = Section::decode(at, &header)
                .filter(|section| section.first_block == next && section.end() <= len);
            let Some(section) = section else { break };
            at = section.end();
            sections.push(Arc::new(section));
        }
        file.set_len(at)?;
        let last = sections.last().map_or(0, |section| section.last_block);
        let state = State {
            sections,
            first_open: last + 1,
            last,
            open: Vec::new(),
            is_stopped: false,
        };
        Ok(Self {
            file,
            state: RwLock::new(state),
            section_postings,
        })
    }

    /// The last block that is indexed; 0 for none.
    pub(super) fn last(&self) -> u64 {
        self.state.read().last
    }

    /// The last block of the sections, and its hash.
    pub(super) fn last_in_file(&self) -> Option<(u64, B256)> {
        let state = self.state.read();
        let last = state.sections.last()?;
        Some((last.last_block, last.last_hash))
    }

    /// The next block cannot be had: nothing more is added.
    pub(super) fn stop(&self) {
        self.state.write().is_stopped = true;
    }

    /// Adds the next block. One that is there already is passed over, and so is every one after a stop.
    pub(super) fn add(&self, number: u64, hash: B256, keys: &BlockKeys) -> io::Result<()> {
        let full = {
            let mut state = self.state.write();
            if number <= state.last || state.is_stopped {
                return Ok(());
            }
            let offset = u16::try_from(number - state.first_open).map_err(io::Error::other)?;
            let logged = keys.logged.iter().map(|key| posting(*key, offset, true));
            let parties = keys.parties.iter().map(|key| posting(*key, offset, false));
            state.open.extend(logged.chain(parties));
            state.last = number;
            state.open.len() >= self.section_postings || number - state.first_open + 1 == BLOCKS_MAX
        };
        if full { self.close(hash) } else { Ok(()) }
    }

    /// Makes a section of the newest blocks, unless many of their postings turn out to be the same.
    fn close(&self, last_hash: B256) -> io::Result<()> {
        let (mut sorted, first, last, end) = {
            let state = self.state.read();
            let blocks = (state.first_open, state.last);
            (state.open.clone(), blocks.0, blocks.1, state.sections_end())
        };
        postings::sort(&mut sorted);
        if sorted.len() < self.section_postings / 2 && last - first + 1 < BLOCKS_MAX {
            self.state.write().open = sorted;
            return Ok(());
        }
        let (section, bytes) = Section::encode(end, (first, last), last_hash, &sorted);
        self.file.write_all_at(&bytes, end)?;
        let mut state = self.state.write();
        state.sections.push(Arc::new(section));
        state.first_open = last + 1;
        state.open = Vec::new();
        Ok(())
    }

    /// Shows the blocks of the range that may have what is searched for, ascending or descending, until `visit` ends it.
    /// Answers the last block that was searched.
    pub(super) fn search(
        &self,
        search: &Search,
        range: &RangeInclusive<u64>,
        descending: bool,
        mut visit: impl FnMut(u64) -> ControlFlow<()>,
    ) -> io::Result<u64> {
        let (sections, open, first_open, last) = {
            let state = self.state.read();
            let open = matching(search, |key| Ok(in_memory(&state.open, key, search.logged)))?;
            (state.sections.clone(), open, state.first_open, state.last)
        };
        let mut parts: Vec<_> = sections.iter().map(Some).collect();
        parts.push(None);
        if descending {
            parts.reverse();
        }
        for part in parts {
            let (first, offsets) = match part {
                None => (first_open, open.clone()),
                Some(section) => {
                    if section.last_block < *range.start() || section.first_block > *range.end() {
                        continue;
                    }
                    let look_up = |key| section.blocks_of(&self.file, key, search.logged);
                    (section.first_block, matching(search, look_up)?)
                }
            };
            let blocks = offsets.into_iter().map(|offset| first + u64::from(offset));
            let mut blocks: Vec<_> = blocks.filter(|block| range.contains(block)).collect();
            if descending {
                blocks.reverse();
            }
            if blocks.into_iter().try_for_each(&mut visit).is_break() {
                break;
            }
        }
        Ok(last)
    }
}

/// The offsets that fulfil all of a search, ascending.
fn matching(
    search: &Search,
    look_up: impl Fn(Key) -> io::Result<Vec<u16>>,
) -> io::Result<Vec<u16>> {
    let mut found: Option<Vec<u16>> = None;
    for alternatives in &search.all_of {
        let mut offsets = Vec::new();
        for key in alternatives {
            offsets.extend(look_up(*key)?);
        }
        offsets.sort_unstable();
        offsets.dedup();
        if let Some(before) = &found {
            offsets.retain(|offset| before.binary_search(offset).is_ok());
        }
        if offsets.is_empty() {
            return Ok(offsets);
        }
        found = Some(offsets);
    }
    Ok(found.unwrap_or_default())
}

/// The offsets of a key among unsorted postings.
fn in_memory(open: &[u64], key: Key, logged: bool) -> Vec<u16> {
    let found = open
        .iter()
        .filter(|posting| key_of(**posting) == key && (is_logged(**posting) || !logged));
    found.map(|posting| offset_of(*posting)).collect()
}

impl Search {
    /// The blocks in which an account takes part in something.
    #[must_use]
    pub fn account(address: &Address) -> Self {
        Self {
            all_of: vec![vec![Key::address(address)]],
            logged: false,
        }
    }
}
