//! The verifier: it rebuilds L2 from L1 alone, says of every batch whether it is right, and proves a wrong one wrong.
//!
//! Data flows one way: L1's events -> [`derivation`] -> batches as chunks -> [`replay`] -> agrees, or what is wrong and
//! which dispute proves it -> [`disputes`] -> the batch falls.
//!
//! Derivation and replay are without I/O, clock and tasks. [`Verifier`] is the task around them; it goes back when L1 forks
//! or batches fall ([`checkpoints`]). With a [`disputes::Prover`], which has a key, it does not only tell of wrong batches.
//! With [`authorisation::Holdings`], which are the signed transactions, it also says which batches are safe.
//!
//! **Invariant.** Nothing of the sequencer or the batcher is believed or known here: the state comes from genesis and
//! from what L1 has, and who signed what from the signatures.

pub mod authorisation;
pub mod checkpoints;
mod config;
pub mod derivation;
pub mod disputes;
mod driver;
mod progress;
pub mod replay;

pub use config::{Until, VerifierConfig, VerifierError};
pub use driver::{Settled, Verifier};
pub use progress::Progress;
