//! The journal's side of the simulated disk: each call, and what a planned fault makes of it.

use std::{io, path::PathBuf, sync::MutexGuard};

use rand::Rng;

use super::{
    super::storage::{LockGuard, Storage, StorageFile},
    Fault, SECTOR_BYTES, SimulatedDisk, State,
};

impl SimulatedDisk {
    fn handle(&self, state: &State, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let id = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(SimulatedFile {
            disk: self.clone(),
            id,
            boot: state.boot,
        }))
    }
}

impl Storage for SimulatedDisk {
    fn lock(&self) -> io::Result<LockGuard> {
        let mut state = self.state();
        state.check_running()?;
        if state.locked {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.locked = true;
        Ok(Box::new(SimulatedLock {
            disk: self.clone(),
            boot: state.boot,
        }))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.state().check_running()?;
        Ok(self.names())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let state = self.state();
        state.check_running()?;
        self.handle(&state, name)
    }

    fn open_writable(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.open(name)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let mut state = self.state();
        let fault = state.begin()?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if fault.is_none() || fault == Some(Fault::Stop) && state.rng.random() {
            state.add(name);
        }
        answer(fault)?;
        self.handle(&state, name)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        let fault = state.begin()?;
        if !state.names.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if fault.is_none() || fault == Some(Fault::Stop) && state.rng.random() {
            state.names.remove(name);
        }
        answer(fault)
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut state = self.state();
        let fault = state.begin()?;
        if fault.is_none() {
            state.durable_names = state.names.clone();
        }
        answer(fault)
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from("/simulated").join(name)
    }
}

fn answer(fault: Option<Fault>) -> io::Result<()> {
    match fault {
        None => Ok(()),
        Some(Fault::Error(kind)) => Err(kind.into()),
        Some(Fault::Stop) => Err(io::Error::other("the machine stops")),
    }
}

struct SimulatedLock {
    disk: SimulatedDisk,
    boot: u64,
}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.boot == self.boot {
            state.locked = false;
        }
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    id: u64,
    boot: u64,
}

impl SimulatedFile {
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        if state.boot == self.boot {
            Ok(state)
        } else {
            Err(io::Error::other("a handle from before the crash"))
        }
    }

    fn sync(&self, with_length: bool) -> io::Result<()> {
        let mut state = self.state()?;
        let fault = state.begin()?;
        let State { files, rng, .. } = &mut *state;
        let file = files.get_mut(&self.id).expect("files are never forgotten");
        match fault {
            None => file.sync(with_length),
            Some(Fault::Error(_)) => file.fail_to_sync(rng),
            Some(Fault::Stop) => {}
        }
        answer(fault)
    }
}

impl StorageFile for SimulatedFile {
    fn len(&self) -> io::Result<u64> {
        let state = self.state()?;
        state.check_running()?;
        Ok(state.files[&self.id].cached.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.state()?;
        state.check_running()?;
        let cached = &state.files[&self.id].cached;
        let from = cached.len().min(offset as usize);
        let count = buffer.len().min(cached.len() - from);
        buffer[..count].copy_from_slice(&cached[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state()?;
        let fault = state.begin()?;
        let offset = offset as usize;
        let grows = (offset + bytes.len()).saturating_sub(state.files[&self.id].cached.len());
        let free = state.capacity.saturating_sub(state.used());
        let mut count = bytes.len() - grows.saturating_sub(free);
        if fault.is_some() || state.short_writes && state.rng.random() {
            count = state
                .rng
                .random_range(usize::from(fault.is_none())..=count.max(1))
                .min(count);
        }
        let file = state
            .files
            .get_mut(&self.id)
            .expect("files are never forgotten");
        file.write(&bytes[..count], offset);
        answer(fault)?;
        if count == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(count)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut state = self.state()?;
        let fault = state.begin()?;
        if fault.is_none() || fault == Some(Fault::Stop) && state.rng.random() {
            let file = state
                .files
                .get_mut(&self.id)
                .expect("files are never forgotten");
            file.cached.resize(length as usize, 0);
            file.dirty
                .retain(|sector| sector * SECTOR_BYTES < length as usize);
            file.shrunk = true;
        }
        answer(fault)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync(false)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync(true)
    }
}
