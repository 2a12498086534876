//! What the core is told and what it answers.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{B256, Bytes};

use super::intent::{Attempt, Draft};
use crate::transactions::event::{BlockRef, Event, Obstacle, Receipt, Settled};
use crate::transactions::price::{Market, Price};
use crate::transactions::refusal::Refusal;
use crate::transactions::request::{IntentId, Kind, Request, Sidecar};

/// How a manager behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What kind of transactions the account sends.
    pub kind: Kind,
    /// The most that is ever offered, in wei per gas.
    pub caps: Price,
    /// Blocks on top of the one that holds a transaction, before it counts as final.
    pub confirmations: u64,
    /// Transactions that are sent and in no block yet, at most.
    pub in_flight_max: usize,
    /// Requests that are not final, at most.
    pub queue_max: usize,
    /// Blocks that a transaction may stay out of while it could be included, before it is replaced by a dearer one.
    pub stuck_after: u64,
    /// How often a transaction that waits is sent again, in case nodes have lost it.
    pub resend_after: Duration,
    /// What is added to an estimate of gas, in per cent of it.
    pub gas_margin_percent: u64,
    /// Seed for the waits after failures.
    pub seed: u64,
}

impl Settings {
    /// What fits mainnet: final after two epochs, 4 blob transactions or 16 others in flight, at most 200 gwei for gas
    /// and 100 gwei for blob gas, with a tip of up to 20 gwei.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        const GWEI: u128 = 1_000_000_000;
        Self {
            kind,
            caps: Price {
                max_fee: 200 * GWEI,
                priority_fee: 20 * GWEI,
                blob_fee: 100 * GWEI,
            },
            confirmations: 64,
            in_flight_max: match kind {
                Kind::Ordinary => 16,
                Kind::Blob => 4,
            },
            queue_max: 256,
            stuck_after: 5,
            resend_after: Duration::from_secs(30),
            gas_margin_percent: 25,
            seed: 0,
        }
    }
}

/// The chain as a node sees it.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// The latest block.
    pub block: BlockRef,
    /// The block before it.
    pub parent: B256,
    /// The account's nonce there: how many of its transactions are included.
    pub nonce: u64,
    /// Fees for the next block; none if the node did not say.
    pub market: Option<Market>,
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTransaction {
    /// Its hash.
    pub hash: B256,
    /// Its bytes (EIP-2718), without a sidecar.
    pub raw: Bytes,
}

/// Why there is no estimate of gas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EstimateError {
    /// Executing the call fails.
    Reverts(String),
    /// No node answered.
    Unavailable,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// The chain was looked at.
    Head(Head),
    /// The owner does not want that intent any more.
    Cancel(IntentId),
    /// The owner has noted how that intent ended. It must not submit that name again.
    Forget(IntentId),
    /// Answers [`Action::Estimate`].
    Estimated {
        /// The intent.
        id: IntentId,
        /// Gas.
        result: Result<u64, EstimateError>,
    },
    /// Answers [`Action::Sign`].
    Signed {
        /// The intent.
        id: IntentId,
        /// The transaction, or none if the signer failed, which it reports itself.
        result: Option<SignedTransaction>,
    },
    /// Answers [`Action::Send`].
    Sent {
        /// The intent.
        id: IntentId,
        /// What the node said.
        result: Result<(), Refusal>,
    },
    /// Answers [`Action::LookUp`].
    LookedUp {
        /// The intent.
        id: IntentId,
        /// The receipt of the one that is included, if one is. None if no node answered.
        result: Option<Option<Receipt>>,
    },
}

/// What is to be made durable.
#[derive(Clone, Debug)]
pub enum Record {
    /// A new intent.
    Request {
        /// Its place in the queue.
        sequence: u64,
        /// What is to happen.
        request: Request,
    },
    /// Something was signed for it.
    Attempt {
        /// The account's nonce, the same for all attempts.
        nonce: u64,
        /// What was signed.
        attempt: Attempt,
    },
    /// The owner does not want it any more.
    Cancel,
    /// It ended.
    Settled(Settled),
}

/// What to do.
#[derive(Clone, Debug)]
pub enum Action {
    /// Write that down and make it durable, before anything else.
    Persist {
        /// The intent.
        id: IntentId,
        /// What.
        record: Record,
    },
    /// Remove what was written about that intent.
    Remove {
        /// The intent.
        id: IntentId,
    },
    /// Ask how much gas a call takes.
    Estimate {
        /// The intent.
        id: IntentId,
        /// The call. Its gas limit means nothing.
        draft: Draft,
    },
    /// Sign.
    Sign {
        /// The intent.
        id: IntentId,
        /// The transaction.
        draft: Draft,
    },
    /// Send.
    Send {
        /// The intent.
        id: IntentId,
        /// The transaction.
        attempt: Attempt,
        /// Its blobs.
        sidecar: Option<Arc<Sidecar>>,
    },
    /// Ask for a receipt of any of these transactions.
    LookUp {
        /// The intent.
        id: IntentId,
        /// Hashes, the likeliest first.
        transactions: Vec<B256>,
    },
    /// Tell the owner.
    Report(Event),
}

/// What a manager is doing, for people and metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The last head that it was told of.
    pub head: Option<BlockRef>,
    /// The account's nonce there.
    pub nonce: u64,
    /// Intents that nothing was sent for yet.
    pub queued: usize,
    /// Intents that are sent and in no block.
    pub in_flight: usize,
    /// Intents in blocks that are not final.
    pub confirming: usize,
    /// Intents that need help from outside.
    pub blocked: Vec<(IntentId, Obstacle)>,
}
