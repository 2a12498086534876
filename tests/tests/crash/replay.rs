//! The ledger again, from a copy of the journal, in this process: from genesis, without snapshots and
//! without the query index.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use spillway_protocol::token::{ETH, TokenId};
use spillway_sequencer::genesis::Genesis;
use spillway_sequencer::journal::{Journal, Options};
use spillway_sequencer::ledger::Ledger;
use spillway_sequencer::record;
use spillway_tests::CHAIN_ID;
use tempfile::TempDir;

use crate::model::Model;
use crate::site::{Site, fee_account};

/// The test token is the first that a development chain lists.
const TOKEN_ID: TokenId = 1;

/// A ledger that follows a journal across restarts. It accepts a block only if that continues what it has
/// seen, so history that was rewritten is noticed.
#[derive(Debug)]
pub(crate) struct Replay {
    ledger: Ledger,
    transactions: HashSet<B256>,
}

impl Replay {
    /// At genesis.
    pub(crate) fn new() -> Self {
        Self {
            ledger: Ledger::genesis(&genesis()),
            transactions: HashSet::new(),
        }
    }

    /// Executes the blocks up to and with that number. The node may be running.
    ///
    /// # Panics
    /// If the journal does not hold them, or they do not continue this ledger, or one holds a transaction again.
    pub(crate) fn follow(&mut self, site: &Site, to: u64) {
        let copy = copy_of_journal(&site.path("journal"));
        let options = Options {
            verify_from: self.ledger.head().number + 1,
            expect_through: to,
            ..Options::new(genesis().id().0)
        };
        let (journal, _) = Journal::open(copy.path(), &options).expect("a sound journal");
        let mut records = journal.reader().records_from(self.ledger.head().number + 1);
        while self.ledger.head().number < to {
            let found = records.next_record().expect("a sound record");
            let found = found.expect("a record for each block that the node shows");
            let payload = Bytes::copy_from_slice(found.payload);
            let (header, body) = record::decode(&payload).expect("a block");
            self.ledger.apply(&header, &body).expect("the next block");
            for included in &body.transactions {
                let hash = keccak256(&included.raw);
                assert!(self.transactions.insert(hash), "{hash} is in two blocks");
            }
        }
    }

    /// The state root after the last block that was followed.
    pub(crate) fn state_root(&mut self) -> B256 {
        self.ledger.state_root().expect("a root of a sound ledger")
    }

    /// Wei of an account.
    pub(crate) fn balance(&self, address: &Address) -> u128 {
        let state = self.ledger.state();
        state
            .index_of(address)
            .map_or(0, |index| state.balance(index, ETH))
    }

    /// Compares accounts, supplies and transactions with the model's.
    ///
    /// # Panics
    /// If anything differs.
    pub(crate) fn check(&self, model: &Model) {
        let state = self.ledger.state();
        for (address, holding) in model.holdings() {
            let index = state.index_of(address);
            let units = index.map_or(0, |index| state.balance(index, TOKEN_ID));
            let nonce = index.and_then(|index| state.nonce(index)).unwrap_or(0);
            let want = (holding.wei, holding.units, holding.nonce);
            assert_eq!(
                (self.balance(address), units, nonce),
                want,
                "wei, units and nonce of {address}"
            );
        }
        let (wei, units) = model.supplies();
        assert_eq!(
            (state.supply(ETH), state.supply(TOKEN_ID)),
            (wei, units),
            "supplies"
        );
        let counters = state.counters();
        assert_eq!(u64::from(counters.withdrawal_count), model.withdrawals());
        assert_eq!(self.transactions.len() as u64, model.included());
        for hash in model.promised() {
            assert!(
                self.transactions.contains(&hash),
                "{hash} was acknowledged and lost"
            );
        }
    }
}

/// The chain that `spillway dev` makes.
fn genesis() -> Genesis {
    Genesis {
        chain_id: CHAIN_ID,
        fee_account: fee_account(),
    }
}

/// A journal that may be opened, which writes to its end, while the node writes to the original. Segments with two
/// successors never change and are not opened for writing, so links stand for them: long runs stay cheap.
fn copy_of_journal(journal: &Path) -> TempDir {
    let copy = TempDir::with_prefix("spillway-replay-").expect("a temporary directory");
    let mut segments: Vec<_> = fs::read_dir(journal)
        .expect("a journal")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .collect();
    segments.sort_unstable();
    let writable_from = segments.len().saturating_sub(2);
    for (place, segment) in segments.iter().enumerate() {
        let target = copy
            .path()
            .join(segment.file_name().expect("a segment's name"));
        if place < writable_from {
            symlink(segment, target).expect("a link to a segment");
        } else {
            fs::copy(segment, target).expect("a copy of a segment");
        }
    }
    copy
}
