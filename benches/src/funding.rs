//! Gives each sender what its transfers will cost, from the funded development accounts.

use crate::accounts::{Fleet, dev_accounts};
use crate::answer::check;
use crate::closed_loop;
use crate::ledger::settled;
use crate::node::Node;
use crate::request::{Framing, lanes};
use crate::rpc::{Rpc, quantity};
use crate::workload::{Planned, Signed, TRANSFER_GAS, Terms, sign_transfer};
use alloy_primitives::Address;
use anyhow::{Result, ensure};
use serde_json::json;

/// Room for the base fee to rise during a round.
const FEE_FACTOR: u128 = 10;
const MAX_FEE_MIN_WEI: u128 = 2_000_000_000;

/// The terms that transactions sent now should be signed with.
///
/// # Errors
/// If the node does not answer.
pub async fn terms(node: &Node, rpc: &mut Rpc) -> Result<Terms> {
    let price = quantity(&rpc.call("eth_gasPrice", json!([])).await?)?;
    Ok(Terms {
        chain_id: node.chain_id,
        max_fee: (price * FEE_FACTOR).max(MAX_FEE_MIN_WEI),
    })
}

/// Tops up every sender that could not pay for its part of the plan, and waits until it is there.
///
/// # Errors
/// If the development accounts have too little left, or a transfer fails.
pub async fn top_up(
    node: &Node,
    rpc: &mut Rpc,
    fleet: &Fleet,
    plan: &[Planned],
    terms: Terms,
) -> Result<()> {
    let fee = u128::from(TRANSFER_GAS) * terms.max_fee;
    let mut needed = vec![0; fleet.senders.len()];
    for planned in plan {
        needed[planned.sender] += planned.amount + fee;
    }
    let addresses: Vec<Address> = fleet
        .senders
        .iter()
        .map(|signer| signer.address())
        .collect();
    let held = rpc.balances(&addresses).await?;
    let missing: Vec<(Address, u128)> = addresses
        .into_iter()
        .zip(needed.iter().zip(held))
        .filter(|(_, (needed, held))| *needed > held)
        .map(|(address, (needed, held))| (address, needed - held))
        .collect();
    pay(node, rpc, &missing, terms).await
}

/// Pays each of `missing` from the development accounts in turn.
async fn pay(node: &Node, rpc: &mut Rpc, missing: &[(Address, u128)], terms: Terms) -> Result<()> {
    let payers = dev_accounts()?;
    let addresses: Vec<Address> = payers.iter().map(|payer| payer.address()).collect();
    let mut nonces = rpc.nonces(&addresses).await?;
    let mut funds = rpc.balances(&addresses).await?;
    let fee = u128::from(TRANSFER_GAS) * terms.max_fee;
    let mut payments = Vec::with_capacity(missing.len());
    for (index, &(to, amount)) in missing.iter().enumerate() {
        let sender = index % payers.len();
        ensure!(
            funds[sender] >= amount + fee,
            "development account {} is out of funds; use fewer transfers or a fresh node",
            addresses[sender]
        );
        funds[sender] -= amount + fee;
        let (raw, hash) = sign_transfer(&payers[sender], to, amount, nonces[sender], terms)?;
        nonces[sender] += 1;
        payments.push(Signed { sender, raw, hash });
    }
    let lanes = lanes(&payments, Framing::Single, 4, 1, &node.host);
    let drive = closed_loop::drive(&node.host, lanes).await?;
    for lane in &drive.lanes {
        check(
            lane.requests.iter(),
            &lane.answers,
            Framing::Single,
            &payments,
        )?;
    }
    settled(node, rpc, &addresses, &nonces).await
}
