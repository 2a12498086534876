//! From what L1 logged to batches that can be replayed.
//!
//! As it runs, top to bottom:
//!
//! 1. [`Derivation::take`] takes in a block of L1, or a rollback. Messages and tokens go to [`Arrivals`], which holds
//!    the messages against the inbox's hash chain.
//! 2. Batches go to [`Standing`], which checks what `Rollup` has checked: the chain of headers, the messages that a
//!    header claims, the commitment to the data.
//! 3. [`Derivation::next_batch`] hands out the standing batches in order, or says how far to go back.
//! 4. [`fetch`] gets a batch's blobs by versioned hash, and [`data`] makes chunks of them, or of the event's calldata.
//!
//! [`DerivationError`] says what to do: ask again, go back, or stop.

mod arrivals;
pub mod data;
mod error;
mod fetch;
mod pipeline;
mod standing;

pub use arrivals::Arrivals;
pub use data::{BatchData, MalformedElement};
pub use error::{Contradiction, DerivationError, Reset};
pub use fetch::{fetch, fetch_blobs};
pub use pipeline::Derivation;
pub use standing::Standing;
