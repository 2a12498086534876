//! A clean stop and a new start; and two nodes where only one may be.

use alloy_primitives::U64;
use serde_json::json;

use crate::audit::Auditor;
use crate::load::{Load, Verdict, WALLETS, send, send_bulk};
use crate::plan::{Kinds, Wallet, funded_address};
use crate::site::Site;

/// An account that no load uses.
const ACCOUNT: u32 = 19;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_restart_goes_on_where_it_was() {
    let seed = crate::seed();
    let site = Site::new("");
    let process = site.start();
    let rpc = process.rpc();
    let wallets =
        WALLETS.map(|(account, kinds, manner)| (Wallet::new(account, 0, kinds, seed), manner));
    let load = Load::start(&rpc, wallets);
    let mut wallet = Wallet::new(ACCOUNT, 0, Kinds::Payments, seed);
    let mut replies = vec![send(&rpc, wallet.sign()).await];
    let missing = wallet.sign();
    let waiting = send_bulk(&rpc, vec![wallet.sign()]).await;
    assert_eq!(waiting[0].verdict, Verdict::Held);
    let held = waiting[0].planned.hash;
    replies.extend(load.finish().await);
    let mut auditor = Auditor::new();
    auditor.model_mut().hear(&replies, &[]);
    auditor.audit(&rpc, &site).await;
    let before = rpc.block_number().await.expect("a block number");
    let status = process.stop();
    assert!(status.success(), "{status}");

    let process = site.start();
    let rpc = process.rpc();
    assert!(rpc.block_number().await.expect("a block number") >= before);
    auditor.audit(&rpc, &site).await;
    let promised: Vec<_> = auditor.model().promised().collect();
    auditor.check_receipts(&rpc, &promised).await;

    // What was held was in memory only: it is unknown now, and the missing nonce does not bring it back.
    let unknown = rpc.call("eth_getTransactionByHash", json!([held])).await;
    assert_eq!(unknown, Ok(json!(null)));
    let sent = send(&rpc, missing).await;
    assert_eq!(sent.verdict, Verdict::Durable);
    auditor.model_mut().hear(&[sent], &[]);
    let sender = funded_address(ACCOUNT);
    let pending = rpc
        .call("eth_getTransactionCount", json!([sender, "pending"]))
        .await;
    assert_eq!(pending, Ok(json!(U64::from(2))));
    auditor.audit(&rpc, &site).await;
    assert_eq!(rpc.receipt(held).await, Ok(None));
}

#[tokio::test]
async fn a_second_node_on_one_directory_is_refused() {
    let site = Site::new("");
    let first = site.start();
    let rpc = first.rpc();
    let log = site.refusal();
    for part in ["is in use by another spillway process", "stop it first"] {
        assert!(log.contains(part), "{part:?} is not in:\n{log}");
    }
    let mut wallet = Wallet::new(ACCOUNT, 0, Kinds::Payments, crate::seed());
    let mut auditor = Auditor::new();
    let reply = send(&rpc, wallet.sign()).await;
    assert_eq!(reply.verdict, Verdict::Durable);
    auditor.model_mut().hear(&[reply], &[]);
    auditor.audit(&rpc, &site).await;
}
