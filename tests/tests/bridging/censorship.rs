//! A message that goes through L1 cannot be left out.

use alloy_primitives::{Address, Bytes};
use alloy_provider::Provider as _;
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, SolInterface};
use spillway_bridge_contracts::Inbox;
use spillway_bridge_contracts::Rollup::{self, RollupErrors};
use spillway_tests::{Node, NodeOptions, accounts};

use super::ledger::L1;
use super::wallet::{Wallet, Who};
use super::{ETHER, SOON, a_block_a_transaction, dev, posted, rollup_on_anvil, status, warp};

/// The sequencer's account on L1.
const SEQUENCER: u32 = 21;

/// More than a message may wait on a development chain.
const TOO_LONG: u64 = 61;

/// Bytes of a chunk.
const CHUNK: usize = 496;

#[tokio::test]
async fn an_honest_sequencer_consumes_a_forced_withdrawal() {
    let blocks = ["--l1-block-time", "200ms"];
    let arguments = [&SOON[..], &blocks].concat();
    let node = Node::start(NodeOptions::default().arguments(&arguments));
    let (rpc, wallet) = (node.rpc(), Wallet::of(&node));
    posted(&rpc).await;
    let me = Who::Dev(6);
    let recipient = accounts::fresh(6).address().to_string();
    let arguments = ["--amount", "1.5", "--recipient", &recipient, "--wait"];
    let forced = wallet.run(&me, "force-withdraw", &arguments).await;
    assert_eq!(forced["status"], "consumed");
    assert_eq!(rpc.balance(dev(6)).await, Ok(1_000 * ETHER - ETHER * 3 / 2));
    assert_eq!(status(&rpc, "withdrawals").await, 1);

    wallet.run(&me, "lock", &["--wait"]).await;
    let send = ["--to", &recipient, "--amount", "1"];
    let refused = wallet.refused(&me, "send", &send).await;
    assert!(refused.contains("locked"), "{refused}");
    let index = forced["account_index"].to_string();
    let arguments = ["--wait", "--account-index", &index];
    wallet.run(&me, "unlock", &arguments).await;
    wallet.run(&me, "send", &send).await;
}

/// What L1 says to a batch that consumes nothing new.
async fn posts(l1: &L1) -> Result<(), RollupErrors> {
    let rollup = l1.deployment.rollup;
    let head = l1.read(rollup, Rollup::headCall {}).await;
    let consumed = head._1;
    let checkpoint = Inbox::checkpointCall { consumed };
    let checkpoint = l1.read(l1.deployment.inbox, checkpoint).await;
    let latest = l1.provider.get_block_by_number(Default::default()).await;
    let latest = latest.expect("an answer").expect("a block");
    let header = Rollup::BatchHeader {
        parent: l1.read(rollup, Rollup::headHeaderHashCall {}).await,
        inboxCount: consumed,
        inboxAccumulator: checkpoint._0,
        chunkCount: 1,
        timestamp: latest.header.timestamp,
        ..Default::default()
    };
    let sequencer_: Address = dev(SEQUENCER);
    let call = Rollup::submitCalldataCall {
        sequencer_,
        header,
        chunks: Bytes::from(vec![0; CHUNK]),
    };
    let request = TransactionRequest::default()
        .from(sequencer_)
        .to(rollup)
        .input(call.abi_encode().into());
    match l1.provider.call(request).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let data = error.as_error_resp().and_then(|it| it.as_revert_data());
            Err(RollupErrors::abi_decode(&data.expect("a revert"))
                .expect("an error of the contract"))
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_ignores_a_message_cannot_be_posted_after_its_window() {
    let (anvil, mut node) = rollup_on_anvil(&SOON, "30s").await;
    let (rpc, wallet) = (node.rpc(), Wallet::of(&node));
    posted(&rpc).await;
    // From here on the sequencer is one that looks away.
    node.kill();
    a_block_a_transaction(&anvil).await;
    let forced = wallet
        .run(&Who::Dev(6), "force-withdraw", &["--amount", "1"])
        .await;
    let message = forced["index"].as_u64().expect("an index");
    let l1 = L1::of(&wallet);
    assert_eq!(posts(&l1).await, Ok(()));
    warp(&anvil, TOO_LONG).await;
    match posts(&l1).await {
        Err(RollupErrors::MessageIgnored(ignored)) => assert_eq!(ignored.index, message),
        other => panic!("{other:?}"),
    }
}
