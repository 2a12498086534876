//! The seam below the journal: everything it does to a disk goes through these two traits, so that
//! the crash tests can put a disk that fails in their place.

use std::{any::Any, io, path::PathBuf};

/// A directory of files, known by name.
pub(crate) trait Storage: Send + Sync {
    /// Takes the directory for this handle alone until the guard is dropped. Answers `WouldBlock`
    /// if it is taken.
    fn lock(&self) -> io::Result<LockGuard>;
    /// The names of the files in the directory, in any order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Opens a file to read.
    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;
    /// Opens a file to read and write.
    fn open_writable(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;
    /// Creates an empty file to read and write. It must not exist.
    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes creations and removals durable.
    fn sync_dir(&self) -> io::Result<()>;
    /// Where a file of that name is, for error messages.
    fn path(&self, name: &str) -> PathBuf;
}

/// Whatever must live as long as the lock is held.
pub(crate) type LockGuard = Box<dyn Any + Send + Sync>;

/// An open file, read and written at explicit offsets.
pub(crate) trait StorageFile: Send + Sync {
    /// Bytes in the file.
    fn len(&self) -> io::Result<u64>;
    /// Reads into the buffer and answers how many bytes, 0 at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes from the buffer and answers how many bytes, which may be fewer than offered.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Cuts the file to this length.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Makes the contents durable, with the length that is needed to read them (fdatasync).
    fn sync_data(&self) -> io::Result<()>;
    /// Makes contents and every attribute durable, a smaller length included (fsync).
    fn sync_all(&self) -> io::Result<()>;
}

/// Fills the buffer, or answers `UnexpectedEof`.
pub(crate) fn read_exact_at(
    file: &dyn StorageFile,
    mut buffer: &mut [u8],
    mut offset: u64,
) -> io::Result<()> {
    while !buffer.is_empty() {
        match file.read_at(buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                buffer = &mut buffer[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all bytes. After an error any prefix of them may be in the file.
pub(crate) fn write_all_at(
    file: &dyn StorageFile,
    mut bytes: &[u8],
    mut offset: u64,
) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = &bytes[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
