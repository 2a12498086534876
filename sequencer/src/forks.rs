//! `forks.json`: the reverts on L1 that this chain has followed, and whether it is done with the last.
//!
//! The fork id of a block is the number of reverts that its chain had followed when the block was made. It is part of
//! what the sequencer signs, so the file is as precious as the journal: it is replaced whole, and synced.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

const NAME: &str = "forks.json";

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ForksError {
    /// The disk.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It does not say what it must.
    #[error(
        "{path} is damaged: {reason}. Without it nobody knows which blocks were signed on which fork: put it back from a copy"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// A revert on L1, as this chain follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// Reverts on L1 up to and with this one.
    pub id: u64,
    /// The first batch that fell.
    pub batch: u64,
    /// The last block that stands: the last one of the batch before; 0 is genesis. All later ones are void.
    pub last_block: u64,
    /// Its hash.
    pub last_block_hash: B256,
    /// The time of the L1 block with the revert, in seconds.
    pub reverted_at: u64,
    /// When the chain went on, in seconds; none before that.
    pub resumed_at: Option<u64>,
}

/// The reverts that were followed, ascending by id. One that L1 had undone by another before it was followed is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forks {
    forks: Vec<Fork>,
}

impl Forks {
    /// Reads the file of a data folder; without one there was no revert.
    ///
    /// # Errors
    /// [`ForksError`].
    pub fn read(dir: &Path) -> Result<Self, ForksError> {
        let path = dir.join(NAME);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(ForksError::Io { path, error }),
        };
        let damaged = |reason| ForksError::Damaged {
            path: path.clone(),
            reason,
        };
        let forks: Self =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        match forks.disorder() {
            None => Ok(forks),
            Some(id) => Err(damaged(format!("fork {id} is out of place"))),
        }
    }

    /// Writes the file of a data folder, whole and durably.
    ///
    /// # Errors
    /// [`ForksError::Io`].
    pub fn write(&self, dir: &Path) -> Result<(), ForksError> {
        let path = dir.join(NAME);
        self.replace(dir, &path)
            .map_err(|error| ForksError::Io { path, error })
    }

    fn replace(&self, dir: &Path, path: &Path) -> io::Result<()> {
        let temporary = path.with_extension("tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(dir)?.sync_all()
    }

    /// The reverts that were followed.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.last().map_or(0, |fork| fork.id)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Fork] {
        &self.forks
    }

    /// The newest one.
    #[must_use]
    pub fn last(&self) -> Option<&Fork> {
        self.forks.last()
    }

    /// The fork id that a block was made with.
    #[must_use]
    pub fn id_of(&self, block: u64) -> u64 {
        let mut newest_first = self.forks.iter().rev();
        newest_first
            .find(|fork| fork.last_block < block)
            .map_or(0, |fork| fork.id)
    }

    /// The hash that L1 has for a block, where it is the last one that stood at a revert and stands still; none where no
    /// revert says.
    #[must_use]
    pub fn standing_hash(&self, block: u64) -> Option<B256> {
        let mut newest_first = self.forks.iter().rev();
        newest_first
            .find(|fork| fork.last_block <= block)
            .filter(|fork| fork.last_block == block)
            .map(|fork| fork.last_block_hash)
    }

    /// The revert that the chain is still being rolled back for.
    #[must_use]
    pub fn unfinished(&self) -> Option<Fork> {
        self.last()
            .copied()
            .filter(|fork| fork.resumed_at.is_none())
    }

    /// Adds one that is to be followed. False, and nothing is done, if it is none that comes next.
    #[must_use]
    pub fn begin(&mut self, fork: Fork) -> bool {
        let is_next = fork.id > self.id() && self.unfinished().is_none();
        if is_next {
            self.forks.push(Fork {
                resumed_at: None,
                ..fork
            });
        }
        is_next
    }

    /// Notes that the chain goes on.
    pub fn finish(&mut self, now: u64) {
        if let Some(last) = self.forks.last_mut() {
            last.resumed_at = Some(now);
        }
    }

    /// The first one that cannot be where it is.
    fn disorder(&self) -> Option<u64> {
        let mut before = 0;
        for (place, fork) in self.forks.iter().enumerate() {
            let is_last = place + 1 == self.forks.len();
            if fork.id <= before || (!is_last && fork.resumed_at.is_none()) {
                return Some(fork.id);
            }
            before = fork.id;
        }
        None
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn fork(id: u64, last_block: u64) -> Fork {
        Fork {
            id,
            batch: 1,
            last_block,
            last_block_hash: B256::repeat_byte(1),
            reverted_at: 100,
            resumed_at: None,
        }
    }

    fn followed(reverts: &[(u64, u64)]) -> Forks {
        let mut forks = Forks::default();
        for (id, last_block) in reverts {
            assert!(forks.begin(fork(*id, *last_block)));
            forks.finish(200);
        }
        forks
    }

    #[test]
    fn a_block_has_the_fork_id_it_was_made_with() {
        let forks = followed(&[(1, 10), (2, 20), (4, 5)]);
        for (block, id) in [(0, 0), (5, 0), (6, 4), (10, 4), (11, 4), (21, 4)] {
            assert_eq!(forks.id_of(block), id, "block {block}");
        }
        let forks = followed(&[(1, 10), (2, 20)]);
        for (block, id) in [(10, 0), (11, 1), (20, 1), (21, 2), (u64::MAX, 2)] {
            assert_eq!(forks.id_of(block), id, "block {block}");
        }
        assert_eq!(Forks::default().id_of(7), 0);
    }

    #[test]
    fn l1_names_the_last_blocks_that_still_stand() {
        let mut forks = followed(&[(1, 10), (2, 20), (4, 15)]);
        for (place, hash) in forks.forks.iter_mut().zip([1, 2, 4]) {
            place.last_block_hash = B256::repeat_byte(hash);
        }
        for (block, hash) in [
            (9, None),
            (10, Some(1)),
            (11, None),
            (15, Some(4)),
            (16, None),
            (20, None),
        ] {
            let expected = hash.map(B256::repeat_byte);
            assert_eq!(forks.standing_hash(block), expected, "block {block}");
        }
    }

    #[test]
    fn one_is_followed_after_the_other() {
        let mut forks = followed(&[(1, 10)]);
        assert_eq!(forks.unfinished(), None);
        assert!(!forks.begin(fork(1, 5)), "it was followed");
        assert!(forks.begin(fork(3, 5)));
        assert_eq!(forks.unfinished(), Some(fork(3, 5)));
        assert!(!forks.begin(fork(4, 5)), "the one before is not done");
        forks.finish(300);
        assert_eq!((forks.unfinished(), forks.id()), (None, 3));
    }

    #[test]
    fn what_is_written_is_read_and_damage_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Forks::read(dir.path()).unwrap(), Forks::default());
        let mut forks = followed(&[(1, 10)]);
        assert!(forks.begin(fork(2, 7)));
        forks.write(dir.path()).unwrap();
        assert_eq!(Forks::read(dir.path()).unwrap(), forks);
        for damage in ["", "{}", r#"{"forks":[{"id":1}]}"#] {
            fs::write(dir.path().join(NAME), damage).unwrap();
            let error = Forks::read(dir.path()).unwrap_err().to_string();
            assert!(error.contains("put it back"), "{error}");
        }
        let twice = Forks {
            forks: vec![fork(1, 1), fork(1, 1)],
        };
        twice.write(dir.path()).unwrap();
        Forks::read(dir.path()).unwrap_err();
    }
}
