//! The sequencer: it admits signed transactions, orders them into blocks, executes them in memory,
//! makes each block durable before it answers for it, and serves JSON-RPC over what is durable.
//!
//! Data flows one way, and each stage is a module:
//!
//! [`rpc`] -> [`admission`] -> [`lanes`] -> [`ordering`] -> [`journal`] -> [`ledger`] and [`view`].
//!
//! Two things come back from posting: how far L1 has the chain ([`l1`]), which readers see, and what is not
//! posted yet ([`backlog`]), which the base fee and the room of blocks follow.
//!
//! A [`replica`] has the same data and no clients' transactions: it follows the [`feed`] of another node's blocks.
//!
//! [`pipeline`] holds the threads that drive them. The journal is the only source of truth:
//! [`snapshot`]s and the [`index`] are rebuilt from it when they are missing or wrong.

pub mod admission;
pub mod backlog;
mod base_fee;
pub mod block;
mod call;
mod clock;
pub mod config;
pub mod effects;
pub mod feed;
pub mod fees;
pub mod forks;
pub mod genesis;
pub mod index;
pub mod journal;
pub mod l1;
pub mod lanes;
pub mod ledger;
pub mod logs;
pub mod ordering;
pub mod outcome;
mod past;
pub mod pipeline;
pub mod record;
pub mod replica;
pub mod rollback;
pub mod rpc;
pub mod settled;
pub mod signatures;
pub mod signing;
pub mod snapshot;
pub mod submission;
pub mod token_names;
pub mod view;
pub mod withdrawals;

pub use backlog::Backlog;
pub use call::CallLimits;
pub use l1::{L1Progress, Verified};
pub use pipeline::{Sequencer, StartError};
pub use replica::Replica;
