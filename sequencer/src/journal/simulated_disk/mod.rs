//! A disk in memory that fails as disks do, for the tests.
//!
//! What was written is first in the page cache, which reads see, and becomes durable at a sync, in
//! sectors. At power loss each sector that waited is written, lost, or (where the file had grown)
//! holds anything; the file's length and each directory entry are old or new. A sync that fails
//! loses what waited and calls it clean, as Linux does.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use rand::{Rng, SeedableRng, rngs::StdRng};

mod calls;

const SECTOR_BYTES: usize = 512;

/// What happens to one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It answers this error. A write may have written a part, a sync loses data.
    Error(io::ErrorKind),
    /// It is done, in part or not at all, and the machine stops: every operation fails until
    /// [`SimulatedDisk::restart`].
    Stop,
}

/// How the machine stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Only the process died: the page cache stays.
    Process,
    /// The page cache is gone.
    Power,
}

/// The disk, shared by its handles.
#[derive(Clone)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

#[derive(Clone)]
struct State {
    rng: StdRng,
    /// Directory entries as the process sees them, and as they are on disk.
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    files: BTreeMap<u64, FileState>,
    locked: bool,
    /// Handles of an earlier boot are dead.
    boot: u64,
    stopped: bool,
    /// Operations that change something, so far.
    operations: u64,
    fault: Option<(u64, Fault)>,
    /// Writes sometimes write only a part, without an error.
    short_writes: bool,
    capacity: usize,
}

#[derive(Clone, Default)]
struct FileState {
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors that wait to be written.
    dirty: BTreeSet<usize>,
    /// Whether a truncation waits to be written.
    shrunk: bool,
}

impl SimulatedDisk {
    /// An empty disk. All its choices follow from the seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            rng: StdRng::seed_from_u64(seed),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            files: BTreeMap::new(),
            locked: false,
            boot: 0,
            stopped: false,
            operations: 0,
            fault: None,
            short_writes: false,
            capacity: usize::MAX,
        })))
    }

    /// A disk with the same content, to which other things can happen. Its choices follow from the
    /// seed.
    pub(crate) fn fork(&self, seed: u64) -> Self {
        let mut state = self.state().clone();
        state.rng = StdRng::seed_from_u64(seed);
        state.locked = false;
        state.boot += 1;
        Self(Arc::new(Mutex::new(state)))
    }

    /// Operations that changed something, so far.
    pub(crate) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Plans a fault for the operation that comes after this many more.
    pub(crate) fn fail_after(&self, operations: u64, fault: Fault) {
        let mut state = self.state();
        state.fault = Some((state.operations + operations, fault));
    }

    /// Whether a planned [`Fault::Stop`] has happened.
    pub(crate) fn stopped(&self) -> bool {
        self.state().stopped
    }

    pub(crate) fn set_short_writes(&self, short_writes: bool) {
        self.state().short_writes = short_writes;
    }

    /// Bytes that fit on the disk.
    pub(crate) fn set_capacity(&self, bytes: usize) {
        self.state().capacity = bytes;
    }

    /// The machine stops (if it has not) and comes up again. Nothing is planned any more.
    pub(crate) fn restart(&self, crash: Crash) {
        let mut state = self.state();
        state.boot += 1;
        state.stopped = false;
        state.locked = false;
        state.fault = None;
        if crash == Crash::Power {
            state.lose_power();
        }
    }

    /// The names of the files, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        self.state().names.keys().cloned().collect()
    }

    /// The content of a file, as reads see it.
    pub(crate) fn content(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        state.files[&state.names[name]].cached.clone()
    }

    /// Puts a file there, durably: what no crash does, but bad disks and operators do.
    pub(crate) fn set_content(&self, name: &str, content: &[u8]) {
        let mut state = self.state();
        let id = state.add(name);
        state.durable_names.insert(name.to_owned(), id);
        let durable = content.to_vec();
        state.files.insert(
            id,
            FileState {
                cached: durable.clone(),
                durable,
                ..FileState::default()
            },
        );
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics inside the disk")
    }
}

impl State {
    fn check_running(&self) -> io::Result<()> {
        if self.stopped {
            Err(io::Error::other("the machine has stopped"))
        } else {
            Ok(())
        }
    }

    /// Counts an operation and answers the fault that is planned for it.
    fn begin(&mut self) -> io::Result<Option<Fault>> {
        self.check_running()?;
        let fault = self
            .fault
            .filter(|(at, _)| *at == self.operations)
            .map(|(_, fault)| fault);
        self.operations += 1;
        self.stopped = fault == Some(Fault::Stop);
        Ok(fault)
    }

    fn add(&mut self, name: &str) -> u64 {
        let id = self.files.len() as u64;
        self.files.insert(id, FileState::default());
        self.names.insert(name.to_owned(), id);
        id
    }

    fn used(&self) -> usize {
        self.names
            .values()
            .map(|id| self.files[id].cached.len())
            .sum()
    }

    fn lose_power(&mut self) {
        let changed: BTreeSet<String> = self
            .names
            .keys()
            .chain(self.durable_names.keys())
            .cloned()
            .collect();
        for name in changed {
            if self.rng.random() {
                match self.names.get(&name) {
                    Some(&id) => self.durable_names.insert(name, id),
                    None => self.durable_names.remove(&name),
                };
            }
        }
        self.names = self.durable_names.clone();
        for file in self.files.values_mut() {
            file.lose_power(&mut self.rng);
        }
    }
}

impl FileState {
    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        if !bytes.is_empty() {
            self.dirty
                .extend(offset / SECTOR_BYTES..=(end - 1) / SECTOR_BYTES);
        }
    }

    /// Copies one sector from the cache to the disk.
    fn persist(&mut self, sector: usize) {
        let start = sector * SECTOR_BYTES;
        let end = (start + SECTOR_BYTES).min(self.cached.len());
        if start < end {
            if self.durable.len() < end {
                self.durable.resize(end, 0);
            }
            self.durable[start..end].copy_from_slice(&self.cached[start..end]);
        }
    }

    fn sync(&mut self, with_length: bool) {
        for sector in std::mem::take(&mut self.dirty) {
            self.persist(sector);
        }
        if with_length {
            self.durable.resize(self.cached.len(), 0);
            self.shrunk = false;
        }
    }

    /// Some sectors are written, all are clean.
    fn fail_to_sync(&mut self, rng: &mut StdRng) {
        for sector in std::mem::take(&mut self.dirty) {
            if rng.random() {
                self.persist(sector);
            }
        }
    }

    fn lose_power(&mut self, rng: &mut StdRng) {
        if std::mem::take(&mut self.shrunk) && rng.random() {
            self.durable.truncate(self.cached.len());
        }
        let old_length = self.durable.len();
        // From nothing over any prefix to everything; and now and then each sector for itself.
        let dirty: Vec<usize> = std::mem::take(&mut self.dirty).into_iter().collect();
        let kept = rng.random_range(0..=dirty.len());
        let in_order: bool = rng.random();
        for (index, &sector) in dirty.iter().enumerate() {
            if if in_order { index < kept } else { rng.random() } {
                self.persist(sector);
            }
        }
        // The length may have been written without the data, and the data up to any byte.
        let length = match rng.random_range(0..3) {
            0 => self.durable.len(),
            1 => self.cached.len().max(old_length),
            _ => rng.random_range(old_length..=self.cached.len().max(old_length)),
        };
        let written = self.durable.len();
        self.durable.resize(length, 0);
        if rng.random() && written < length {
            rng.fill(&mut self.durable[written..]);
        }
        self.cached = self.durable.clone();
    }
}
