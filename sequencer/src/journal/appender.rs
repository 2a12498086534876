//! The one writer.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    MAX_RECORD_BYTES, Options,
    directory_storage::{DirectoryStorage, LOCK_NAME},
    error::{Failure, JournalError},
    format::{
        FORMAT_VERSION, RECORD_HEADER_BYTES, RecordHeader, SEGMENT_HEADER_BYTES, SegmentHeader,
        segment_name,
    },
    reader::{Catalogue, Reader},
    recovery::{Recovered, Recovery, recover},
    segment::Extent,
    storage::{LockGuard, Storage, StorageFile, write_all_at},
};

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The first record of its segment, which names the file.
    pub segment: u64,
    /// Where it begins, bytes from the start of the file.
    pub offset: u64,
}

/// The journal, open to append to. At most one exists for a directory.
pub struct Journal {
    storage: Arc<dyn Storage>,
    catalogue: Arc<Catalogue>,
    genesis: [u8; 32],
    segment_bytes: u64,
    /// The segment that is appended to; none before the first record.
    tail: Option<Tail>,
    /// The number of the next record.
    next: u64,
    /// Whether the last appended record waits for its sync.
    unsynced: bool,
    /// What stopped the journal, if something did.
    failure: Option<Failure>,
    /// A record as it goes to disk, kept for its allocation.
    record: Vec<u8>,
    _lock: LockGuard,
}

/// The last segment. Its extent ends after the last appended record, synced or not.
struct Tail {
    file: Box<dyn StorageFile>,
    extent: Extent,
}

impl Journal {
    /// Opens the journal in a directory, which is created if it is missing, and repairs what a
    /// crash left unfinished. Damage to durable bytes is refused, and nothing is changed then.
    ///
    /// Takes time in proportion to the bytes from `options.verify_from` on, and to the number of
    /// segments.
    pub fn open(dir: &Path, options: &Options) -> Result<(Self, Recovery), JournalError> {
        let storage = DirectoryStorage::open(dir).map_err(JournalError::io("open", dir))?;
        Self::open_in(Arc::new(storage), options)
    }

    /// The same in any storage.
    pub(crate) fn open_in(
        storage: Arc<dyn Storage>,
        options: &Options,
    ) -> Result<(Self, Recovery), JournalError> {
        let lock = storage.lock().map_err(|error| {
            let path = storage.path(LOCK_NAME);
            match error.kind() {
                io::ErrorKind::WouldBlock => JournalError::Locked { path },
                _ => JournalError::io("lock", path)(error),
            }
        })?;
        let Recovered {
            recovery,
            segments,
            tail,
        } = recover(&*storage, options)?;
        let tail = tail
            .zip(segments.last())
            .map(|(file, &extent)| Tail { file, extent });
        let journal = Self {
            catalogue: Arc::new(Catalogue::new(segments, recovery.last)),
            storage,
            genesis: options.genesis,
            segment_bytes: options.segment_bytes,
            tail,
            next: recovery.last + 1,
            unsynced: false,
            failure: None,
            record: Vec::new(),
            _lock: lock,
        };
        Ok((journal, recovery))
    }

    /// The number that the next record must have.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// A reader of the durable records.
    pub fn reader(&self) -> Reader {
        Reader::new(self.storage.clone(), self.catalogue.clone())
    }

    /// Writes a record whose payload is the parts, joined. It is durable, and readers see it, once
    /// [`Journal::sync`] has answered; until then no other record can be appended.
    ///
    /// [`JournalError::Failed`] is final: this handle writes nothing more. The other errors
    /// (`OutOfSequence`, `Unsynced`, `TooLong`) are the caller's mistakes and leave everything as
    /// it was.
    pub fn append(&mut self, number: u64, payload: &[&[u8]]) -> Result<Position, JournalError> {
        self.refuse_if_failed()?;
        if self.unsynced {
            return Err(JournalError::Unsynced {
                unsynced: self.next - 1,
            });
        }
        if number != self.next {
            return Err(JournalError::OutOfSequence {
                expected: self.next,
                got: number,
            });
        }
        let length = payload.iter().map(|part| part.len()).sum();
        if length > MAX_RECORD_BYTES as usize {
            return Err(JournalError::TooLong { length });
        }
        let mut tail = match self.tail.take().filter(|tail| self.has_room(tail, length)) {
            Some(tail) => tail,
            None => self.begin_segment()?,
        };
        self.encode_record(payload, tail.extent.salt);
        let position = Position {
            segment: tail.extent.first,
            offset: tail.extent.end,
        };
        if let Err(error) = write_all_at(&*tail.file, &self.record, position.offset) {
            return Err(self.fail(
                "write",
                self.storage.path(&segment_name(position.segment)),
                error,
            ));
        }
        tail.extent.end += self.record.len() as u64;
        self.tail = Some(tail);
        self.next += 1;
        self.unsynced = true;
        Ok(position)
    }

