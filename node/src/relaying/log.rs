//! What an operator reads of the relayer. docs/relaying.md explains the lines.

use spillway_relayer::Report;
use tokio::sync::mpsc;

/// Logs until the relayer ends.
pub(super) async fn tell(mut told: mpsc::Receiver<Report>) {
    while let Some(report) = told.recv().await {
        log(&report);
    }
}

fn log(report: &Report) {
    match report {
        Report::Began { l1_block, claims } => {
            tracing::info!(l1_block, claims, "relaying: L1 is read to its head");
        }
        Report::Claiming {
            id,
            batch,
            indices,
            reason,
            oldest,
            relative_percent,
        } => tracing::info!(
            id = %format_args!("{:x}", id.0),
            batch,
            withdrawals = indices.len(),
            ?reason,
            oldest_waited_s = oldest,
            relative_percent,
            "withdrawals are claimed"
        ),
        Report::Claimed { id, gas, wei } => {
            tracing::info!(id = %format_args!("{:x}", id.0), gas, wei, "a claim is on L1");
        }
        Report::Paid { indices, l1_block } => {
            tracing::info!(withdrawals = indices.len(), l1_block, "L1 has paid");
        }
        Report::Advanced { advance, l1_block } => {
            tracing::info!(
                index = advance.index,
                fee = advance.fee,
                l1_block,
                "L1 shows a fast withdrawal"
            );
        }
        Report::Cancelled { id } => {
            tracing::info!(id = %format_args!("{:x}", id.0), "others were faster with all of a claim; it is withdrawn");
        }
        other => warn(other),
    }
}

/// What an operator should look at if it repeats.
fn warn(report: &Report) {
    match report {
        Report::PaymentFailed { index, failure } => tracing::warn!(
            index,
            times = failure.times,
            kind = ?failure.kind,
            retry_at = failure.retry_at,
            "a withdrawal could not be paid; it stays claimable by anybody"
        ),
        Report::Forgotten { index } => tracing::warn!(
            index,
            "withdrawals that cannot be paid fill the memory: this one is not followed any more"
        ),
        Report::ClaimFailed { id, unpaid } => {
            tracing::warn!(id = %format_args!("{:x}", id.0), unpaid, "a claim had no effect; what it claimed waits again");
        }
        Report::Blocked { id, obstacle } => {
            tracing::error!(id = %format_args!("{:x}", id.0), ?obstacle, "A CLAIM DOES NOT GET ON: raise the fee caps, or fund the account");
        }
        Report::Held { batch, reason } => {
            tracing::warn!(batch, reason, "L1 does not let a batch become final yet");
        }
        Report::DepositsLost { count } => tracing::error!(
            count,
            "L1 DROPPED DEPOSITS THAT L2 HAS CREDITED: it forked deeper than `l1.finality` waits"
        ),
        Report::Waits { reason } => tracing::warn!(reason, "relaying waits"),
        Report::Again { reason, wait } => {
            tracing::warn!(
                reason,
                ?wait,
                "relaying begins again from the deployment on"
            );
        }
        Report::Began { .. }
        | Report::Claiming { .. }
        | Report::Claimed { .. }
        | Report::Paid { .. }
        | Report::Advanced { .. }
        | Report::Cancelled { .. } => {}
    }
}
