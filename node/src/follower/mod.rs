//! What L1 says to the sequencer: messages and listings go in once they are deep enough, and batches come back as
//! how far L1 has this chain.
//!
//! - [`Intake`](intake::Intake) turns blocks of L1 into what the sequencer consumes. It holds back what may still
//!   fork away, skips what was consumed before, and checks that no message is missing or another than before.
//! - [`Standing`](standing::Standing) turns them into [`L1Progress`](spillway_sequencer::l1::L1Progress).
//! - [`judge`](reverts::judge) says which revert the chain has to follow, and when.
//! - [`follow`] is the task around both: it reads L1 and speaks to the sequencer.
//! - [`name_tokens`] asks L1 beside it what the listed tokens are called, for wallets.
//!
//! **Invariant.** Nothing that L1 says ends the node. What cannot be right is logged as an error and ends the intake
//! until L1 is read anew, half a minute later: the node goes on, and goes on serving.

mod driver;
mod intake;
mod naming;
mod reverts;
mod said;
mod standing;

pub(crate) use driver::{Chain, FollowerSettings, Listed, follow};
pub(crate) use naming::name_tokens;
