//! The state directory: one process at a time, and small files that are there whole or not at all.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;

const LOCK_FILE: &str = "spillway.lock";

/// A state directory that this process alone may use. The lock goes with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes the directory if it is not there, and takes its lock. `choose` tells how to choose another one.
    pub(crate) fn open(path: &Path, choose: &str) -> Result<Self> {
        fs::create_dir_all(path).with_context(|| {
            format!(
                "cannot make the state directory {} ({choose} chooses another)",
                path.display()
            )
        })?;
        let lock_path = path.join(LOCK_FILE);
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path);
        let lock = lock.with_context(|| format!("cannot open {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "{} is in use by another spillway process{}: stop it first, or choose another directory with {choose}",
                path.display(),
                holder(&lock_path),
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", lock_path.display()));
            }
        }
        note_holder(&lock).with_context(|| format!("cannot write {}", lock_path.display()))?;
        let path =
            fs::canonicalize(path).with_context(|| format!("cannot resolve {}", path.display()))?;
        Ok(Self { path, _lock: lock })
    }

    /// The absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a file or folder of that name.
    pub(crate) fn holds(&self, name: &str) -> Result<bool> {
        let path = self.path.join(name);
        path.try_exists()
            .with_context(|| format!("cannot look at {}", path.display()))
    }

    /// The text of a file, `None` when there is none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<String>> {
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Writes a file that readers see whole, and that is there after a power loss.
    pub(crate) fn write_json(&self, name: &str, content: &impl Serialize) -> Result<()> {
        let path = self.path.join(name);
        let text = serde_json::to_string_pretty(content)? + "\n";
        self.replace(&path, &text)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn replace(&self, path: &Path, text: &str) -> std::io::Result<()> {
        let temporary = path.with_extension("tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(&self.path)?.sync_all()
    }

    /// Removes a file that may not be there.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// The process id goes into the lock file for whoever meets the lock. It is a hint: the lock is what counts.
fn note_holder(mut lock: &File) -> std::io::Result<()> {
    lock.set_len(0)?;
    write!(lock, "{}", std::process::id())
}

fn holder(lock_path: &Path) -> String {
    let noted = fs::read_to_string(lock_path).unwrap_or_default();
    if noted.is_empty() {
        String::new()
    } else {
        format!(" (id {noted})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let first = Directory::open(&path, "--dir").unwrap();
        let refused = Directory::open(&path, "--dir").unwrap_err().to_string();
        assert!(refused.contains("in use"), "{refused}");
        assert!(
            refused.contains(&format!("(id {})", std::process::id())),
            "{refused}"
        );
        assert!(refused.contains("--dir"), "{refused}");
        drop(first);
        Directory::open(&path, "--dir").unwrap();
    }

    #[test]
    fn files_are_replaced_and_removed() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::open(parent.path(), "--dir").unwrap();
        assert_eq!(directory.read("x.json").unwrap(), None);
        assert!(!directory.holds("x.json").unwrap());
        directory.remove("x.json").unwrap();
        for value in [[1, 2], [3, 4]] {
            directory.write_json("x.json", &value).unwrap();
            let text = directory.read("x.json").unwrap().unwrap();
            assert_eq!(serde_json::from_str::<[i32; 2]>(&text).unwrap(), value);
            assert!(directory.holds("x.json").unwrap());
        }
        assert!(!parent.path().join("x.tmp").exists());
        directory.remove("x.json").unwrap();
        assert_eq!(directory.read("x.json").unwrap(), None);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file");
        fs::write(&path, "").unwrap();
        let error = format!("{:#}", Directory::open(&path, "--dir").unwrap_err());
        assert!(error.contains("file") && error.contains("--dir"), "{error}");
    }
}
