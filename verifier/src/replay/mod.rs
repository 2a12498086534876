//! The execution of batches, and the comparison with what they claim.
//!
//! [`replay`] executes a batch chunk by chunk on a [`Ledger`], compares every chunk's root and then the header, and
//! answers with the ledger after it, or with what is wrong: a [`Wrong`] names the place and the dispute that proves it.
//!
//! Operations are executed one after the other. What a chunk's root needs of the state is copied when the chunk ends
//! and hashed later, for many chunks at once and on all cores, while the next ones are executed.

mod batch;
mod blocks;
mod execution;
mod hashing;
mod ledger;
mod signed;
mod verdict;

pub use batch::{Claim, before_chunk, messages_max, replay};
pub use hashing::AllCores;
pub use ledger::Ledger;
pub use signed::{Signed, signed_by};
pub use verdict::{Dispute, HeaderField, TransitionFault, Verdict, Wrong, WrongKind};
