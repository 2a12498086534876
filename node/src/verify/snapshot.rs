//! Snapshots of a verification: from a file to a ledger that L1 certifies, and back.
//!
//! A file certifies its accounts by its own state root (docs/snapshot.md). That root counts for nothing until a batch that is
//! final on L1 ends with it: files come from anywhere.

use std::path::Path;

use alloy_primitives::B256;
use alloy_provider::DynProvider;
use anyhow::{Context, Result, ensure};
use spillway_l1::deployment::Deployment;
use spillway_protocol::batch::BatchHeader;
use spillway_protocol::block::BlockHeader;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;
use spillway_sequencer::genesis::Genesis;
use spillway_sequencer::ledger::Ledger as FileLedger;
use spillway_sequencer::snapshot;
use spillway_verifier::Verifier;
use spillway_verifier::replay::Ledger;

use super::finality::{FinalBatches, Posted};

/// Why L1 does not certify a snapshot.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error(
        "it is of block {block}, and no batch is final on L1 yet: use it when its batch is final, or begin at genesis"
    )]
    NothingFinal { block: u64 },
    #[error(
        "it is of block {block}, and the newest batch that is final on L1 is {batch}, which ends with block {last}: use it \
         when its own batch is final, take an earlier snapshot, or begin at genesis"
    )]
    NotFinal { block: u64, batch: u64, last: u64 },
    #[error(
        "it is of block {block}, with which no batch ends: batch {batch} ends with block {last}. Take a snapshot that \
         --save-snapshot has saved, or begin at genesis"
    )]
    Within { block: u64, batch: u64, last: u64 },
    #[error(
        "batch {batch} on L1 ends with another {what} than it: {on_l1}, not {found}. The file lies, or is of another chain: delete \
         it, and take another snapshot or begin at genesis"
    )]
    Differs {
        batch: u64,
        what: &'static str,
        on_l1: B256,
        found: B256,
    },
}

/// What a snapshot claims to be.
#[derive(Clone, Copy, Debug)]
struct Claim {
    block: u64,
    block_hash: B256,
    state_root: B256,
}

impl Claim {
    fn of(state: &State, tree: &StateTree, head: &BlockHeader) -> Self {
        Self {
            block: head.number,
            block_hash: head.hash(),
            state_root: tree.root(state),
        }
    }

    /// The batch that ends with it, if that is `found`: the first final one which does not end before it.
    fn judge(&self, found: Option<&Posted>, newest: Option<&Posted>) -> Result<u64, Refused> {
        let block = self.block;
        let Some(found) = found else {
            return Err(match newest {
                None => Refused::NothingFinal { block },
                Some(Posted { batch, .. }) => Refused::NotFinal {
                    block,
                    batch: batch.number,
                    last: batch.header.block_number,
                },
            });
        };
        let (batch, header): (u64, &BatchHeader) = (found.batch.number, &found.batch.header);
        if header.block_number != block {
            let last = header.block_number;
            return Err(Refused::Within { block, batch, last });
        }
        let pairs = [
            ("block", header.block_hash, self.block_hash),
            ("state root", header.state_root, self.state_root),
        ];
        for (what, on_l1, found) in pairs {
            if on_l1 != found {
                return Err(Refused::Differs {
                    batch,
                    what,
                    on_l1,
                    found,
                });
            }
        }
        Ok(batch)
    }
}

fn genesis(deployment: &Deployment) -> Genesis {
    Genesis {
        chain_id: deployment.l2_chain_id,
        fee_account: deployment.genesis.fee_account,
    }
}

/// Reads a file of that chain. Nothing certifies it yet.
pub(crate) fn read(path: &Path, deployment: &Deployment) -> Result<FileLedger> {
    snapshot::load(path, &genesis(deployment)).with_context(|| {
        format!(
            "{} cannot be used: take another snapshot, or begin at genesis",
            path.display()
        )
    })
}

/// The ledger after the batch that certifies what was read.
pub(crate) async fn certify(
    read: FileLedger,
    l1: &DynProvider,
    deployment: &Deployment,
) -> Result<Ledger> {
    let (state, tree, _, head) = read.into_parts()?;
    let claim = Claim::of(&state, &tree, &head);
    let contracts = deployment.contracts();
    let finals = FinalBatches::find(l1, &contracts, deployment.l1_block.number).await?;
    let found = finals.ending_with(claim.block).await?;
    let batch = claim.judge(found.as_ref(), finals.newest())?;
    Ok(Ledger::of_snapshot(state, tree, head, batch))
}

/// A snapshot that was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    /// The newest batch that is final; 0 if none is.
    pub(super) final_batch: u64,
    /// None if its own batch is final. Otherwise the time, in seconds since 1970, from which on that can be.
    pub(super) final_from: Option<u64>,
}

/// Looks whether a snapshot can be written there, before the work of hours.
pub(super) fn check_place(path: &Path) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let is_place = folder.is_none_or(Path::is_dir) && path.file_name().is_some() && !path.is_dir();
    ensure!(
        is_place,
        "--save-snapshot {}: give a file's name in a folder that exists",
        path.display()
    );
    Ok(())
}

