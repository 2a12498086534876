//! The sequencer: it admits signed transactions, orders them into blocks, executes them in memory,
//! makes each block durable before it answers for it, and serves JSON-RPC over what is durable.
//!
//! Data flows one way, and each stage is a module:
//!
//! [`rpc`] -> [`admission`] -> [`lanes`] -> [`ordering`] -> [`journal`] -> [`ledger`] and [`view`].
//!
//! [`pipeline`] holds the threads that drive them. The journal is the only source of truth:
//! [`snapshot`]s and the [`index`] are rebuilt from it when they are missing or wrong.

pub mod admission;
pub mod block;
pub mod config;
pub mod fees;
pub mod genesis;
pub mod index;
pub mod journal;
pub mod lanes;
pub mod ledger;
pub mod ordering;
pub mod pipeline;
pub mod record;
pub mod rpc;
pub mod snapshot;
pub mod submission;
pub mod view;

pub use pipeline::{Sequencer, StartError};
