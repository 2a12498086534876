//! What a rebalancer tells its owner.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use spillway_l1::transactions::{Obstacle, Outcome};

use super::observed::Balance;
use super::route::{Asset, Pool, Route};
use super::under_way::{Move, MoveStage};
use super::waiting::{Notice, WaitingMove};

/// Why a move did not take effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// L1 would not carry it out. Nothing was sent.
    #[error("it would fail: {0}")]
    WouldFail(String),
    /// It takes more gas than a move may. Nothing was sent.
    #[error("it takes {0} gas: raise move_gas if that is right for the accounts and the token")]
    Gas(u64),
    /// The transaction manager does not take it. Nothing was sent.
    #[error("the transaction manager does not take it: {0}")]
    NotTaken(String),
    /// It was sent, and ended without effect.
    #[error("it ended without effect: {0:?}")]
    Ended(Outcome),
}

/// What it did and what it met, in order. Its owner logs it.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// It knows what earlier runs left.
    Began {
        /// Moves of the last day, those under way among them.
        moves: usize,
    },
    /// It asked a transaction manager for a move, and that is on disk.
    Moving {
        /// Which.
        asked: Move,
        /// What L1 takes, in wei per gas.
        price: u128,
    },
    /// A move is in a block of L1 and took effect.
    Moved {
        /// Which.
        asked: Move,
        /// The transaction.
        transaction: B256,
        /// The block.
        l1_block: u64,
        /// Wei that it cost.
        wei: u128,
    },
    /// The block with a move is gone. The same transaction is sent again.
    TakenBack {
        /// Which.
        asked: Move,
    },
    /// A move did not take effect. The balances then say whether another is made.
    Failed {
        /// The route.
        route: Route,
        /// How much it was to move.
        amount: u128,
        /// Why.
        failure: Failure,
        /// When the next one can be made, in L1's seconds.
        retry_at: u64,
    },
    /// A move does not get on. Where it would hold up others of its account, it is withdrawn.
    Blocked {
        /// Which.
        asked: Move,
        /// Why.
        obstacle: Obstacle,
    },
    /// What waits, or need not wait any more.
    Notice(Notice),
    /// L1 does not answer; it is asked again. Said once until it does.
    Silent {
        /// The error.
        reason: String,
    },
}

/// How full the pools are, and what moves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The block of L1 that was last looked at; 0 before.
    pub l1_block: u64,
    /// What L1 took there, in wei per gas.
    pub price: u128,
    /// What each pool has.
    pub balances: BTreeMap<(Asset, Pool), Balance>,
    /// Moves that are not as deep as is waited for.
    pub moves: Vec<(Move, MoveStage)>,
    /// What should move and cannot.
    pub waiting: Vec<WaitingMove>,
    /// Wei that moves have cost, as this run was told: what a fork takes back and L1 has again counts again.
    pub wei_spent: u128,
}

impl Status {
    /// What is leaving a pool by moves that its balance at the head does not show.
    #[must_use]
    pub fn leaving(&self, pool: Pool, asset: Asset) -> u128 {
        let leaves = |(asked, stage): &&(Move, MoveStage)| {
            let is_its = asked.route.from == pool && asked.route.asset == asset;
            let is_shown = match stage {
                MoveStage::UnderWay => false,
                MoveStage::InBlock(block) | MoveStage::Done(block) => *block <= self.l1_block,
            };
            is_its && !is_shown
        };
        let leaving = self.moves.iter().filter(leaves);
        leaving.fold(0, |sum: u128, (asked, _)| sum.saturating_add(asked.amount))
    }
}