/// Writes the ledger after the last batch that was verified, and says when it can be used.
pub(super) async fn save(
    path: &Path,
    verifier: &Verifier,
    l1: &DynProvider,
    deployment: &Deployment,
) -> Result<Saved> {
    let ledger = verifier.ledger().filter(|ledger| ledger.batch() > 0);
    let ledger =
        ledger.context("--save-snapshot: L1 has no batch yet, so there is nothing to save")?;
    let (_, tokens) = verifier.derivation().inputs(0, 0);
    write(path, ledger, tokens, deployment).context("--save-snapshot")?;
    let contracts = deployment.contracts();
    let finals = FinalBatches::find(l1, &contracts, deployment.l1_block.number).await?;
    let final_batch = finals.newest().map_or(0, |newest| newest.batch.number);
    let standing = verifier.derivation().standing();
    // One that is let go is final.
    let pending = standing
        .batch(ledger.batch())
        .filter(|batch| batch.number > final_batch);
    let window = deployment.parameters.challenge_window;
    Ok(Saved {
        final_batch,
        final_from: pending.map(|batch| batch.submission.posted_at.saturating_add(window)),
    })
}

/// Writes a ledger, with the tokens that L1 has listed, in the place of what was there.
pub(crate) fn write(
    path: &Path,
    ledger: &Ledger,
    tokens: &TokenTable,
    deployment: &Deployment,
) -> Result<()> {
    let mut copy = FileLedger::from_parts(
        ledger.state().clone(),
        ledger.tree().clone(),
        tokens.clone(),
        *ledger.head(),
    );
    ensure!(
        copy.state_root()? == ledger.root(),
        "the copy of the state has another root: nothing is saved. Report this"
    );
    Ok(snapshot::save(&mut copy, &genesis(deployment), path)?)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;
    use spillway_protocol::account::{Account, TokenBalances};
    use spillway_protocol::state::Counters;

    use super::super::finality::tests::posted;
    use super::*;

    /// As batch 3 ends.
    const CLAIM: Claim = Claim {
        block: 30,
        block_hash: B256::repeat_byte(2),
        state_root: B256::repeat_byte(1),
    };

    fn judge(claim: Claim, found: Option<u64>, newest: Option<u64>) -> Result<u64, Refused> {
        let (found, newest) = (found.map(posted), newest.map(posted));
        claim.judge(found.as_ref(), newest.as_ref())
    }

    #[test]
    fn only_what_a_final_batch_ends_with_is_certified() {
        let other = B256::repeat_byte(9);
        let (block, batch) = (30, 3);
        let of = |block| Claim { block, ..CLAIM };
        let hash = Claim {
            block_hash: other,
            ..CLAIM
        };
        let root = Claim {
            state_root: other,
            ..CLAIM
        };
        let differs = |what, on_l1| Refused::Differs {
            batch,
            what,
            on_l1,
            found: other,
        };
        for (claim, found, newest, expected) in [
            (CLAIM, Some(3), Some(3), Ok(3)),
            (CLAIM, Some(3), Some(7), Ok(3)),
            (CLAIM, None, None, Err(Refused::NothingFinal { block })),
            (
                CLAIM,
                None,
                Some(2),
                Err(Refused::NotFinal {
                    block,
                    batch: 2,
                    last: 20,
                }),
            ),
            (
                of(29),
                Some(3),
                Some(7),
                Err(Refused::Within {
                    block: 29,
                    batch,
                    last: 30,
                }),
            ),
            (
                of(0),
                Some(1),
                Some(7),
                Err(Refused::Within {
                    block: 0,
                    batch: 1,
                    last: 10,
                }),
            ),
            (
                hash,
                Some(3),
                Some(3),
                Err(differs("block", CLAIM.block_hash)),
            ),
            (
                root,
                Some(3),
                Some(3),
                Err(differs("state root", CLAIM.state_root)),
            ),
        ] {
            assert_eq!(judge(claim, found, newest), expected);
        }
    }

    /// What is read of a file that was saved with these accounts, in block 30.
    fn claim_of(accounts: &[(u8, u128)]) -> Claim {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kept.snapshot");
        let genesis = Genesis {
            chain_id: 7,
            fee_account: Address::repeat_byte(0xfe),
        };
        let accounts = accounts.iter().map(|(last, eth)| Account {
            address: Address::with_last_byte(*last),
            nonce: 0,
            locked: false,
            eth: *eth,
            tokens: TokenBalances::default(),
        });
        let head = BlockHeader {
            number: 30,
            ..BlockHeader::genesis()
        };
        let counters = Counters {
            block_number: 30,
            ..Counters::default()
        };
        let state = State::import(accounts, counters).unwrap();
        let mut ledger =
            FileLedger::import(state, TokenTable::default(), head, Vec::new()).unwrap();
        snapshot::save(&mut ledger, &genesis, &path).unwrap();
        let (state, tree, _, head) = snapshot::load(&path, &genesis)
            .unwrap()
            .into_parts()
            .unwrap();
        Claim::of(&state, &tree, &head)
    }

    #[test]
    fn a_whole_file_with_other_balances_is_refused() {
        let honest = claim_of(&[(1, 5), (2, 7)]);
        let mut batch = posted(3);
        batch.batch.header.state_root = honest.state_root;
        batch.batch.header.block_hash = honest.block_hash;
        assert_eq!(honest.judge(Some(&batch), Some(&batch)), Ok(3));
        for lie in [&[(1, 5), (2, 8)][..], &[(2, 7), (1, 5)], &[(1, 5)]] {
            let refused = claim_of(lie).judge(Some(&batch), Some(&batch));
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("another state root"), "{error}");
        }
    }

    #[test]
    fn a_place_where_nothing_can_be_written_is_refused_before_the_work() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (path, expected) in [
            (at("new"), true),
            ("bare".into(), true),
            (at("nowhere/new"), false),
            (dir.path().into(), false),
            ("/".into(), false),
        ] {
            assert_eq!(check_place(&path).is_ok(), expected, "{}", path.display());
        }
    }
}
