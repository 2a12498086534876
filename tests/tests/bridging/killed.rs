//! The node is killed at each step of a claim: everybody is paid once, and each claim is one transaction on L1.

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, U256};
use serde_json::{Value, json};
use spillway_tests::{Anvil, Node, NodeOptions, accounts};
use tempfile::TempDir;

use super::ledger::L1;
use super::paid::{COLD, HOT, OPERATING, has_wei, until_status};
use super::wallet::{Wallet, Who};
use super::{ETHER, SOON, control, dev, on_anvil, patiently, posted, started, waiting, warp};

/// Seconds after which a batch is final, and its withdrawals have waited for longer than the relayer lets them.
const OVERDUE: u64 = 700;

/// A node that is killed again and again, on an L1 that stays.
struct Relayed {
    anvil: Anvil,
    l1: L1,
    node: Node,
    options: NodeOptions,
    _folder: TempDir,
    /// Who withdraws half an ETH each.
    recipients: Vec<Address>,
}

impl Relayed {
    async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let (anvil, options) = on_anvil(&SOON, "10m");
        let options = options.dir(folder.path());
        let node = started(&anvil, options.clone()).await;
        Self {
            l1: L1::of(&Wallet::of(&node)),
            anvil,
            node,
            options,
            _folder: folder,
            recipients: Vec::new(),
        }
    }

    /// Two withdraw. Their time has come on L1, which makes no more blocks by itself.
    async fn withdraw(&mut self) -> Vec<Value> {
        let wallet = Wallet::of(&self.node);
        let mut indices = Vec::new();
        for account in [1, 2] {
            let recipient = accounts::fresh(50 + self.recipients.len() as u64).address();
            let to = recipient.to_string();
            let arguments = ["--amount", "0.5", "--recipient", &to];
            let withdrawn = wallet.run(&Who::Dev(account), "withdraw", &arguments).await;
            indices.push(withdrawn["index"].clone());
            self.recipients.push(recipient);
        }
        posted(&self.node.rpc()).await;
        self.make_blocks(false).await;
        warp(&self.anvil, OVERDUE).await;
        indices
    }

    /// Whether L1 makes a block each second.
    async fn make_blocks(&self, does: bool) {
        let seconds = json!([u64::from(does)]);
        control(&self.anvil, "evm_setIntervalMining", seconds).await;
    }

    async fn until(&self, indices: &[Value], status: &str) {
        for index in indices {
            until_status(&self.node.rpc(), index, status).await;
        }
    }

    fn kill(&mut self) {
        self.node.kill();
    }

    fn start_again(&mut self) {
        self.node = Node::start(self.options.clone());
    }

    /// Transactions of the operating account that wait for a block.
    async fn waiting(&self) -> u128 {
        waiting(&self.anvil.rpc(), dev(OPERATING)).await
    }

    async fn until_sent(&self) {
        patiently("a claim", async || self.waiting().await == 1).await;
    }

    /// Gives all of the relayer's accounts so much for gas.
    async fn set_gas_money(&self, wei: u128) {
        for account in [OPERATING, HOT, COLD] {
            let balance = json!([dev(account), format!("{wei:#x}")]);
            control(&self.anvil, "anvil_setBalance", balance).await;
        }
    }

    /// When the claim is on disk, and nothing is sent yet.
    async fn killed_before_it_sends(&mut self) {
        self.set_gas_money(0).await;
        let indices = self.withdraw().await;
        self.until(&indices, "claiming").await;
        self.kill();
        assert_eq!(self.waiting().await, 0);
        self.set_gas_money(100 * ETHER).await;
        self.start_again();
        self.make_blocks(true).await;
        self.until(&indices, "paid").await;
    }

    /// When L1 has the claim in no block yet. The next run does not send another one.
    async fn killed_before_the_block(&mut self) {
        let indices = self.withdraw().await;
        self.until_sent().await;
        self.kill();
        self.start_again();
        self.until(&indices, "claiming").await;
        assert_eq!(self.waiting().await, 1);
        self.make_blocks(true).await;
        self.until(&indices, "paid").await;
    }

    /// When the claim is sent, and in a block before the next run begins.
    async fn killed_before_it_sees_the_block(&mut self) {
        let indices = self.withdraw().await;
        self.until_sent().await;
        self.kill();
        self.make_blocks(true).await;
        self.last_two_are_paid().await;
        self.start_again();
        self.until(&indices, "paid").await;
    }

    /// When it has told that L1 has paid.
    async fn killed_before_it_forgets(&mut self) {
        let indices = self.withdraw().await;
        self.until_sent().await;
        self.make_blocks(true).await;
        self.until(&indices, "paid").await;
        self.kill();
        self.start_again();
        self.until(&indices, "paid").await;
    }

    async fn last_two_are_paid(&self) {
        for recipient in self.recipients.iter().rev().take(2) {
            has_wei(&self.l1, *recipient, ETHER / 2).await;
        }
    }
}

#[tokio::test]
async fn a_node_that_is_killed_at_each_step_of_a_claim_pays_everybody_once() {
    let mut relayed = Relayed::start().await;
    let (start, custody) = (relayed.l1.head().await, relayed.l1.custody().await.0);
    relayed.killed_before_it_sends().await;
    relayed.killed_before_the_block().await;
    relayed.killed_before_it_sees_the_block().await;
    relayed.killed_before_it_forgets().await;
    // The last run still works; had it more to claim than this, it would have.
    let indices = relayed.withdraw().await;
    relayed.make_blocks(true).await;
    relayed.until(&indices, "paid").await;

    let Relayed { l1, recipients, .. } = &relayed;
    let claims = l1.transactions_of(dev(OPERATING), start).await;
    assert_eq!(claims.len(), 5, "{claims:?}");
    assert!(
        claims
            .iter()
            .all(|claim| claim.to() == Some(l1.deployment.bridge))
    );
    assert_eq!(relayed.waiting().await, 0);
    assert_eq!(recipients.len(), 10);
    for recipient in recipients {
        assert_eq!(l1.funds(*recipient).await.wei, U256::from(ETHER / 2));
    }
    assert_eq!(l1.custody().await.0, custody - 5 * ETHER);
}
