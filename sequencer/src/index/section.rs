//! A section: the postings of consecutive blocks, sorted, in the file of sections.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

use alloy_primitives::B256;
use xxhash_rust::xxh3::xxh3_64;

use super::postings::{Key, is_logged, key_of, offset_of};

const MAGIC: &[u8; 8] = b"SPILLACT";
const VERSION: u32 = 1;
pub(super) const HEADER_BYTES: usize = 80;
const HEADER_CHECKED_BYTES: usize = HEADER_BYTES - 8;
const POSTING_BYTES: usize = 8;
/// Postings between two fences, which are kept in memory: a look-up reads about so many.
const FENCE_POSTINGS: usize = 256;

/// A section in the file.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) first_block: u64,
    pub(super) last_block: u64,
    pub(super) last_hash: B256,
    /// Where its header begins.
    offset: u64,
    postings: usize,
    checksum: u64,
    /// Every 256th posting, once the section has been read and checked.
    fences: OnceLock<Vec<u64>>,
}

impl Section {
    /// The section of sorted postings that will begin there in the file, and its bytes.
    pub(super) fn encode(
        offset: u64,
        blocks: (u64, u64),
        last_hash: B256,
        postings: &[u64],
    ) -> (Self, Vec<u8>) {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + postings.len() * POSTING_BYTES);
        bytes.resize(HEADER_BYTES, 0);
        for posting in postings {
            bytes.extend_from_slice(&posting.to_be_bytes());
        }
        let checksum = xxh3_64(&bytes[HEADER_BYTES..]);
        let count = u32::try_from(postings.len()).unwrap_or(u32::MAX);
        let header = [
            &MAGIC[..],
            &VERSION.to_be_bytes(),
            &count.to_be_bytes(),
            &blocks.0.to_be_bytes(),
            &blocks.1.to_be_bytes(),
            last_hash.as_slice(),
            &checksum.to_be_bytes(),
        ]
        .concat();
        bytes[..HEADER_CHECKED_BYTES].copy_from_slice(&header);
        bytes[HEADER_CHECKED_BYTES..HEADER_BYTES].copy_from_slice(&xxh3_64(&header).to_be_bytes());
        let section = Self {
            first_block: blocks.0,
            last_block: blocks.1,
            last_hash,
            offset,
            postings: postings.len(),
            checksum,
            fences: OnceLock::from(fences(postings.iter().copied())),
        };
        (section, bytes)
    }

    /// The section whose header is there in the file. `None` for bytes that are none.
    pub(super) fn decode(offset: u64, header: &[u8; HEADER_BYTES]) -> Option<Self> {
        let (checked, checksum) = header.split_at(HEADER_CHECKED_BYTES);
        if xxh3_64(checked).to_be_bytes() != checksum {
            return None;
        }
        let rest = checked.strip_prefix(MAGIC)?;
        let rest = rest.strip_prefix(&VERSION.to_be_bytes())?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let (first, rest) = rest.split_first_chunk::<8>()?;
        let (last, rest) = rest.split_first_chunk::<8>()?;
        let (hash, rest) = rest.split_first_chunk::<32>()?;
        Some(Self {
            first_block: u64::from_be_bytes(*first),
            last_block: u64::from_be_bytes(*last),
            last_hash: hash.into(),
            offset,
            postings: u32::from_be_bytes(*count) as usize,
            checksum: u64::from_be_bytes(rest.try_into().ok()?),
            fences: OnceLock::new(),
        })
    }

    /// Where the next section begins.
    pub(super) const fn end(&self) -> u64 {
        self.offset + (HEADER_BYTES + self.postings * POSTING_BYTES) as u64
    }

    /// The offsets of the blocks that have the key, ascending.
    pub(super) fn blocks_of(&self, file: &File, key: Key, logged: bool) -> io::Result<Vec<u16>> {
        let fences = self.fences(file)?;
        let group = fences.partition_point(|fence| *fence < key.first());
        let mut at = group.saturating_sub(1) * FENCE_POSTINGS;
        let mut found = Vec::new();
        while at < self.postings {
            let count = FENCE_POSTINGS.min(self.postings - at);
            for posting in self.read(file, at, count)? {
                if key_of(posting) > key {
                    return Ok(found);
                }
                if key_of(posting) == key && (is_logged(posting) || !logged) {
                    found.push(offset_of(posting));
                }
            }
            at += count;
        }
        Ok(found)
    }

    /// Reads and checks the whole section, the first time.
    fn fences(&self, file: &File) -> io::Result<&[u64]> {
        if let Some(fences) = self.fences.get() {
            return Ok(fences);
        }
        let mut bytes = vec![0; self.postings * POSTING_BYTES];
        file.read_exact_at(&mut bytes, self.offset + HEADER_BYTES as u64)?;
        if xxh3_64(&bytes) != self.checksum {
            let message = format!("the section of block {} is damaged", self.first_block);
            return Err(io::Error::other(message));
        }
        Ok(self.fences.get_or_init(|| fences(decode(&bytes))))
    }

    fn read(
        &self,
        file: &File,
        at: usize,
        count: usize,
    ) -> io::Result<impl Iterator<Item = u64> + use<>> {
        let mut bytes = vec![0; count * POSTING_BYTES];
        let from = self.offset + (HEADER_BYTES + at * POSTING_BYTES) as u64;
        file.read_exact_at(&mut bytes, from)?;
        Ok((0..count).map(move |place| {
            let from = place * POSTING_BYTES;
            u64::from_be_bytes(std::array::from_fn(|byte| bytes[from + byte]))
        }))
    }
}

fn fences(postings: impl Iterator<Item = u64>) -> Vec<u64> {
    postings.step_by(FENCE_POSTINGS).collect()
}

fn decode(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let (postings, _) = bytes.as_chunks::<POSTING_BYTES>();
    postings.iter().map(|posting| u64::from_be_bytes(*posting))
}
