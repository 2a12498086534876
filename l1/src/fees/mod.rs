//! What a transaction costs on L1 now, and what it cost of late.
//!
//! [`Window`] keeps the fees of the last blocks and computes; [`Oracle`] fills it from a node with `eth_feeHistory`.

mod history;
mod window;

use alloy_primitives::U128;
use alloy_provider::DynProvider;

pub use history::{FeeHistory, HistoryError};
pub use window::{Fees, Window};

/// Blocks that nodes answer at most in one `eth_feeHistory`.
const HISTORY_BLOCKS_MAX: u64 = 1024;

/// Blocks asked for at least: tips are taken from these.
const TIP_BLOCKS: u64 = 20;

/// How fees are looked at.
#[derive(Clone, Copy, Debug)]
pub struct FeeSettings {
    /// Blocks that averages are over. More than 1,024 are filled as time passes.
    pub window: usize,
    /// Which tip of a block counts: 0 is the smallest that got in, 100 the largest.
    pub percentile: f64,
    /// The least tip, in wei per gas, however little others pay.
    pub priority_fee_min: u128,
}

impl Default for FeeSettings {
    /// An hour of mainnet, the median tip, at least 0.001 gwei.
    fn default() -> Self {
        Self {
            window: 300,
            percentile: 50.0,
            priority_fee_min: 1_000_000,
        }
    }
}

/// Why fees are unknown.
#[derive(Debug, thiserror::Error)]
pub enum FeeError {
    /// No node answered.
    #[error("eth_feeHistory: {0}")]
    Rpc(#[from] alloy_transport::TransportError),
    /// The answer makes no sense.
    #[error("eth_feeHistory: {0}")]
    History(#[from] HistoryError),
}

/// Asks a node for fees and remembers those of the last blocks.
#[derive(Debug)]
pub struct Oracle {
    provider: DynProvider,
    settings: FeeSettings,
    window: Window,
}

impl Oracle {
    /// An oracle that knows nothing yet.
    #[must_use]
    pub fn new(provider: DynProvider, settings: FeeSettings) -> Self {
        Self {
            provider,
            window: Window::new(settings.window, settings.priority_fee_min),
            settings,
        }
    }

    /// Asks for what has happened since the last call.
    ///
    /// # Errors
    /// [`FeeError`]; what was known before still is.
    pub async fn update(&mut self) -> Result<Fees, FeeError> {
        let blocks = if self.window.is_empty() {
            (self.settings.window as u64).clamp(TIP_BLOCKS, HISTORY_BLOCKS_MAX)
        } else {
            TIP_BLOCKS
        };
        let mut history = self.ask(blocks).await?;
        if !self.window.reaches(history.oldest_block()) {
            // More blocks than tips need have passed since.
            history = self
                .ask(
                    HISTORY_BLOCKS_MAX
                        .min(self.settings.window as u64)
                        .max(blocks),
                )
                .await?;
        }
        let fees = self.window.absorb(&history)?;
        if fees.next_blob_base_fee.is_some() {
            return Ok(fees);
        }
        Ok(Fees {
            next_blob_base_fee: self.blob_base_fee().await,
            ..fees
        })
    }

    async fn ask(&self, blocks: u64) -> Result<FeeHistory, FeeError> {
        use alloy_provider::Provider;
        let parameters = (format!("{blocks:#x}"), "latest", [self.settings.percentile]);
        Ok(self
            .provider
            .raw_request("eth_feeHistory".into(), parameters)
            .await?)
    }

    /// For nodes that know blobs but do not have them in the history. Others answer an error: no blobs then.
    async fn blob_base_fee(&self) -> Option<u128> {
        use alloy_provider::Provider;
        let answer = self
            .provider
            .raw_request::<_, U128>("eth_blobBaseFee".into(), ())
            .await;
        answer.ok().map(|fee| fee.to())
    }
}

#[cfg(test)]
mod tests;
