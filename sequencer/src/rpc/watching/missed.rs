//! What a client that comes back has missed.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use alloy_primitives::Address;

use super::super::block_methods::read_failed;
use super::message::Position;
use crate::index::Search;
use crate::view::View;

/// Which accounts may have changed after a block, and up to which block that was searched; none if that block is not of this
/// chain or cannot be read, or if the search takes too long.
pub(super) fn changed_since(
    view: &View,
    accounts: Vec<Address>,
    since: Position,
    time_max: Duration,
) -> Option<(Vec<Address>, u64)> {
    let began = Instant::now();
    let newest = view.block_number();
    let known = view.block_hash(since.number);
    let known = known.map_err(|reason| read_failed(&reason)).ok().flatten();
    if since.number > newest || known != Some(since.hash) {
        return None;
    }
    let fee_account = view.genesis().fee_account;
    let changed = |account: &Address| {
        let mut found = *account == fee_account && since.number < newest;
        let range = since.number + 1..=newest;
        view.search(&Search::account(account), &range, false, |_| {
            found = true;
            ControlFlow::Break(())
        });
        found
    };
    let mut found = Vec::new();
    for account in accounts {
        if began.elapsed() > time_max {
            return None;
        }
        if changed(&account) {
            found.push(account);
        }
    }
    Some((found, newest))
}
