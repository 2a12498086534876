//! One manager for two: its events go each to whom they concern.

use spillway_l1::transactions::Events;
use tokio::sync::mpsc;

use crate::pools::name::is_move;

/// Takes a manager's events apart: those of moves between pools first, then all others. Both are to be read.
///
/// Who shares an account with the pools is given the second, and so hears of, and lets go of, nothing of theirs. Ends with the manager.
#[must_use]
pub fn apart(mut events: Events) -> (Events, Events) {
    let (to_pools, of_moves) = mpsc::unbounded_channel();
    let (to_others, of_others) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            let to = if is_move(event.id()) {
                &to_pools
            } else {
                &to_others
            };
            // Whoever does not listen any more does not stop the other.
            let _ = to.send(event);
        }
    });
    (of_moves, of_others)
}
