//! The transaction manager: what an owner asks for takes effect on L1 once, whatever happens in between.
//!
//! - [`Manager`] is the core, a state machine. It decides; `manager/` has a file for each stage of a transaction's life.
//! - [`IntentStore`] keeps intents on disk, so that a crash neither repeats nor forgets one.
//! - [`TransactionManager`] is what others use: a task that drives the core with a node, a disk, a clock and a key.
//!
//! **Why an intent takes effect at most once.** Everything signed for it has one nonce, the nonce is on disk before
//! anything is sent, and it is never changed afterwards.

mod driver;
mod event;
mod manager;
mod node;
mod price;
mod record;
mod refusal;
mod request;
mod signing;
mod store;

pub use driver::{DriverSettings, Events, StartError, Stopped, TransactionManager};
pub use event::{BlockRef, Event, Obstacle, Outcome, Receipt, Settled};
pub use manager::{
    Action, Attempt, Draft, EstimateError, Head, Input, Manager, Purpose, Record, Settings,
    SignedTransaction, Status, StoredIntent,
};
pub use price::{AboveCap, Market, Price};
pub use refusal::Refusal;
pub use request::{
    BLOBS_MAX, DATA_BYTES_MAX, GAS_LIMIT_MAX, IntentId, Kind, Request, Sidecar, SubmitError,
    TRANSACTION_BYTES_MAX,
};
pub use signing::AccountSigner;
pub use store::{IntentStore, StoreError};

#[cfg(test)]
mod simulation;
