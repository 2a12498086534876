//! Intents on disk: a file each. See [`record`](super::record) for its bytes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::manager::{Record, StoredIntent};
use super::record::{self, FormatError, MAGIC};
use super::request::IntentId;

const EXTENSION: &str = "intent";
const UNFINISHED: &str = "unfinished";
/// A request with six blobs and their proofs is below 1 MiB, its attempts some hundred bytes each.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Why intents cannot be read or written. Nothing may be sent then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder.
    #[error("{0} is in use by another process: an account has one manager. Stop the other one")]
    InUse(PathBuf),
    /// The disk.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file is damaged.
    #[error(
        "{path}: {error}. It may be about a transaction that is under way: restore the file, or look on chain for \
         what the account has sent, and remove it"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: FormatError,
    },
    /// A file is larger than intents are.
    #[error("{0} is larger than any intent: it is none. Remove it")]
    TooLarge(PathBuf),
}

/// The folder of one account's intents. It belongs to this process as long as this value lives.
#[derive(Debug)]
pub struct IntentStore {
    dir: PathBuf,
    /// Holds the lock.
    _lock: File,
}

impl IntentStore {
    /// Opens the folder, which is made if it is not there, and reads the intents in it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(dir: &Path) -> Result<(Self, Vec<StoredIntent>), StoreError> {
        let lock_path = dir.join("lock");
        let lock = fs::create_dir_all(dir)
            .and_then(|()| File::create(&lock_path))
            .map_err(|error| io_error(&lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => return Err(io_error(&lock_path, error)),
        }
        let store = Self {
            dir: dir.to_owned(),
            _lock: lock,
        };
        let intents = store.load()?;
        Ok((store, intents))
    }

    fn load(&self) -> Result<Vec<StoredIntent>, StoreError> {
        let mut intents = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(|error| io_error(&self.dir, error))? {
            let path = entry.map_err(|error| io_error(&self.dir, error))?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(EXTENSION) => intents.push(load_one(&path)?),
                Some(UNFINISHED) => {
                    fs::remove_file(&path).map_err(|error| io_error(&path, error))?;
                }
                _ => {}
            }
        }
        Ok(intents)
    }

    /// Writes a record. When this returns it is durable.
    ///
    /// # Errors
    /// [`StoreError`]. Whether the record is on disk is unknown then, so the store must not be used any further.
    pub fn persist(&mut self, id: IntentId, record: &Record) -> Result<(), StoreError> {
        let path = self.path(id);
        let frame = record::encode(id, record);
        let written = match record {
            Record::Request { .. } => self.create(&path, &frame),
            _ => append(&path, &frame),
        };
        written.map_err(|error| io_error(&path, error))
    }

    /// Removes an intent. A crash soon after may leave it there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove(&mut self, id: IntentId) -> Result<(), StoreError> {
        let path = self.path(id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&path, error)),
            _ => Ok(()),
        }
    }

    fn create(&self, path: &Path, frame: &[u8]) -> io::Result<()> {
        let unfinished = path.with_extension(UNFINISHED);
        let mut file = File::create(&unfinished)?;
        file.write_all(MAGIC)?;
        file.write_all(frame)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        File::open(&self.dir)?.sync_all()
    }

    fn path(&self, id: IntentId) -> PathBuf {
        self.dir.join(format!("{id}.{EXTENSION}"))
    }
}

fn append(path: &Path, frame: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(frame)?;
    file.sync_data()
}

/// Reads a file, and cuts off what a crash left of a record at its end.
fn load_one(path: &Path) -> Result<StoredIntent, StoreError> {
    let length = fs::metadata(path)
        .map_err(|error| io_error(path, error))?
        .len();
    if length > FILE_BYTES_MAX {
        return Err(StoreError::TooLarge(path.to_owned()));
    }
    let bytes = fs::read(path).map_err(|error| io_error(path, error))?;
    let (intent, whole) = record::decode(&bytes).map_err(|error| StoreError::Format {
        path: path.to_owned(),
        error,
    })?;
    if whole < bytes.len() {
        truncate(path, whole as u64).map_err(|error| io_error(path, error))?;
    }
    Ok(intent)
}

fn truncate(path: &Path, length: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}

