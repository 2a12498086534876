//! `spillway wallet lock` and `unlock`: no signed operation moves the funds of a locked account. For cold funds: who steals from one
//! commits a fraud that anybody can prove.

use alloy_sol_types::SolCall;
use anyhow::Result;
use spillway_bridge_contracts::Inbox;

use super::facts::Facts;
use super::message::{self, MessageArgs};

/// Locks the signer's account.
pub(super) async fn lock(args: &MessageArgs) -> Result<()> {
    let what = "lock: no signature moves its funds until it is unlocked";
    run(args, what, |account| Inbox::lockCall { account }).await
}

/// Ends that.
pub(super) async fn unlock(args: &MessageArgs) -> Result<()> {
    run(args, "unlock", |account| Inbox::unlockCall { account }).await
}

async fn run<C: SolCall>(
    args: &MessageArgs,
    what: &str,
    call: impl FnOnce(u32) -> C,
) -> Result<()> {
    let chains = args.chains.open()?;
    let signer = args.keys.signer(chains.deployment.l1_chain_id)?;
    let l1 = chains.l1().await?;
    let data = |account| call(account).abi_encode().into();
    message::send(args, &chains, &l1, &signer, what, Facts::default(), data).await
}
