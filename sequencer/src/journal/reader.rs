//! Reading what is durable, beside the appender.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::{
    error::JournalError,
    segment::{Extent, Segment},
    storage::Storage,
};

/// Which records are durable and where they lie. The appender extends it after each sync.
pub(super) struct Catalogue {
    state: RwLock<CatalogueState>,
}

struct CatalogueState {
    segments: Vec<Extent>,
    last_synced: u64,
}

impl Catalogue {
    pub(super) fn new(segments: Vec<Extent>, last_synced: u64) -> Self {
        Self {
            state: RwLock::new(CatalogueState {
                segments,
                last_synced,
            }),
        }
    }

    pub(super) fn last_synced(&self) -> u64 {
        self.read().last_synced
    }

    /// Shows a record that has just been synced: the extent is its segment's, now that the record
    /// is in it.
    pub(super) fn publish(&self, extent: Extent, last_synced: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match state.segments.last_mut() {
            Some(tail) if tail.first == extent.first => *tail = extent,
            _ => state.segments.push(extent),
        }
        state.last_synced = last_synced;
    }

    /// The segment that holds a record, and that segment's last durable record. `None` if the
    /// record is not durable.
    fn find(&self, number: u64) -> Option<(Extent, u64)> {
        let state = self.read();
        if number > state.last_synced {
            return None;
        }
        let after = state
            .segments
            .partition_point(|extent| extent.first <= number);
        let extent = *state.segments.get(after.checked_sub(1)?)?;
        let last = state
            .segments
            .get(after)
            .map_or(state.last_synced, |next| next.first - 1);
        Some((extent, last))
    }

    /// No update can panic half-way, so a poisoned lock guards a sound state.
    fn read(&self) -> RwLockReadGuard<'_, CatalogueState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads durable records, from any thread and beside the appender.
#[derive(Clone)]
pub struct Reader {
    storage: Arc<dyn Storage>,
    catalogue: Arc<Catalogue>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("last_synced", &self.last_synced())
            .finish_non_exhaustive()
    }
}

impl Reader {
    pub(super) fn new(storage: Arc<dyn Storage>, catalogue: Arc<Catalogue>) -> Self {
        Self { storage, catalogue }
    }

    /// The number of the last durable record, 0 if there is none.
    pub fn last_synced(&self) -> u64 {
        self.catalogue.last_synced()
    }

    /// The segments in their order, each with its last durable record.
    pub(super) fn segments(&self) -> Vec<(Extent, u64)> {
        let state = self.catalogue.read();
        let following = state.segments.iter().skip(1);
        let lasts = following.map(|next| next.first - 1);
        let lasts = lasts.chain([state.last_synced]);
        state.segments.iter().copied().zip(lasts).collect()
    }

    /// A segment's file.
    pub(super) fn segment(&self, extent: Extent) -> Result<Segment, JournalError> {
        Segment::open(&*self.storage, extent)
    }

    /// Reads one record: replaces what is in `payload`, and answers whether there is such a record.
    /// After an error the buffer's content is unspecified.
    ///
    /// A damaged record is [`JournalError::Corrupt`]; the others stay readable.
    pub fn read(&self, number: u64, payload: &mut Vec<u8>) -> Result<bool, JournalError> {
        let Some((extent, last)) = self.catalogue.find(number) else {
            return Ok(false);
        };
        let segment = Segment::open(&*self.storage, extent)?;
        let offset = segment.locate(number, last)?;
        segment
            .read_record(number, offset, payload)
            .map_err(|fault| segment.error(fault, number, offset))?;
        Ok(true)
    }

    /// The records from a number on (from 1 if it is 0), in order. A number that is not durable yet
    /// is fine: the records come when they are.
    pub fn records_from(&self, number: u64) -> Records {
        Records {
            reader: self.clone(),
            next: number.max(1),
            place: None,
            payload: Vec::new(),
        }
    }
}

/// A record, borrowed from the [`Records`] that read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number.
    pub number: u64,
    /// Its bytes, as they were appended.
    pub payload: &'a [u8],
}

/// Reads records in order, into one buffer that is used again.
pub struct Records {
    reader: Reader,
    /// The number of the next record.
    next: u64,
    /// The segment of the record before that, and where that record ends.
    place: Option<(Segment, u64)>,
    payload: Vec<u8>,
}

impl Records {
    /// The next durable record; `None` while there is none. Later calls see what has become durable
    /// since, so that a follower can wait and go on. After an error the next call tries the same
    /// record again.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, JournalError> {
        let number = self.next;
        let Some((extent, last)) = self.reader.catalogue.find(number) else {
            return Ok(None);
        };
        let (mut segment, offset) = match self.place.take() {
            Some((segment, offset)) if segment.extent.first == extent.first => (segment, offset),
            _ => {
                let segment = Segment::open(&*self.reader.storage, extent)?;
                let offset = segment.locate(number, last)?;
                (segment, offset)
            }
        };
        // The segment may have grown since it was opened.
        segment.extent = extent;
        let end = segment
            .read_record(number, offset, &mut self.payload)
            .map_err(|fault| segment.error(fault, number, offset))?;
        self.place = Some((segment, end));
        self.next += 1;
        Ok(Some(Record {
            number,
            payload: &self.payload,
        }))
    }
}
