//! A rollup on its L1: the real binary, with the L1 that comes with it and with anvil.

mod deposits;
mod elsewhere;
mod forks;
mod node_role;
mod set_up;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, U256, hex};
use alloy_provider::{DynProvider, Provider as _};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::SolCall;
use serde_json::{Value, json};
use spillway_bridge_contracts::{Bridge, Inbox, TestToken};
use spillway_l1::deployment::Deployment;
use spillway_tests::{Node, NodeOptions, PATIENCE, Rpc, accounts};

/// Wei of an ETH.
const ETHER: u128 = 1_000_000_000_000_000_000;

/// What each account begins with of the test token, in its smallest unit.
const TOKENS: u128 = 1_000_000_000_000;

/// Messages that a development chain begins with.
const FIRST_MESSAGES: u64 = 40;

/// Waits for a condition.
async fn wait_for(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The contracts as somebody with the key of an account sees them.
struct OnL1 {
    l1: DynProvider,
    rpc: Rpc,
    deployment: Deployment,
}

impl OnL1 {
    /// By the deployment in a state directory, with the key of that account.
    fn new(l1_url: &str, dir: &Path, account: u32) -> Self {
        let deployment = Deployment::read(&dir.join("deployment.json"));
        Self {
            l1: spillway_l1::connect_as(l1_url, accounts::funded(account)).expect("a connection"),
            rpc: Rpc::new(l1_url),
            deployment: deployment.expect("a deployment"),
        }
    }

    /// The same, with nonces looked up again: those that were used are free after a fork.
    fn forked(self, account: u32) -> Self {
        let l1 = spillway_l1::connect_as(self.rpc.url(), accounts::funded(account));
        Self {
            l1: l1.expect("a connection"),
            ..self
        }
    }

    fn token(&self) -> Address {
        self.deployment.token.expect("a test token")
    }

    /// Calls a view function.
    async fn read<C: SolCall>(&self, to: Address, call: C) -> C::Return {
        let request = TransactionRequest::default()
            .to(to)
            .input(call.abi_encode().into());
        let answer = self.l1.call(request).await.expect("an answer");
        C::abi_decode_returns(&answer).expect("what the function returns")
    }

    /// Messages of the inbox.
    async fn messages(&self) -> u64 {
        self.read(self.deployment.inbox, Inbox::countCall {}).await
    }

    /// What the bridge holds of a token; the zero address is ETH.
    async fn custody(&self, token: Address) -> u128 {
        let call = Bridge::custodyCall { token };
        self.read(self.deployment.bridge, call).await
    }

    /// Sends a call and waits until it has succeeded.
    async fn send<C: SolCall>(&self, to: Address, value: u128, call: C) {
        let hash = self.submit(to, value, call).await;
        self.succeeded(hash).await;
    }

    /// Sends a call.
    async fn submit<C: SolCall>(&self, to: Address, value: u128, call: C) -> B256 {
        let request = TransactionRequest::default()
            .to(to)
            .value(U256::from(value))
            .input(call.abi_encode().into());
        let sent = self.l1.send_transaction(request).await;
        *sent.expect("a transaction that L1 takes").tx_hash()
    }

    /// Waits until a transaction has succeeded.
    async fn succeeded(&self, hash: B256) {
        let receipt = async || {
            let receipt = self.l1.get_transaction_receipt(hash).await;
            receipt.expect("an answer")
        };
        wait_for("a receipt", async || receipt().await.is_some()).await;
        let receipt = receipt().await.expect("a receipt");
        assert!(receipt.status(), "{receipt:?}");
    }

    /// Deposits wei, once the transaction is in a block.
    async fn deposit(&self, to: Address, wei: u128) -> B256 {
        let call = Inbox::depositEthCall { to, lock_: false };
        self.submit(self.deployment.inbox, wei, call).await
    }

    /// One of the controls of the L1 that comes with a node.
    async fn control(&self, method: &str, params: Value) -> Value {
        self.rpc.call(method, params).await.expect("a control")
    }

    /// Makes blocks.
    async fn mine(&self, blocks: u64) {
        self.control("devnet_mine", json!([blocks])).await;
    }
}

/// A node whose L1 makes blocks only when the test asks for them.
async fn quiet(options: NodeOptions) -> (Node, OnL1) {
    let node = Node::start(options);
    let l1 = OnL1::new(node.l1_url(), &node.dir(), 3);
    l1.control("devnet_setBlockTime", json!([null])).await;
    (node, l1)
}

/// Whether an account has exactly that much of a token on L2: it could send it, and not one unit more.
async fn has_tokens(rpc: &Rpc, token: Address, account: Address, units: u128) -> bool {
    let could_send = async |units| {
        let (to, amount) = (Address::repeat_byte(1), U256::from(units));
        let data = TestToken::transferCall { to, value: amount }.abi_encode();
        let call = json!({ "from": account, "to": token, "data": hex::encode_prefixed(data) });
        rpc.call("eth_estimateGas", json!([call])).await.is_ok()
    };
    could_send(units).await && !could_send(units + 1).await
}

/// Messages that L2 has consumed.
async fn consumed(rpc: &Rpc) -> u64 {
    let status = rpc.status().await.expect("a status");
    status["inbox_count"].as_u64().expect("a number")
}

/// Every account has what it begins with, on L2, and L1 holds exactly that.
async fn check_beginning(rpc: &Rpc, l1: &OnL1) {
    assert_eq!(l1.messages().await, FIRST_MESSAGES);
    assert_eq!(consumed(rpc).await, FIRST_MESSAGES);
    for index in 0..accounts::COUNT {
        let account = accounts::funded(index).address();
        assert_eq!(
            rpc.balance(account).await,
            Ok(1_000 * ETHER),
            "account {index}"
        );
        let has_tokens = has_tokens(rpc, l1.token(), account, TOKENS).await;
        assert!(has_tokens, "account {index}");
    }
    let accounts = u128::from(accounts::COUNT);
    assert_eq!(l1.custody(Address::ZERO).await, accounts * 1_000 * ETHER);
    assert_eq!(l1.custody(l1.token()).await, accounts * TOKENS);
}

/// Whether a file's name is in a directory.
fn holds(dir: &Path, name: &str) -> bool {
    fs::exists(dir.join(name)).expect("a directory to look into")
}
