//! From a wrong batch to its fall.
//!
//! As it runs, top to bottom:
//!
//! 1. The driver goes back to the ledger before the wrong batch and makes it [`Evidence`]: what was posted, what it was
//!    posted upon, and what it may consume.
//! 2. [`prove`] makes the [`Proof`]: the call of the dispute contract that fells the batch. It computes, and does nothing
//!    else.
//! 3. [`Prover`] tries the call on L1, sends it through the transaction manager, and watches it.
//!
//! The batch has fallen when L1 says so, whoever has proven it: the derivation then resets, and the replay goes on with what
//! is posted in its place.
//!
//! **Why nothing is proven twice.** An intent's name comes from the hash of the batch, which no other batch ever has, and the
//! manager carries out each name once; it remembers them through a crash. Only when an attempt has failed, and the batch
//! stands all the same, there is another one under another name.

mod calls;
mod evidence;
mod openings;
mod proof;
mod prover;
mod rewards;

pub use calls::{Call, CallError, Calls};
pub use evidence::{Case, Evidence};
pub(crate) use openings::Openings;
pub use proof::{DisputeContracts, Proof, ProofError, prove};
pub use prover::{Prover, ProverConfig, ProverError, Proving};
pub use rewards::{RewardError, Rewards};