fn io_error(path: &Path, error: io::Error) -> StoreError {
    StoreError::Io {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use alloy_primitives::{Address, B256, Bytes, U256};

    use super::*;
    use crate::transactions::{
        Attempt, BlockRef, Outcome, Price, Purpose, Request, Settled, Sidecar,
    };

    fn request(sidecar: Option<Arc<Sidecar>>) -> Request {
        Request {
            id: IntentId(B256::repeat_byte(7)),
            to: Address::repeat_byte(1),
            value: U256::from(5),
            data: Bytes::from_static(b"data"),
            gas_limit: Some(100_000),
            sidecar,
        }
    }

    fn records(sidecar: Option<Arc<Sidecar>>) -> Vec<Record> {
        let attempt = |purpose, byte| Record::Attempt {
            nonce: 9,
            attempt: Attempt {
                purpose,
                price: Price {
                    max_fee: 3,
                    priority_fee: 2,
                    blob_fee: 1,
                },
                transaction: B256::repeat_byte(byte),
                raw: Bytes::from(vec![byte; 40]),
            },
        };
        vec![
            Record::Request {
                sequence: 3,
                request: request(sidecar),
            },
            attempt(Purpose::Effect, 1),
            Record::Cancel,
            attempt(Purpose::Cancellation, 2),
            Record::Settled(Settled {
                outcome: Outcome::Cancelled,
                inclusion: Some((
                    B256::repeat_byte(2),
                    BlockRef {
                        number: 12,
                        hash: B256::repeat_byte(8),
                    },
                )),
            }),
        ]
    }

    /// What each prefix of the records amounts to.
    fn expected(records: &[Record]) -> StoredIntent {
        let Record::Request { sequence, request } = &records[0] else {
            unreachable!("the request comes first")
        };
        let mut intent = StoredIntent {
            sequence: *sequence,
            request: request.clone(),
            nonce: None,
            attempts: Vec::new(),
            cancelling: false,
            settled: None,
        };
        for record in &records[1..] {
            match record {
                Record::Attempt { nonce, attempt } => {
                    intent.nonce = Some(*nonce);
                    intent.attempts.push(attempt.clone());
                }
                Record::Cancel => intent.cancelling = true,
                Record::Settled(settled) => intent.settled = Some(*settled),
                Record::Request { .. } => unreachable!("one request"),
            }
        }
        intent
    }

    fn write(dir: &Path, records: &[Record]) -> PathBuf {
        let (mut store, found) = IntentStore::open(dir).expect("a folder");
        assert!(found.is_empty());
        let id = request(None).id;
        for record in records {
            store.persist(id, record).expect("a record");
        }
        store.path(id)
    }

    #[test]
    fn what_was_written_is_read_and_removed() {
        let sidecar = Sidecar::new(
            vec![Default::default()],
            vec![Default::default()],
            vec![Default::default(); 128],
        );
        for sidecar in [None, Some(Arc::new(sidecar))] {
            let dir = tempfile::tempdir().expect("a folder");
            let records = records(sidecar);
            write(dir.path(), &records);
            let (mut store, found) = IntentStore::open(dir.path()).expect("a folder");
            assert_eq!(found, [expected(&records)]);
            store.remove(request(None).id).expect("a file");
            drop(store);
            assert_eq!(IntentStore::open(dir.path()).expect("a folder").1, []);
        }
    }

    #[test]
    fn a_file_cut_anywhere_loses_only_the_record_that_was_cut() {
        let dir = tempfile::tempdir().expect("a folder");
        let records = records(None);
        let path = write(dir.path(), &records);
        let whole = fs::read(&path).expect("the file");
        let mut ends = vec![MAGIC.len()];
        for record in &records {
            ends.push(ends.last().unwrap() + record::encode(request(None).id, record).len());
        }
        for length in 0..=whole.len() {
            fs::write(&path, &whole[..length]).expect("the file");
            let kept = ends[1..].iter().filter(|end| **end <= length).count();
            match IntentStore::open(dir.path()) {
                Ok((_, found)) => {
                    assert_eq!(found, [expected(&records[..kept])], "cut at {length}");
                    assert_eq!(fs::metadata(&path).unwrap().len(), ends[kept] as u64);
                }
                // A request is renamed into place whole.
                Err(StoreError::Format { .. }) => assert_eq!(kept, 0, "cut at {length}"),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn damage_before_the_last_record_is_no_torn_tail() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = write(dir.path(), &records(None));
        let mut bytes = fs::read(&path).expect("the file");
        bytes[MAGIC.len() + 20] ^= 1;
        fs::write(&path, &bytes).expect("the file");
        let error = IntentStore::open(dir.path()).expect_err("damage");
        assert!(
            matches!(
                error,
                StoreError::Format {
                    error: FormatError::Damaged(8),
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn a_folder_has_one_owner() {
        let dir = tempfile::tempdir().expect("a folder");
        let _first = IntentStore::open(dir.path()).expect("a folder");
        let error = IntentStore::open(dir.path()).expect_err("two owners");
        assert!(matches!(error, StoreError::InUse(_)), "{error}");
    }
}
