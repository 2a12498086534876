//! What an operator reads of fast withdrawals.

use spillway_relayer::advances::AdvanceReport;
use tokio::sync::mpsc;

/// Logs until the desk ends.
pub(super) async fn tell(mut told: mpsc::Receiver<AdvanceReport>) {
    while let Some(report) = told.recv().await {
        log(&report);
    }
}

fn log(report: &AdvanceReport) {
    match report {
        AdvanceReport::Began { orders } => tracing::info!(orders, "fast withdrawals are offered"),
        AdvanceReport::Approving { token, id } => tracing::info!(
            token,
            id = %format_args!("{:x}", id.0),
            "the bridge is allowed to take a token from the hot account"
        ),
        AdvanceReport::Accepted {
            index,
            token,
            amount,
            fee,
        } => tracing::info!(index, token, amount, fee, "a fast withdrawal is ordered"),
        AdvanceReport::Paying { index, id } => tracing::info!(
            index,
            id = %format_args!("{:x}", id.0),
            "a withdrawal is paid before its time"
        ),
        AdvanceReport::Paid { index, gas, wei } => {
            tracing::info!(index, gas, wei, "a fast withdrawal is on L1");
        }
        AdvanceReport::Refused { index, reason } => tracing::warn!(
            index,
            %reason,
            "a fast withdrawal is not carried out; it is claimed as any other"
        ),
        AdvanceReport::Blocked { id, obstacle } => tracing::error!(
            id = %format_args!("{:x}", id.0),
            ?obstacle,
            "A FAST WITHDRAWAL DOES NOT GET ON: raise the fee caps, or fund the hot account"
        ),
        AdvanceReport::Waits { reason } => tracing::warn!(reason, "fast withdrawals wait"),
    }
}
