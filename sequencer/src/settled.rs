//! A ledger that stands where L1 stands, to prove what is under a state root that L1 has.
//!
//! L1 pays against the root of a batch that nobody can challenge any more, which is hours or days behind the newest block. So
//! proofs need a ledger from then: one of its own, which follows from batch to batch.

use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{Address, B256};
use parking_lot::{Mutex, MutexGuard};
use spillway_protocol::account::Account;
use spillway_protocol::root::StatePreimage;
use spillway_protocol::tree::MultiproofError;
use spillway_protocol::withdrawal::Withdrawal;

use crate::genesis::Genesis;
use crate::journal::Reader;
use crate::ledger::{Ledger, LedgerError};
use crate::snapshot::{self, SnapshotError};
use crate::withdrawals::{Withdrawals, WithdrawalsError};

/// How long a question waits for another one.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Why something is not proven.
#[derive(Debug, thiserror::Error)]
pub enum SettledError {
    /// Other questions take long: the ledger is on its way.
    #[error("the ledger of that batch is being made; ask again in a few seconds")]
    Busy,
    /// The chain has not come to that block.
    #[error("block {0} is not durable here")]
    Unknown(u64),
    /// A withdrawal that is none, or a list of them that does not ascend.
    #[error("the withdrawals are not all under the root after block {0}")]
    NotThere(u64),
    /// The journal cannot be replayed.
    #[error(transparent)]
    Replay(#[from] SnapshotError),
    /// The ledger cannot be hashed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What was withdrawn cannot be read.
    #[error(transparent)]
    Withdrawals(#[from] WithdrawalsError),
}

/// Withdrawals under the root after some block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenWithdrawals {
    /// The preimage of the state root.
    pub state: StatePreimage,
    /// The withdrawals, by strictly ascending index.
    pub withdrawals: Vec<(u32, Withdrawal)>,
    /// The multiproof of their leaves, as `Multiproof.sol` takes it.
    pub siblings: Vec<B256>,
}

/// An account under the root after some block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenAccount {
    /// The preimage of the state root.
    pub state: StatePreimage,
    /// The account's index.
    pub index: u32,
    /// What it holds.
    pub account: Account,
    /// The multiproof of its leaf.
    pub siblings: Vec<B256>,
}

/// The ledger. Questions block the thread: the first one, and any about an earlier block than the last, for as long as a
/// replay from the snapshot before takes.
#[derive(Debug)]
pub struct SettledLedger {
    genesis: Genesis,
    snapshots: PathBuf,
    journal: Reader,
    withdrawals: Withdrawals,
    /// None until it is first asked, and after a failure.
    ledger: Mutex<Option<Ledger>>,
}

impl SettledLedger {
    pub(crate) const fn new(
        genesis: Genesis,
        snapshots: PathBuf,
        journal: Reader,
        withdrawals: Withdrawals,
    ) -> Self {
        Self {
            genesis,
            snapshots,
            journal,
            withdrawals,
            ledger: Mutex::new(None),
        }
    }

    /// Proves withdrawals, by strictly ascending index, under the root after that block.
    ///
    /// # Errors
    /// [`SettledError`].
    pub fn withdrawals(
        &self,
        block: u64,
        indices: &[u32],
    ) -> Result<ProvenWithdrawals, SettledError> {
        let (state, siblings) = self.at(block, |ledger| {
            let state = ledger.preimage()?;
            let tree = ledger.tree()?.withdrawals();
            let siblings = tree.multiproof(indices);
            let not_there = |_: MultiproofError| SettledError::NotThere(block);
            Ok((state, siblings.map_err(not_there)?))
        })?;
        let withdrawals = indices.iter().map(|index| {
            let made = self.withdrawals.read(*index, 1)?.pop();
            let made = made.ok_or(SettledError::NotThere(block))?;
            Ok((*index, made.withdrawal))
        });
        Ok(ProvenWithdrawals {
            state,
            withdrawals: withdrawals.collect::<Result<_, SettledError>>()?,
            siblings,
        })
    }

    /// Proves an account under the root after that block; none if there was no such account then.
    ///
    /// # Errors
    /// [`SettledError`].
    pub fn account(
        &self,
        block: u64,
        address: &Address,
    ) -> Result<Option<ProvenAccount>, SettledError> {
        self.at(block, |ledger| {
            let state = ledger.preimage()?;
            let Some(index) = ledger.state().index_of(address) else {
                return Ok(None);
            };
            let account = ledger.state().account(index);
            let siblings = ledger.tree()?.accounts().multiproof(&[index]);
            Ok(account
                .zip(siblings.ok())
                .map(|(account, siblings)| ProvenAccount {
                    state,
                    index,
                    account,
                    siblings,
                }))
        })
    }

    /// Brings the ledger to a block and shows it.
    fn at<T>(
        &self,
        block: u64,
        show: impl FnOnce(&mut Ledger) -> Result<T, SettledError>,
    ) -> Result<T, SettledError> {
        let held = self.ledger.try_lock_for(WAIT_MAX);
        let mut held: MutexGuard<'_, _> = held.ok_or(SettledError::Busy)?;
        let earlier = held.take().filter(|ledger| ledger.head().number <= block);
        let mut ledger = match earlier {
            None => snapshot::ledger_at(&self.snapshots, &self.genesis, &self.journal, block)?,
            Some(mut ledger) => {
                snapshot::replay(&mut ledger, &self.journal, block)?;
                ledger
            }
        };
        let found = ledger.head().number;
        let shown = match found == block {
            true => show(&mut ledger),
            false => Err(SettledError::Unknown(block)),
        };
        *held = Some(ledger);
        shown
    }
}

#[cfg(test)]
mod tests;
