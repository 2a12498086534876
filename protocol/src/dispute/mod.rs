//! What L1 must be shown to judge a chunk itself: `docs/disputes.md`.
//!
//! A contract executes the chunk on a [`Witness`]: the accounts that it touches, with one proof for all
//! of them. The contract and [`crate::chunk::execute`] come to the same verdict on any bytes.

mod accounts;
mod authorisation;
mod transition;

pub use accounts::pack as pack_account;
pub use authorisation::{Demand, DemandKind, OperationProof, OperationProofError, prove_operation};
pub use transition::{Proof, Witness, WitnessError, prove};
