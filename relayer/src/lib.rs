//! The relayer: deposits from L1 to their credit on L2, withdrawals from L2 to their payment on L1.
//!
//! It follows both ([`deposits`], [`withdrawals`]) and tells how far each is. When withdrawals can be claimed it claims them
//! for their owners, many in one transaction, when the [`policy`] says that it pays.
//!
//! With [`advances`] a pool pays withdrawals before they can be claimed, for a fee, and is paid by their claims.
//!
//! Whoever runs it has money on L1 in several accounts; [`pools`] keeps each of them as full as it is to be.
//!
//! These are state machines; [`Relayer`] is the task around them, with L1, a transaction manager, and [`L2`] as somebody else
//! answers for it. [`Book`] is what others read.
//!
//! **Invariant.** Nothing that the relayer does or leaves out decides who is paid what: `Bridge` pays each withdrawal once, to
//! its recipient or to who has advanced it, whoever claims it.

pub mod advances;
pub mod deposits;
mod driver;
pub mod l2;
pub mod policy;
pub mod pools;
pub mod proof;
pub mod withdrawals;

pub use driver::{
    ANSWERS_MAX, Account, Book, Relayer, RelayerConfig, RelayerError, Report, Status,
};
pub use l2::L2;
