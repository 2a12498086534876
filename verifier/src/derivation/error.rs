//! What goes wrong on the way from L1, by what has to be done.

use spillway_l1::arrivals::SaidError;
use spillway_l1::beacon::BlobError;
use spillway_l1::events::ForkedTooDeep;
use spillway_protocol::token::{ListingError, TokenId};

/// Why there is no next batch.
#[derive(Debug, thiserror::Error)]
pub enum DerivationError {
    /// Temporary: somebody does not answer, or does not have the blobs yet. Ask again.
    #[error("the blobs of batch {number} are not there: {error}")]
    Temporary {
        /// The batch.
        number: u64,
        /// Why.
        error: BlobError,
    },
    /// Reset: what was handed out does not stand any more. Go back to the place that is told.
    #[error(transparent)]
    Reset(#[from] Reset),
    /// Critical: L1 says what its contracts cannot say. Stop.
    #[error(transparent)]
    Critical(#[from] Contradiction),
}

/// Batches that were handed out have fallen, or L1 has forked below them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("batches after {to} do not stand any more: go back to the state after batch {to}")]
pub struct Reset {
    /// The last batch that was handed out and still stands; 0 for genesis.
    pub to: u64,
}

/// What the contracts of a right deployment never log. The deployment file, the version or the L1 node is wrong; going on
/// would derive another chain.
#[derive(Debug, thiserror::Error)]
pub enum Contradiction {
    /// L1 has forked deeper than can be followed.
    #[error(transparent)]
    ForkedTooDeep(#[from] ForkedTooDeep),
    /// A log that makes no sense.
    #[error(transparent)]
    Log(#[from] SaidError),
    /// A message out of its order.
    #[error("L1 shows message {found} where message {expected} comes next")]
    MessageIndex {
        /// The one that is due.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// A hash chain that does not follow from the messages.
    #[error("L1's hash chain after message {0} is not that of the messages it showed")]
    Accumulator(u64),
    /// A token that cannot be listed.
    #[error("token {id} cannot have been listed: {error}")]
    Listing {
        /// The number in the log.
        id: TokenId,
        /// Why not.
        error: ListingError,
    },
    /// A token with another number or scale than it must have.
    #[error(
        "token {found} is listed where token {expected} comes next, or its base exponent is wrong"
    )]
    Token {
        /// The number that is due.
        expected: TokenId,
        /// The number in the log.
        found: TokenId,
    },
    /// A batch out of its order.
    #[error("L1 shows batch {found} where batch {expected} comes next")]
    BatchNumber {
        /// The one that is due.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// A header that names another parent than the batch before it.
    #[error("batch {0} does not continue the batch before it")]
    Parent(u64),
    /// A submission id that is not above the one before.
    #[error("batch {0} has a submission id that was used before")]
    SubmissionId(u64),
    /// Messages that were not sent, or that were consumed before.
    #[error(
        "batch {number} claims to end after {claimed} messages: before it there were {before}, and L1 has {sent}"
    )]
    InboxCount {
        /// The batch.
        number: u64,
        /// By its header.
        claimed: u64,
        /// By the header before it.
        before: u64,
        /// Messages in the inbox when it was posted.
        sent: u64,
    },
    /// Another hash chain than the inbox has after so many messages.
    #[error("batch {0} claims another hash chain than the inbox has")]
    InboxAccumulator(u64),
    /// More or less data than the header's chunks need.
    #[error(
        "batch {number} has {chunks} chunks, and other data: {blobs} blobs, {bytes} bytes of calldata"
    )]
    Size {
        /// The batch.
        number: u64,
        /// By its header.
        chunks: u16,
        /// Blobs that the event names.
        blobs: usize,
        /// Bytes of calldata in the event.
        bytes: usize,
    },
    /// Data that the commitment is not to.
    #[error("batch {0} has a commitment that is not to its data")]
    Commitment(u64),
    /// A revert or a finalisation of a batch that does not stand.
    #[error("L1 says that batch {0} fell or is final, which does not stand, or was final before")]
    NotStanding(u64),
    /// L1 has forked where nothing forks any more.
    #[error(
        "L1 has forked below block {0}, which was final: check the L1 URLs and the finality that is configured; if they are right, \
         start again from the deployment"
    )]
    FinalForked(u64),
}
