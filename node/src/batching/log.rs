//! What an operator reads of the batcher. docs/posting.md explains the lines.

use spillway_batcher::driver::Report;

/// Logs what it did.
pub(super) fn log(report: &Report) {
    match report {
        Report::Began {
            batch,
            block,
            resumed,
        } => tracing::info!(batch, block, resumed, "posting goes on after what L1 has"),
        Report::Sealed {
            first_block,
            last_block,
            chunks,
            operation_bytes,
            reason,
        } => {
            tracing::info!(
                first_block,
                last_block,
                chunks,
                operation_bytes,
                ?reason,
                "batch sealed"
            );
        }
        Report::Submitted {
            id,
            last_block,
            form,
            blobs,
        } => {
            tracing::info!(id = %format_args!("{id:x}"), last_block, ?form, blobs, "batch handed over to be sent");
        }
        Report::Standing { batch, block } => tracing::info!(batch, block, "on L1's head"),
        Report::Failed { id } => {
            tracing::warn!(id = %format_args!("{id:x}"), "a batch was not taken; it is tried again");
        }
        Report::Cancelled { id } => {
            tracing::warn!(id = %format_args!("{id:x}"), "a batch does not fit L1 any more; it is withdrawn");
        }
        Report::Again { reason, wait } => {
            tracing::warn!(reason, ?wait, "posting begins again from what L1 has");
        }
    }
}
