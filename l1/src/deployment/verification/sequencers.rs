//! The set of sequencers. It cannot be listed, but whoever is in it was added by an event.

use std::collections::BTreeSet;

use alloy_primitives::{Address, aliases::U96};
use alloy_provider::DynProvider;
use spillway_bridge_contracts::Rollup;

use super::check::Check;
use super::events;
use crate::connection::{RpcError, read};
use crate::deployment::file::Deployment;

/// A sequencer that nobody has removed.
const FOREVER: u64 = u64::MAX;

/// The sequencers are those of the deployment. Who is on the way in counts, and who is on the way out does not.
pub(super) async fn check(l1: &DynProvider, deployment: &Deployment) -> Result<Check, RpcError> {
    let added = events::<Rollup::SequencerAdded>(l1, deployment, deployment.rollup).await?;
    let accounts: BTreeSet<Address> = added.iter().map(|event| event.sequencer).collect();
    let mut standing = Vec::new();
    for account in accounts {
        let record = read(l1, deployment.rollup, Rollup::sequencerCall { account }).await?;
        let record: Option<(U96, u64, u64)> = record.map(|it| (it._0, it._1, it._2));
        if record.is_some_and(|(_, _, until)| until == FOREVER) {
            standing.push(account);
        }
    }
    Ok(Check::set("sequencers", &deployment.sequencers, standing))
}
