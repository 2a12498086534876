//! The batcher: it replays durable blocks on a state of its own, packs their operations into chunks,
//! seals batches, and decides when and how to post them to L1.
//!
//! Data flows one way: [`SourceBlock`] -> [`packer`] -> [`batch`] -> [`poster`] -> L1. The [`policy`] and the [`price`]
//! decide when and how.
//!
//! [`driver`] is the task around them, with a journal, L1, a clock and threads.
//!
//! It never sees the sequencer's state. What it posts is what the journal says, executed once more; a
//! difference between the two ends it ([`packer::PackError`]).

pub mod batch;
pub mod driver;
mod hashing;
pub mod journal;
pub mod packer;
pub mod policy;
pub mod poster;
pub mod price;
mod source;

pub use hashing::AllCores;
pub use source::SourceBlock;
