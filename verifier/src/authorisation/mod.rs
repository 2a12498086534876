//! Who signed what: a batch says what happened, and not by whose signature.
//!
//! Signed transactions are not on L1. A node has them from the sequencer's blocks, checked, as its [`Holdings`]. With them
//! it does four things:
//!
//! - A batch that was replayed, and of which every transaction is held under the batch's auth root, is safe.
//! - Where a batch is not, and stays so, the [`Guard`] demands on L1 the transactions behind the operations of the accounts
//!   that it was told to guard.
//! - The [`Desk`] answers whoever demands a transaction that is held, and fells a batch of which one was not shown in time.
//! - And it holds the sequencer to the headers that it has signed.
//!
//! **Invariant.** Only what is held and recovered counts as signed. What is demanded is judged by L1; a demand that was
//! not called for costs its bond, and never an honest batch.

mod book;
mod demands;
mod desk;
mod guard;
mod holdings;
mod safety;

pub use desk::{Contradiction, Desk, DeskConfig, DeskError};
pub use guard::{Guard, GuardConfig};
pub use holdings::{HeldBatch, HeldBlock, Holdings, HoldingsError};
pub(crate) use safety::Safety;
