//! A file of frames: `length u32 || crc32 u32 || payload`, appended and never changed.
//!
//! A process that dies leaves at most one torn frame, at the end: it is cut off. A bad frame with good
//! bytes behind it is damage of another kind, which nothing here repairs.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes before a payload.
const HEAD: usize = 8;
/// Bytes of a payload at most: a reorg of many full blocks is far below.
const PAYLOAD_MAX: usize = 1 << 30;

/// A file of frames, open for appending.
#[derive(Debug)]
pub(super) struct Frames {
    /// Its position is where the next frame goes.
    file: File,
}

/// What reading a file of frames came to.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The file cannot be read.
    Io(io::Error),
    /// A bad frame that is not the torn end of the file.
    Damaged { offset: u64 },
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Frames {
    /// Opens a file, creating it if need be, and gives each payload to `visit`. A torn end is cut off.
    pub(super) fn open<E: From<ReadError>>(
        path: &Path,
        mut visit: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let io = |error: io::Error| E::from(ReadError::Io(error));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut reader = BufReader::with_capacity(1 << 20, &file);
        let mut end = 0;
        while end < length {
            match frame(&mut reader, length - end).map_err(io)? {
                Some(payload) => {
                    visit(&payload)?;
                    end += (HEAD + payload.len()) as u64;
                }
                None if is_torn(&mut file, end, length).map_err(io)? => {
                    tracing::warn!(offset = end, cut = length - end, "cutting off a torn end");
                    file.set_len(end).map_err(io)?;
                    file.sync_all().map_err(io)?;
                    break;
                }
                None => return Err(E::from(ReadError::Damaged { offset: end })),
            }
        }
        file.seek(SeekFrom::Start(end)).map_err(io)?;
        Ok(Self { file })
    }

    /// Appends a payload, in one write.
    pub(super) fn append(&mut self, payload: &[u8]) -> io::Result<()> {
        self.file.write_all(&framed(payload)?)
    }

    /// Returns once everything appended is on disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// A payload in its frame.
pub(super) fn framed(payload: &[u8]) -> io::Result<Vec<u8>> {
    if payload.is_empty() || payload.len() > PAYLOAD_MAX {
        return Err(io::Error::other("a frame has 1 byte to 1 GiB"));
    }
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    let mut frame = Vec::with_capacity(HEAD + payload.len());
    frame.extend(length.to_be_bytes());
    frame.extend(crc32fast::hash(payload).to_be_bytes());
    frame.extend(payload);
    Ok(frame)
}

/// The payload of the frame that is read next, `None` if it is not good.
pub(super) fn frame(reader: &mut impl Read, available: u64) -> io::Result<Option<Vec<u8>>> {
    if available < HEAD as u64 {
        return Ok(None);
    }
    let mut head = [0; HEAD];
    reader.read_exact(&mut head)?;
    let [l0, l1, l2, l3, c0, c1, c2, c3] = head;
    let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
    if length == 0 || length > PAYLOAD_MAX || length as u64 > available - HEAD as u64 {
        return Ok(None);
    }
    let mut payload = vec![0; length];
    reader.read_exact(&mut payload)?;
    let good = crc32fast::hash(&payload) == u32::from_be_bytes([c0, c1, c2, c3]);
    Ok(good.then_some(payload))
}

/// Whether a bad frame is the last thing in the file: it would reach the end, or all is zero from there on.
fn is_torn(file: &mut File, offset: u64, length: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(offset))?;
    let mut reader = BufReader::new(&*file);
    let mut head = [0; HEAD];
    if length - offset < HEAD as u64 {
        return Ok(true);
    }
    reader.read_exact(&mut head)?;
    let [l0, l1, l2, l3, ..] = head;
    let payload = u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
    if payload > 0 && HEAD as u64 + payload >= length - offset {
        return Ok(true);
    }
    let mut rest = reader.bytes();
    let zero = head == [0; HEAD]
        && rest.try_fold(true, |zero, byte| Ok::<_, io::Error>(zero & (byte? == 0)))?;
    Ok(zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> Result<Vec<Vec<u8>>, ReadError> {
        let mut payloads = Vec::new();
        Frames::open::<ReadError>(path, |payload| {
            payloads.push(payload.to_vec());
            Ok(())
        })?;
        Ok(payloads)
    }

    fn file_of(frames: &[&[u8]]) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("frames");
        let mut file = Frames::open::<ReadError>(&path, |_| Ok(())).unwrap();
        for payload in frames {
            file.append(payload).unwrap();
        }
        file.sync().unwrap();
        (dir, path)
    }

    #[test]
    fn whatever_is_cut_off_the_frames_before_it_stay() {
        let (_dir, path) = file_of(&[b"one", b"three"]);
        let whole = std::fs::read(&path).unwrap();
        for length in 0..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let want = match length {
                0..11 => 0,
                11..24 => 1,
                _ => 2,
            };
            assert_eq!(read(&path).unwrap().len(), want, "{length}");
            // What was cut is gone, so that the next frame follows the last good one.
            assert_eq!(read(&path).unwrap().len(), want, "{length}");
        }
    }

    #[test]
    fn zeros_at_the_end_are_cut_and_damage_is_not() {
        let (_dir, path) = file_of(&[b"one", b"three"]);
        let whole = std::fs::read(&path).unwrap();
        let mut zeros = whole.clone();
        zeros.extend([0; 100]);
        std::fs::write(&path, zeros).unwrap();
        assert_eq!(read(&path).unwrap().len(), 2);

        let mut last = whole.clone();
        last[23] ^= 1;
        std::fs::write(&path, last).unwrap();
        assert_eq!(read(&path).unwrap().len(), 1);

        let mut first = whole;
        first[8] ^= 1;
        std::fs::write(&path, first).unwrap();
        assert!(matches!(read(&path), Err(ReadError::Damaged { offset: 0 })));
    }
}
