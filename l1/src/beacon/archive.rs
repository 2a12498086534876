//! Blobs on disk, a file each, named by versioned hash.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use alloy_eips::eip4844::{BYTES_PER_BLOB, Blob};
use alloy_primitives::B256;

const EXTENSION: &str = "blob";

/// Why the archive fails.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The disk.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Not a blob.
    #[error("a field element of the blob is not in the field: no blob of L1 is like that")]
    NoBlob,
}

/// A folder of blobs. Several processes may share it.
#[derive(Clone, Debug)]
pub struct Archive {
    dir: PathBuf,
}

impl Archive {
    /// The archive in that folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, ArchiveError> {
        let dir = dir.into();
        fs::create_dir_all(&dir).map_err(|error| io_error(&dir, error))?;
        Ok(Self { dir })
    }

    /// The blob with that versioned hash. One whose file is damaged is removed, as if it had never been there.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn get(&self, hash: B256) -> Result<Option<Box<Blob>>, ArchiveError> {
        let path = self.path(hash);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(&path, error)),
        };
        let blob = Blob::try_from(bytes.as_slice()).ok().map(Box::new);
        let is_right = |blob: &Blob| super::versioned_hash(blob) == Some(hash);
        if let Some(blob) = blob.filter(|blob| is_right(blob)) {
            return Ok(Some(blob));
        }
        tracing::warn!(path = %path.display(), "a blob in the archive is damaged; it is removed");
        fs::remove_file(&path).map_err(|error| io_error(&path, error))?;
        Ok(None)
    }

    /// Keeps a blob, and answers its versioned hash. When this returns it is durable.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn put(&self, blob: &Blob) -> Result<B256, ArchiveError> {
        let hash = super::versioned_hash(blob).ok_or(ArchiveError::NoBlob)?;
        let path = self.path(hash);
        let whole = fs::metadata(&path).is_ok_and(|file| file.len() == BYTES_PER_BLOB as u64);
        if !whole {
            self.write(&path, blob)
                .map_err(|error| io_error(&path, error))?;
        }
        Ok(hash)
    }

    fn write(&self, path: &Path, blob: &Blob) -> io::Result<()> {
        // Another process may write the same blob at the same time.
        let unfinished = path.with_extension(format!("{}.unfinished", std::process::id()));
        let mut file = File::create(&unfinished)?;
        file.write_all(blob.as_slice())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        File::open(&self.dir)?.sync_all()
    }

    /// Removes blobs that were put in longer ago than that, and answers how many.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn prune(&self, older_than: Duration, now: SystemTime) -> Result<usize, ArchiveError> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.dir).map_err(|error| io_error(&self.dir, error))? {
            let path = entry.map_err(|error| io_error(&self.dir, error))?.path();
            if path
                .extension()
                .is_none_or(|extension| extension != EXTENSION)
            {
                continue;
            }
            let written = fs::metadata(&path).and_then(|file| file.modified());
            let written = written.map_err(|error| io_error(&path, error))?;
            if now
                .duration_since(written)
                .is_ok_and(|age| age > older_than)
            {
                fs::remove_file(&path).map_err(|error| io_error(&path, error))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn path(&self, hash: B256) -> PathBuf {
        self.dir.join(format!("{hash:x}.{EXTENSION}"))
    }
}

fn io_error(path: &Path, error: io::Error) -> ArchiveError {
    ArchiveError::Io {
        path: path.to_owned(),
        error,
    }
}
