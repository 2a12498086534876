//! The devnet, as a client sees it.
//!
//! One binary, so that the tests of a `cargo test` share one KZG set-up, which takes seconds to load. Those
//! that need it are few and say so, as nextest gives each a process of its own.

mod blobs;
mod clients;
mod faults;
mod hostile;
mod persistence;
mod pool;
mod provider;
mod reorg;
mod rules;
mod support;
