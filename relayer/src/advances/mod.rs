//! Fast withdrawals: a pool pays a withdrawal on L1 at once, for a fee, and takes the claim over.
//!
//! The pool's hot account calls `Bridge.advance` with the consent that the withdrawal's account has signed. The bridge then
//! lets the claim pay the hot account, whoever claims. So the pool is repaid at finality, and nobody is paid twice.
//!
//! [`Desk`] is the state machine: what it costs ([`quote`](Desk::quote)), which orders are taken, which are due, and how far each
//! is. [`AdvanceDesk`] is the task around it, with L1 and the hot account's transaction manager; [`FastWithdrawals`] is what others
//! ask. What L1 says about advances and payments comes from the relayer's [`Book`](crate::Book).
//!
//! **Invariant.** The pool advances a withdrawal only when its block is safe: then no revert takes it back. An accepted order is on
//! disk before it is answered.

mod config;
mod desk;
mod driver;
mod order;
mod price;
mod refusal;
mod report;
mod store;

pub use config::{AdvanceConfig, TokenTerms};
pub use desk::{AdvanceStage, AdvanceStatus, Desk, Funds, Quote, Sweep, TokenFunds};
pub use driver::{AdvanceDesk, AdvanceError, FastWithdrawals, Hot, StartError};
pub use order::{FormatError, Order, SIGNATURE_BYTES_MAX};
pub use price::RecentPrices;
pub use refusal::{QuoteRefusal, Refusal};
pub use report::AdvanceReport;
pub use store::StoreError;
