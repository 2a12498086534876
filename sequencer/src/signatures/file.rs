//! The file of signatures that a replica keeps: `docs/journal.md`, "Signatures of a replica".
//!
//! Each block has a place that follows from its number, so nothing has to be searched, and no record shares a sector
//! with half of another. A record is on disk before its block is in the journal; what is beyond the journal's end at a
//! start was never shown to anybody, and is cut.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use alloy_primitives::{B256, Signature, U256};
use xxhash_rust::xxh3::xxh3_64;

use crate::journal::{Storage, StorageFile, read_exact_at, write_all_at};

/// The file's name, beside the journal's folder.
pub(crate) const NAME: &str = "signatures";

const MAGIC: [u8; 8] = *b"SPILLSIG";
const VERSION: u32 = 1;
/// Bytes of a record, and of the file's header, which lies where block 0 would: a fraction of a sector.
const RECORD_BYTES: usize = 128;
/// Bytes of them that the checksum at the end covers.
const CHECKED_BYTES: usize = RECORD_BYTES - 8;

/// Why the signatures that a replica keeps cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SignatureFileError {
    /// The disk.
    #[error("cannot {operation} {path}: {error}")]
    Io {
        /// What was being done.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file does not begin as it must.
    #[error(
        "{0} is damaged in its first {RECORD_BYTES} bytes: put it back from a copy, or move it away, and with it the \
         sequencer's signatures of the blocks so far"
    )]
    Damaged(PathBuf),
    /// The file was written by another version of this software.
    #[error(
        "{path} has format version {found}, this program reads version {VERSION}: use the version that wrote it"
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The signatures are another chain's.
    #[error("{0} belongs to another chain: point the replica at the right folder")]
    OtherChain(PathBuf),
}

/// The signature of a block on a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptSignature {
    pub(crate) number: u64,
    pub(crate) fork_id: u64,
    pub(crate) block_hash: B256,
    pub(crate) signature: Signature,
}

/// The file, open. Written by one, read by many.
pub(crate) struct SignatureFile {
    file: Box<dyn StorageFile>,
    path: PathBuf,
}

impl std::fmt::Debug for SignatureFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignatureFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl SignatureFile {
    /// Opens the file, or makes it, and cuts what is beyond the journal's last block.
    pub(crate) fn open(
        storage: &dyn Storage,
        genesis: &B256,
        last_block: u64,
    ) -> Result<Self, SignatureFileError> {
        let path = storage.path(NAME);
        let names = storage.list().map_err(io_error("look for", &path))?;
        let is_there = names.iter().any(|name| name == NAME);
        let file = match is_there {
            true => storage.open_writable(NAME),
            false => storage.create(NAME),
        };
        let file = file.map_err(io_error("open", &path))?;
        let opened = Self { file, path };
        opened.settle_header(genesis)?;
        opened.cut_after(last_block)?;
        let synced = opened.file.sync_all().and_then(|()| storage.sync_dir());
        synced.map_err(io_error("sync", &opened.path))?;
        Ok(opened)
    }

    /// Checks the header. One that a crash left unfinished is written again: there was nothing behind it yet.
    fn settle_header(&self, genesis: &B256) -> Result<(), SignatureFileError> {
        let length = self.length()?;
        let found = self.record(0)?.and_then(|header| checked(&header));
        let path = || self.path.clone();
        let Some(found) = found else {
            if length > RECORD_BYTES as u64 {
                return Err(SignatureFileError::Damaged(path()));
            }
            return self.put(&[header(genesis)], 0);
        };
        let mut fields = Fields(&found);
        let (magic, version, chain) = (fields.take(), fields.take(), fields.take());
        if magic != MAGIC {
            return Err(SignatureFileError::Damaged(path()));
        }
        match u32::from_be_bytes(version) {
            VERSION if chain == genesis.0 => Ok(()),
            VERSION => Err(SignatureFileError::OtherChain(path())),
            found => Err(SignatureFileError::OtherVersion {
                path: path(),
                found,
            }),
        }
    }

    fn cut_after(&self, last_block: u64) -> Result<(), SignatureFileError> {
        let end = place(last_block.saturating_add(1));
        if self.length()? <= end {
            return Ok(());
        }
        let cut = self.file.truncate(end);
        cut.map_err(io_error("cut", &self.path))
    }

    /// Writes the signatures of consecutive blocks, and makes them durable.
    pub(crate) fn write(&self, signatures: &[KeptSignature]) -> Result<(), SignatureFileError> {
        let Some(first) = signatures.first() else {
            return Ok(());
        };
        let records: Vec<_> = signatures.iter().map(KeptSignature::encode).collect();
        self.put(&records, place(first.number))?;
        let synced = self.file.sync_data();
        synced.map_err(io_error("sync", &self.path))
    }

