//! The sequencer's bond, without which L1 refuses every batch.

use std::time::Duration;

use alloy_primitives::Address;
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::SolCall;
use spillway_bridge_contracts::Rollup;
use tokio::time::{Instant, sleep};

/// How often L1 is asked for it.
const POLL: Duration = Duration::from_secs(1);

/// How often it is said that it is missing.
const REPEAT: Duration = Duration::from_secs(60);

/// Waits until the bond is whole. A revert on L1 has slashed it, and who is to pay a new one is for the operator to decide:
/// batches that are sent without one cost gas and nothing else.
pub(super) async fn wait_until_whole(l1: &DynProvider, rollup: Address, sequencer: Address) {
    let mut said: Option<Instant> = None;
    loop {
        match missing(l1, rollup, sequencer).await {
            Ok(0) => return,
            Ok(missing) if said.is_none_or(|said| said.elapsed() >= REPEAT) => {
                said = Some(Instant::now());
                tracing::error!(
                    %sequencer,
                    missing_wei = missing,
                    "BATCHES WAIT until the sequencer's bond is whole again: cast send {rollup} \
                     \"depositBond(address)\" {sequencer} --value {missing}"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "L1 does not say what the sequencer's bond is"),
        }
        sleep(POLL).await;
    }
}

/// Wei that are missing.
async fn missing(l1: &DynProvider, rollup: Address, sequencer: Address) -> anyhow::Result<u128> {
    let wanted = read(l1, rollup, Rollup::BONDCall {}).await?;
    let account = sequencer;
    let held = read(l1, rollup, Rollup::sequencerCall { account }).await?;
    Ok(wanted.saturating_sub(held._0).to())
}

async fn read<C: SolCall>(l1: &DynProvider, to: Address, call: C) -> anyhow::Result<C::Return> {
    let input = call.abi_encode().into();
    let request = TransactionRequest::default().to(to).input(input);
    Ok(C::abi_decode_returns(&l1.call(request).await?)?)
}
