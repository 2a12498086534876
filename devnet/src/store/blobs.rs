//! The blobs on disk: one file for each block that has some, deleted whole when it is too old.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_primitives::{B256, Bytes};
use alloy_rlp::Decodable;

use super::frames;
use crate::chain::Block;
use crate::pool::Submission;

const SUFFIX: &str = ".blobs";

/// The directory of blob files.
#[derive(Debug)]
pub(crate) struct BlobFiles {
    dir: PathBuf,
    /// Number and hash of the blocks that have a file, those that a reorg dropped included.
    blocks: BTreeSet<(u64, B256)>,
}

impl BlobFiles {
    /// Opens the directory, creating it if need be. What a crash left half written is removed.
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        let mut blocks = BTreeSet::new();
        for entry in fs::read_dir(&dir)? {
            let path = entry?.path();
            match block_of(&path) {
                Some(block) => {
                    blocks.insert(block);
                }
                None if path.extension().is_some_and(|extension| extension == "tmp") => {
                    fs::remove_file(&path)?;
                }
                None => {}
            }
        }
        Ok(Self { dir, blocks })
    }

    /// Keeps a block's blob transactions. They are on disk, under their name, when this returns.
    pub(super) fn write(&mut self, block: &Block, blobs: &[Arc<Submission>]) -> io::Result<()> {
        if blobs.is_empty() {
            return Ok(());
        }
        let networks: Vec<Bytes> = blobs.iter().map(|one| one.network_form().into()).collect();
        let path = self.path(block.header.number, block.hash);
        let unnamed = path.with_extension("tmp");
        let mut file = File::create(&unnamed)?;
        file.write_all(&frames::framed(&alloy_rlp::encode(&networks))?)?;
        file.sync_data()?;
        fs::rename(&unnamed, &path)?;
        File::open(&self.dir)?.sync_all()?;
        self.blocks.insert((block.header.number, block.hash));
        Ok(())
    }

    /// Deletes those of blocks before that number.
    pub(super) fn prune(&mut self, first: u64) -> io::Result<()> {
        while let Some((number, hash)) = self.blocks.first().copied() {
            if number >= first {
                break;
            }
            fs::remove_file(self.path(number, hash))?;
            self.blocks.pop_first();
        }
        Ok(())
    }

    /// Where the blob transactions of a block are, `None` when they are not kept.
    pub(crate) fn find(&self, block: &Block) -> Option<PathBuf> {
        let (number, hash) = (block.header.number, block.hash);
        self.blocks
            .contains(&(number, hash))
            .then(|| self.path(number, hash))
    }

    fn path(&self, number: u64, hash: B256) -> PathBuf {
        self.dir.join(format!("{number:010}-{hash:x}{SUFFIX}"))
    }
}

/// Reads a file of blob transactions.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Arc<Submission>>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let payload = frames::frame(&mut BufReader::new(file), length)?;
    let payload = payload.ok_or_else(|| io::Error::other("a damaged file of blobs"))?;
    let networks = Vec::<Bytes>::decode(&mut payload.as_slice()).map_err(io::Error::other)?;
    let submissions = networks
        .iter()
        .map(|raw| Submission::from_network_form(raw));
    submissions
        .map(|one| one.map(Arc::new).map_err(io::Error::other))
        .collect()
}

fn block_of(path: &Path) -> Option<(u64, B256)> {
    let name = path.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
    let (number, hash) = name.split_once('-')?;
    Some((number.parse().ok()?, hash.parse().ok()?))
}