    /// The signature of that very block on that fork; none if there is none, or another one's.
    pub(crate) fn read(
        &self,
        number: u64,
        fork_id: u64,
        block_hash: &B256,
    ) -> Result<Option<Signature>, SignatureFileError> {
        if number == 0 {
            return Ok(None);
        }
        let record = self.record(place(number))?;
        let kept = record.and_then(|record| KeptSignature::decode(&record));
        Ok(kept
            .filter(|kept| {
                (kept.number, kept.fork_id, kept.block_hash) == (number, fork_id, *block_hash)
            })
            .map(|kept| kept.signature))
    }

    fn length(&self) -> Result<u64, SignatureFileError> {
        self.file.len().map_err(io_error("measure", &self.path))
    }

    fn put(&self, records: &[[u8; RECORD_BYTES]], at: u64) -> Result<(), SignatureFileError> {
        let written = write_all_at(&*self.file, records.as_flattened(), at);
        written.map_err(io_error("write", &self.path))
    }

    /// The bytes at a place; none beyond the end.
    fn record(&self, at: u64) -> Result<Option<[u8; RECORD_BYTES]>, SignatureFileError> {
        let mut record = [0; RECORD_BYTES];
        match read_exact_at(&*self.file, &mut record, at) {
            Ok(()) => Ok(Some(record)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(io_error("read", &self.path)(error)),
        }
    }
}

/// Copies the signatures of the blocks after that one, each in its place, into a new file, and makes it durable.
pub(crate) fn copy_after(last_block: u64, source: &Path, target: &Path) -> io::Result<()> {
    let (mut from, mut to) = (File::open(source)?, File::create(target)?);
    io::copy(&mut io::Read::take(&mut from, RECORD_BYTES as u64), &mut to)?;
    let start = SeekFrom::Start(place(last_block.saturating_add(1)));
    from.seek(start)?;
    to.seek(start)?;
    io::copy(&mut from, &mut to)?;
    to.sync_all()
}

/// Where a block's record begins.
const fn place(number: u64) -> u64 {
    number.saturating_mul(RECORD_BYTES as u64)
}

fn header(genesis: &B256) -> [u8; RECORD_BYTES] {
    record(&[&MAGIC, &VERSION.to_be_bytes(), genesis.as_slice()])
}

impl KeptSignature {
    fn encode(&self) -> [u8; RECORD_BYTES] {
        record(&[
            &self.number.to_be_bytes(),
            &self.fork_id.to_be_bytes(),
            self.block_hash.as_slice(),
            &self.signature.as_bytes(),
        ])
    }

    fn decode(record: &[u8; RECORD_BYTES]) -> Option<Self> {
        let checked = checked(record)?;
        let mut fields = Fields(&checked);
        let number = u64::from_be_bytes(fields.take());
        let fork_id = u64::from_be_bytes(fields.take());
        let block_hash = B256::from(fields.take());
        let [r, s] = [fields.take(), fields.take()].map(U256::from_be_bytes::<32>);
        let [v] = fields.take();
        Some(Self {
            number,
            fork_id,
            block_hash,
            signature: Signature::new(r, s, v == 28),
        })
    }
}

/// Fields, zeros, and the checksum of both.
fn record(fields: &[&[u8]]) -> [u8; RECORD_BYTES] {
    let mut record = [0; RECORD_BYTES];
    let bytes = fields.iter().flat_map(|field| field.iter());
    for (byte, field) in record.iter_mut().zip(bytes) {
        *byte = *field;
    }
    let (fields, checksum) = record.split_at_mut(CHECKED_BYTES);
    checksum.copy_from_slice(&xxh3_64(fields).to_be_bytes());
    record
}

/// The part of a record that its checksum covers, if it agrees.
fn checked(record: &[u8; RECORD_BYTES]) -> Option<[u8; CHECKED_BYTES]> {
    let (fields, checksum) = record.split_first_chunk::<CHECKED_BYTES>()?;
    (xxh3_64(fields).to_be_bytes() == checksum).then_some(*fields)
}

/// Fields of fixed widths, one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    /// The next one; zeros beyond the end, where no layout has a field.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((field, rest)) = self.0.split_first_chunk::<N>() else {
            return [0; N];
        };
        self.0 = rest;
        *field
    }
}

fn io_error(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SignatureFileError {
    let path = path.to_owned();
    move |error| SignatureFileError::Io {
        operation,
        path,
        error,
    }
}
