//! What the node must show after a round: a benchmark checks what it measured.

use crate::accounts::Fleet;
use crate::node::Node;
use crate::rpc::Rpc;
use crate::workload::Planned;
use alloy_primitives::Address;
use anyhow::{Result, bail, ensure};
use serde_json::json;
use std::time::{Duration, Instant};

/// How long an account may stand still while transfers of it wait for a block.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long an account may stand still before a node that needs it is prodded.
const PROD_INTERVAL: Duration = Duration::from_millis(100);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Nonces and balances on the node before a round.
#[derive(Debug)]
pub struct Ledger {
    senders: Vec<Address>,
    /// The next nonce of each sender.
    pub nonces: Vec<u64>,
    recipients_wei: Vec<u128>,
}

impl Ledger {
    /// Reads them for the whole fleet.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn read(rpc: &mut Rpc, fleet: &Fleet) -> Result<Self> {
        let senders: Vec<Address> = fleet
            .senders
            .iter()
            .map(|signer| signer.address())
            .collect();
        let nonces = rpc.nonces(&senders).await?;
        let recipients_wei = rpc.balances(&fleet.recipients).await?;
        Ok(Self {
            senders,
            nonces,
            recipients_wei,
        })
    }

    /// Waits until every transfer of the plan is in the latest block.
    ///
    /// # Errors
    /// As [`settled`].
    pub async fn settled(&self, node: &Node, rpc: &mut Rpc, plan: &[Planned]) -> Result<()> {
        settled(node, rpc, &self.senders, &self.nonces_after(plan)).await
    }

    /// Checks every sender's nonce and every recipient's balance against the plan.
    ///
    /// # Errors
    /// If one differs: a transfer was lost, repeated or misdirected.
    pub async fn check_after(&self, rpc: &mut Rpc, fleet: &Fleet, plan: &[Planned]) -> Result<()> {
        let nonces = rpc.nonces(&self.senders).await?;
        let expected = self.nonces_after(plan);
        for ((sender, nonce), expected) in self.senders.iter().zip(nonces).zip(expected) {
            ensure!(
                nonce == expected,
                "{sender} has nonce {nonce}, should have {expected}"
            );
        }
        let balances = rpc.balances(&fleet.recipients).await?;
        let expected = self.balances_after(plan);
        for ((recipient, wei), expected) in fleet.recipients.iter().zip(balances).zip(expected) {
            ensure!(
                wei == expected,
                "{recipient} has {wei} wei, should have {expected}"
            );
        }
        Ok(())
    }

    fn nonces_after(&self, plan: &[Planned]) -> Vec<u64> {
        let mut nonces = self.nonces.clone();
        for planned in plan {
            nonces[planned.sender] += 1;
        }
        nonces
    }

    fn balances_after(&self, plan: &[Planned]) -> Vec<u128> {
        let mut balances = self.recipients_wei.clone();
        for planned in plan {
            balances[planned.recipient] += planned.amount;
        }
        balances
    }
}

/// Waits until each account's nonce in the latest block has reached the given one. Asks for one
/// account at a time, to stay out of the node's way.
///
/// # Errors
/// If an account makes no progress for 20 s, or the node does not answer.
pub async fn settled(
    node: &Node,
    rpc: &mut Rpc,
    accounts: &[Address],
    nonces: &[u64],
) -> Result<()> {
    for (account, &nonce) in accounts.iter().zip(nonces) {
        let mut waiting = Waiting::since(Instant::now());
        let mut reached = rpc.nonces(&[*account]).await?[0];
        while reached < nonce {
            tokio::time::sleep(POLL_INTERVAL).await;
            let before = std::mem::replace(&mut reached, rpc.nonces(&[*account]).await?[0]);
            if before != reached {
                waiting = Waiting::since(Instant::now());
            }
            if waiting.progress.elapsed() > SETTLE_TIMEOUT {
                bail!("{account} stays at nonce {reached} of {nonce}: a transfer was lost");
            }
            if node.needs_prodding && waiting.prod.elapsed() > PROD_INTERVAL {
                rpc.call("evm_mine", json!([])).await?;
                waiting.prod = Instant::now();
            }
        }
    }
    Ok(())
}

/// When an account last moved, and when its node was last prodded about it.
struct Waiting {
    progress: Instant,
    prod: Instant,
}

impl Waiting {
    fn since(now: Instant) -> Self {
        Self {
            progress: now,
            prod: now,
        }
    }
}
