//! What talks to L1.
//!
//! - [`deployment`]: the four contracts from parameters to `deployment.json`, and the comparison of what is on chain
//!   with that file.
//! - [`advances`]: advances of withdrawals as they are sent to `Bridge`, and why it refuses one.
//! - [`arrivals`]: messages and tokens as the contracts log them for L2.
//! - [`batches`]: batches as they are sent to `Rollup` and as it logs them.
//! - [`challenges`]: demands for signed transactions, as `AuthorisationDisputes` logs them.
//! - [`payments`]: claims of withdrawals as they are sent to `Bridge`, and payments as the contracts log them.
//! - [`erc20`]: what is asked of a token's contract.
//! - [`encoding`]: values of the protocol as the contracts take and emit them.
//! - [`connect`]: the provider that deployment speaks through.
//! - [`provider`]: one provider over several nodes, for what runs for long.
//! - [`transactions`]: what is asked for takes effect on L1 once, whatever happens in between.
//! - [`events`]: what the contracts logged, block by block, through forks.
//! - [`fees`]: what a transaction costs now, and of late.
//! - [`beacon`]: blobs, from an archive on disk or from beacon nodes, checked; [`kzg`] is the set-up for that.

pub mod advances;
pub mod arrivals;
pub mod batches;
pub mod beacon;
pub mod challenges;
mod connection;
pub mod deployment;
pub mod encoding;
pub mod erc20;
pub mod events;
pub mod fees;
pub mod kzg;
pub mod payments;
pub mod provider;
pub mod transactions;

pub use connection::{ConnectError, RpcError, connect, connect_as};
