//! What clients are told while the chain is rolled back.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use crate::rollback::Progress;

/// A roll-back that is under way.
#[derive(Clone, Debug)]
pub struct RollingBack {
    last_block: u64,
    progress: Arc<Progress>,
}

impl RollingBack {
    /// When a client should ask again, in milliseconds.
    pub(super) const RETRY_AFTER_MS: u64 = 1_000;

    /// Back to that block.
    #[must_use]
    pub const fn new(last_block: u64, progress: Arc<Progress>) -> Self {
        Self {
            last_block,
            progress,
        }
    }
}

impl Display for RollingBack {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (block, last) = self.progress.blocks();
        write!(
            f,
            "the chain is being rolled back to block {}, as batches have fallen on L1; ",
            self.last_block
        )?;
        if last > 0 {
            write!(f, "block {block} of {last} is made again; ")?;
        }
        write!(f, "retry in {} ms", Self::RETRY_AFTER_MS)
    }
}
