//! Accepted orders on disk: a file each.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use alloy_primitives::B256;

use super::order::{FormatError, ORDER_BYTES_MAX, Order};

const EXTENSION: &str = "order";
const UNFINISHED: &str = "unfinished";

/// Why orders cannot be read or written. None is accepted then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder.
    #[error("{0} is in use by another process: a hot account has one desk. Stop the other one")]
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
        "{path}: {error}. Restore it, or remove it: that withdrawal is claimed as any other then"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: FormatError,
    },
}

/// The folder of orders. It belongs to this process as long as this value lives.
#[derive(Debug)]
pub(super) struct OrderStore {
    dir: PathBuf,
    /// Holds the lock.
    _lock: File,
}

impl OrderStore {
    /// Opens the folder, which is made if it is not there, and reads the orders in it.
    pub(super) fn open(dir: &Path) -> Result<(Self, Vec<Order>), StoreError> {
        let path = dir.join("lock");
        let lock = fs::create_dir_all(dir).and_then(|()| File::create(&path));
        let lock = lock.map_err(io_error(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => return Err(io_error(&path)(error)),
        }
        let store = Self {
            dir: dir.to_owned(),
            _lock: lock,
        };
        let orders = store.load()?;
        Ok((store, orders))
    }

    fn load(&self) -> Result<Vec<Order>, StoreError> {
        let mut orders = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(io_error(&self.dir))? {
            let path = entry.map_err(io_error(&self.dir))?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(EXTENSION) => orders.push(load_one(&path)?),
                Some(UNFINISHED) => fs::remove_file(&path).map_err(io_error(&path))?,
                _ => {}
            }
        }
        Ok(orders)
    }

    /// Writes an order. When this returns it is durable.
    pub(super) fn write(&self, order: &Order) -> Result<(), StoreError> {
        let path = self.path(order.leaf());
        let write = || {
            let unfinished = path.with_extension(UNFINISHED);
            let mut file = File::create(&unfinished)?;
            file.write_all(&order.encode())?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)?;
            File::open(&self.dir)?.sync_all()
        };
        write().map_err(io_error(&path))
    }

    /// Removes an order. A crash soon after may leave it there.
    pub(super) fn remove(&self, leaf: B256) -> Result<(), StoreError> {
        let path = self.path(leaf);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&path)(error)),
            _ => Ok(()),
        }
    }

    fn path(&self, leaf: B256) -> PathBuf {
        self.dir.join(format!("{leaf:x}.{EXTENSION}"))
    }
}

fn load_one(path: &Path) -> Result<Order, StoreError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io_error(path))?;
    let limit = ORDER_BYTES_MAX as u64 + 1;
    let read = file.take(limit).read_to_end(&mut bytes);
    read.map_err(io_error(path))?;
    Order::decode(&bytes).map_err(|error| StoreError::Format {
        path: path.to_owned(),
        error,
    })
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> StoreError + '_ {
    |error| StoreError::Io {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::advances::order::tests::order;

    #[test]
    fn orders_are_kept_until_they_are_removed() {
        let dir = TempDir::new().unwrap();
        let (store, orders) = OrderStore::open(dir.path()).unwrap();
        assert_eq!(orders, []);
        store.write(&order(1)).unwrap();
        store.write(&order(2)).unwrap();
        store.write(&order(2)).unwrap();
        assert!(matches!(
            OrderStore::open(dir.path()),
            Err(StoreError::InUse(_))
        ));
        drop(store);
        let (store, mut orders) = OrderStore::open(dir.path()).unwrap();
        orders.sort_by_key(|order| order.consent.index);
        assert_eq!(orders, [order(1), order(2)]);
        store.remove(order(1).leaf()).unwrap();
        store.remove(order(1).leaf()).unwrap();
        drop(store);
        let (_, orders) = OrderStore::open(dir.path()).unwrap();
        assert_eq!(orders, [order(2)]);
    }

    /// A crash before the rename leaves no order; damage after it is told, not dropped.
    #[test]
    fn what_is_half_written_was_not_accepted() {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("a.unfinished"), [1]).unwrap();
        let (store, orders) = OrderStore::open(dir.path()).unwrap();
        assert_eq!(orders, []);
        assert!(!dir.path().join("a.unfinished").exists());
        drop(store);
        fs::write(dir.path().join("a.order"), [1]).unwrap();
        assert!(matches!(
            OrderStore::open(dir.path()),
            Err(StoreError::Format { .. })
        ));
    }
}
