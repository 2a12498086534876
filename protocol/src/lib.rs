//! The deterministic core of Spillway: the state, the transition from one state to the next, the
//! Merkle trees over it, and every format that L1, the journal and the verifier must agree on.
//!
//! The crate has no I/O, clock, threads, randomness or floats: it is `no_std`, its arithmetic is
//! checked, and whatever bytes it is given it answers with a value or a typed error. The formats are
//! specified byte by byte in `docs/protocol.md`, and pinned by the vectors in `protocol/vectors/`.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

extern crate alloc;

pub mod account;
pub mod amount;
pub mod batch;
pub mod blob;
pub mod block;
pub mod chain_id;
pub mod chunk;
pub mod codec;
pub mod dispute;
pub mod fast_withdrawal;
pub mod gas;
pub mod inbox;
pub mod keccak;
pub mod limits;
pub mod operation;
pub mod root;
pub mod state;
pub mod token;
pub mod transaction;
pub mod transition;
pub mod tree;
pub mod withdrawal;

pub use alloy_primitives::{Address, B256};