    /// Makes the appended record durable, shows it to readers, and answers the number of the last
    /// durable record (0 if there is none). Does nothing when nothing was appended.
    ///
    /// Fails only with [`JournalError::Failed`]. Whether the record survives is then unknown until
    /// the journal is opened again.
    pub fn sync(&mut self) -> Result<u64, JournalError> {
        self.refuse_if_failed()?;
        if let Some(tail) = self.tail.as_ref().filter(|_| self.unsynced) {
            if let Err(error) = tail.file.sync_data() {
                let path = self.storage.path(&segment_name(tail.extent.first));
                return Err(self.fail("sync", path, error));
            }
            self.catalogue.publish(tail.extent, self.next - 1);
            self.unsynced = false;
        }
        Ok(self.next - 1)
    }

    /// Whether a record fits the segment. An empty segment takes any record, but is never the tail
    /// here.
    fn has_room(&self, tail: &Tail, length: usize) -> bool {
        tail.extent.end + (RECORD_HEADER_BYTES + length) as u64 <= self.segment_bytes
    }

    /// Creates the segment that begins with the next record, and makes it durable before anything
    /// is in it.
    fn begin_segment(&mut self) -> Result<Tail, JournalError> {
        let header = SegmentHeader {
            version: FORMAT_VERSION,
            genesis: self.genesis,
            first: self.next,
            salt: random_salt(),
        };
        let name = segment_name(self.next);
        let path = self.storage.path(&name);
        let file = match self.storage.create(&name) {
            Ok(file) => file,
            Err(error) => return Err(self.fail("create", path, error)),
        };
        if let Err(error) = write_all_at(&*file, &header.encode(), 0) {
            return Err(self.fail("write", path, error));
        }
        if let Err(error) = file.sync_data() {
            return Err(self.fail("sync", path, error));
        }
        if let Err(error) = self.storage.sync_dir() {
            return Err(self.fail("sync", self.storage.path(""), error));
        }
        let extent = Extent {
            first: self.next,
            end: SEGMENT_HEADER_BYTES as u64,
            salt: header.salt,
        };
        Ok(Tail { file, extent })
    }

    /// One buffer, so that a record is one write.
    fn encode_record(&mut self, payload: &[&[u8]], salt: u64) {
        self.record.clear();
        self.record.resize(RECORD_HEADER_BYTES, 0);
        for part in payload {
            self.record.extend_from_slice(part);
        }
        let (header, payload) = self.record.split_at_mut(RECORD_HEADER_BYTES);
        header.copy_from_slice(&RecordHeader::new(self.next, payload, salt).encode(salt));
    }

    /// Stops the journal for good.
    fn fail(&mut self, operation: &'static str, path: PathBuf, source: io::Error) -> JournalError {
        let last_synced = self.catalogue.last_synced();
        let failure = Failure {
            operation,
            path,
            last_synced,
            source: Arc::new(source),
        };
        self.failure = Some(failure.clone());
        failure.into()
    }

    fn refuse_if_failed(&self) -> Result<(), JournalError> {
        self.failure
            .clone()
            .map_or(Ok(()), |failure| Err(failure.into()))
    }
}

/// 64 bits that nobody outside the process can guess: the keys that the standard library takes from
/// the system for its hash maps, mixed by SipHash.
fn random_salt() -> u64 {
    RandomState::new().build_hasher().finish()
}
