//! Blobs: from the archive on disk, or from beacon nodes, and never without a check.
//!
//! A blob is named by its versioned hash, which commits to its contents. Whoever delivers it, the commitment is
//! computed again. Beacon nodes keep blobs for about 18 days; the archive keeps them as long as it is told to.

mod answer;
mod archive;
mod client;

use std::sync::Arc;

use alloy_eips::eip4844::{AsCkzg, Blob, kzg_to_versioned_hash};
use alloy_primitives::B256;

use crate::kzg;

pub use answer::AnswerError;
pub use archive::{Archive, ArchiveError};
pub use client::{BeaconClient, BeaconError};

/// The versioned hash of a blob, from its contents. Takes some 60 ms, and seconds the first time: call it from
/// `spawn_blocking`. None if a field element is not in the field.
#[must_use]
pub fn versioned_hash(blob: &Blob) -> Option<B256> {
    let commitment = kzg::settings()
        .blob_to_kzg_commitment(blob.as_ckzg())
        .ok()?;
    Some(kzg_to_versioned_hash(commitment.to_bytes().as_slice()))
}

/// Why blobs are not there.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The disk.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The beacon nodes.
    #[error(transparent)]
    Beacon(#[from] BeaconError),
    /// The computation was ended with the process.
    #[error("a blob could not be checked: {0}. Start again")]
    Task(#[from] tokio::task::JoinError),
}

/// Where blobs were posted, by which beacon nodes find them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostedIn {
    /// The L1 block's timestamp, in seconds.
    pub timestamp: u64,
    /// Its number.
    pub l1_block: u64,
}

/// Blobs by versioned hash.
#[derive(Clone, Debug)]
pub struct BlobSource {
    archive: Archive,
    beacon: Option<Arc<BeaconClient>>,
}

impl BlobSource {
    /// The archive is asked first, then the beacon nodes, whose blobs are put into the archive.
    #[must_use]
    pub fn new(archive: Archive, beacon: Option<BeaconClient>) -> Self {
        Self {
            archive,
            beacon: beacon.map(Arc::new),
        }
    }

    /// The blobs with these versioned hashes, in their order, out of that L1 block.
    ///
    /// # Errors
    /// [`BlobError`] if one of them is nowhere. Ask again later: nodes may be down, or behind.
    pub async fn blobs(
        &self,
        posted: PostedIn,
        hashes: &[B256],
    ) -> Result<Vec<Box<Blob>>, BlobError> {
        let mut found = Vec::with_capacity(hashes.len());
        for hash in hashes {
            found.push(self.archived(*hash).await?);
        }
        let pairs = || hashes.iter().zip(&found);
        let missing: Vec<B256> = pairs()
            .filter(|(_, blob)| blob.is_none())
            .map(|(h, _)| *h)
            .collect();
        let mut fetched = self.fetch(posted, &missing).await?.into_iter();
        Ok(found
            .into_iter()
            .filter_map(|blob| blob.or_else(|| fetched.next()))
            .collect())
    }

    /// Puts blobs into the archive, for instance those that are about to be posted.
    ///
    /// # Errors
    /// [`BlobError`] if the disk fails, or a blob is none.
    pub async fn keep(&self, blobs: Vec<Blob>) -> Result<Vec<B256>, BlobError> {
        let archive = self.archive.clone();
        let keep = move || {
            blobs
                .iter()
                .map(|blob| archive.put(blob))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(tokio::task::spawn_blocking(keep).await??)
    }

    async fn archived(&self, hash: B256) -> Result<Option<Box<Blob>>, BlobError> {
        let archive = self.archive.clone();
        Ok(tokio::task::spawn_blocking(move || archive.get(hash)).await??)
    }

    async fn fetch(&self, posted: PostedIn, missing: &[B256]) -> Result<Vec<Box<Blob>>, BlobError> {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let beacon = self.beacon.as_ref().ok_or(BeaconError::NoNodes)?;
        let blobs = beacon.blobs(posted, missing).await?;
        for blob in &blobs {
            self.keep(vec![**blob]).await?;
        }
        Ok(blobs)
    }
}

#[cfg(test)]
mod tests;
