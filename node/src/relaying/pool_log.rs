//! What an operator reads of the pools.

use spillway_relayer::pools::{Notice, Report};
use tokio::sync::mpsc;

/// Logs until the pools end.
pub(super) async fn tell(mut told: mpsc::Receiver<Report>) {
    while let Some(report) = told.recv().await {
        log(&report);
    }
}

fn log(report: &Report) {
    match report {
        Report::Began { moves } => tracing::info!(moves, "the pools are kept"),
        Report::Moving { asked, price } => tracing::info!(
            from = %asked.route.from,
            to = %asked.route.to,
            amount = asked.amount,
            asset = %asked.route.asset,
            wei_per_gas = price,
            "money moves between the pools"
        ),
        Report::Moved {
            asked,
            transaction,
            l1_block,
            wei,
        } => tracing::info!(
            from = %asked.route.from,
            to = %asked.route.to,
            amount = asked.amount,
            asset = %asked.route.asset,
            %transaction,
            l1_block,
            wei,
            "money has moved between the pools"
        ),
        Report::TakenBack { asked } => tracing::warn!(
            id = %format_args!("{:x}", asked.id.0),
            "L1 dropped the block of a move between the pools; it is sent again"
        ),
        Report::Failed {
            route,
            amount,
            failure,
            retry_at,
        } => tracing::warn!(
            from = %route.from,
            to = %route.to,
            amount,
            asset = %route.asset,
            %failure,
            retry_at,
            "a move between the pools came to nothing"
        ),
        Report::Blocked { asked, obstacle } => tracing::error!(
            id = %format_args!("{:x}", asked.id.0),
            ?obstacle,
            "A MOVE BETWEEN THE POOLS DOES NOT GET ON"
        ),
        Report::Notice(notice) => log_notice(notice),
        Report::Silent { reason } => {
            tracing::warn!(reason, "the pools wait: L1 does not answer");
        }
    }
}

fn log_notice(notice: &Notice) {
    match notice {
        Notice::Waits(waiting) => tracing::warn!(
            from = %waiting.route.from,
            to = %waiting.route.to,
            amount = waiting.amount,
            asset = %waiting.route.asset,
            "a pool waits for money: {}",
            waiting.wait
        ),
        Notice::Met { route } => tracing::info!(
            from = %route.from,
            to = %route.to,
            asset = %route.asset,
            "a pool does not wait for money any more"
        ),
    }
}
