//! Harness for the tests that drive the real `spillway` binary.
//!
//! A test starts a [`Node`] on a directory of its own, speaks JSON-RPC to it through [`Rpc`], signs
//! transfers of the funded development [`accounts`], and stops, kills or restarts the node as it
//! likes. [`clients`] runs the scripts in `clients/`, which do the same through wallet libraries, and in `browser/`,
//! where a page and a wallet do.
//!
//! Nothing here sleeps in place of a condition: a wait polls what it waits for, and a wait that ends
//! without it fails with the node's log.

pub mod accounts;
mod anvil;
pub mod clients;
mod node;
mod role;
mod rpc;

pub use anvil::Anvil;
pub use node::{Node, NodeOptions, binary};
pub use role::Role;
pub use rpc::{CallError, Rpc, RpcError, quantity};

use std::time::Duration;

/// Chain id of `spillway dev`.
pub const CHAIN_ID: u64 = 51_717;

/// Gas of any transfer of ETH.
pub const TRANSFER_GAS: u64 = 21_000;

/// Longest wait for anything that a healthy node does at once. Generous, since it only costs time when something is broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Pause between two looks at a condition.
pub(crate) const POLL: Duration = Duration::from_millis(5);
