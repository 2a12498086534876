//! alloy's provider, with its usual fillers.

use std::time::Duration;

use alloy_consensus::Transaction as _;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_network::{EthereumWallet, TransactionBuilder};
use alloy_primitives::{Address, B256, U256};
use alloy_provider::{PendingTransactionBuilder, Provider, ProviderBuilder, WsConnect};
use alloy_rpc_types_eth::{AccessList, Filter, Log, TransactionReceipt, TransactionRequest};
use alloy_sol_types::{SolCall, SolEvent, sol};
use spillway_tests::accounts::{self, COUNT, INITIAL_BALANCE, SignedTransfer, Transfer};
use spillway_tests::{CHAIN_ID, Node, NodeOptions, PATIENCE, TRANSFER_GAS};
use tokio::time::timeout;

const VALUE: u128 = 250_000_000_000_000_000;

/// A provider that signs as the first funded account.
pub(super) fn connect(node: &Node) -> impl Provider + use<> {
    let wallet = EthereumWallet::from(accounts::funded(0));
    let provider = ProviderBuilder::new()
        .wallet(wallet)
        .connect_http(node.url().parse().expect("a URL"));
    provider
        .client()
        .set_poll_interval(Duration::from_millis(20));
    provider
}

pub(super) fn alice() -> Address {
    accounts::funded(0).address()
}

pub(super) fn bob() -> Address {
    accounts::funded(1).address()
}

/// Signed transfers with these nonces.
fn signed(nonces: impl IntoIterator<Item = u64>) -> Vec<SignedTransfer> {
    let signer = accounts::funded(0);
    nonces
        .into_iter()
        .map(|nonce| Transfer::to(bob(), VALUE, nonce).sign(&signer))
        .collect()
}

pub(super) async fn receipt(
    pending: PendingTransactionBuilder<alloy_network::Ethereum>,
) -> TransactionReceipt {
    pending
        .with_timeout(Some(PATIENCE))
        .get_receipt()
        .await
        .expect("a receipt")
}

async fn balances(provider: &impl Provider) -> (U256, U256) {
    let of = async |account| provider.get_balance(account).await.expect("a balance");
    (of(alice()).await, of(bob()).await)
}

/// The receipts moved `VALUE` each from the first funded account to the second, and nothing else.
async fn check_balances(
    provider: &impl Provider,
    before: (U256, U256),
    receipts: &[TransactionReceipt],
) {
    let fees: u128 = receipts
        .iter()
        .map(|receipt| u128::from(receipt.gas_used) * receipt.effective_gas_price)
        .sum();
    let moved = U256::from(VALUE * receipts.len() as u128);
    assert_eq!(
        balances(provider).await,
        (before.0 - moved - U256::from(fees), before.1 + moved)
    );
}

#[tokio::test]
async fn alloy_connects() {
    let node = Node::start(NodeOptions::default());
    let provider = connect(&node);
    assert_eq!(provider.get_chain_id().await.expect("a chain id"), CHAIN_ID);
    provider
        .get_client_version()
        .await
        .expect("a client version");
    for index in 0..COUNT {
        let account = accounts::funded(index).address();
        assert_eq!(
            provider.get_balance(account).await.expect("a balance"),
            U256::from(INITIAL_BALANCE)
        );
        assert_eq!(
            provider
                .get_transaction_count(account)
                .await
                .expect("a nonce"),
            0
        );
    }
    assert!(
        provider
            .get_code_at(alice())
            .await
            .expect("code")
            .is_empty()
    );
}

#[tokio::test]
async fn alloy_sends_and_waits() {
    let node = Node::start(NodeOptions::default());
    let provider = connect(&node);
    let price = provider.get_gas_price().await.expect("a gas price");
    let plain = TransactionRequest::default()
        .with_to(bob())
        .with_value(U256::from(VALUE));
    let legacy = plain.clone().with_gas_price(price);
    let access_list = legacy.clone().with_access_list(AccessList::default());
    for (kind, request) in [(0, legacy), (1, access_list), (2, plain)] {
        let before = balances(&provider).await;
        let receipt = receipt(
            provider
                .send_transaction(request)
                .await
                .expect("an accepted transaction"),
        )
        .await;
        assert!(receipt.status());
        assert_eq!(u8::from(receipt.transaction_type()), kind);
        assert_eq!((receipt.from, receipt.to), (alice(), Some(bob())));
        assert_eq!(receipt.gas_used, TRANSFER_GAS);
        assert!(receipt.logs().is_empty());
        let hash = receipt.block_hash.expect("a block hash");
        let block = provider
            .get_block_by_hash(hash)
            .await
            .expect("an answer")
            .expect("the block of the receipt");
        assert_eq!(Some(block.header.number), receipt.block_number);
        assert!(
            block
                .transactions
                .hashes()
                .any(|hash| hash == receipt.transaction_hash)
        );
        check_balances(&provider, before, &[receipt]).await;
    }
}

#[tokio::test]
async fn alloy_sends_in_parallel() {
    let node = Node::start(NodeOptions::default());
    let provider = connect(&node);
    let before = balances(&provider).await;
    let mut sending = tokio::task::JoinSet::new();
    for SignedTransfer { raw, .. } in signed(0..50) {
        let provider = connect(&node);
        sending.spawn(async move {
            receipt(
                provider
                    .send_raw_transaction(&raw)
                    .await
                    .expect("an accepted transaction"),
            )
            .await
        });
    }
    let receipts = sending.join_all().await;
    check_balances(&provider, before, &receipts).await;
}

#[tokio::test]
async fn alloy_sends_reversed_nonces_and_again() {
    let node = Node::start(NodeOptions::default());
    let provider = connect(&node);
    let before = balances(&provider).await;
    let mut pending = Vec::new();
    for SignedTransfer { raw, hash } in signed((0..10).rev()) {
        pending.push(
            provider
                .send_raw_transaction(&raw)
                .await
                .expect("an accepted transaction"),
        );
        let again = provider
            .send_raw_transaction(&raw)
            .await
            .expect("the same answer again");
        assert_eq!(*again.tx_hash(), hash);
    }
    let mut receipts = Vec::new();
    for pending in pending {
        receipts.push(receipt(pending).await);
    }
    check_balances(&provider, before, &receipts).await;
}

#[tokio::test]
async fn alloy_sends_sync() {
    let node = Node::start(NodeOptions::default());
    let provider = connect(&node);
    let before = balances(&provider).await;
    let [SignedTransfer { raw, hash }] = &signed([0])[..] else {
        unreachable!("one nonce")
    };
    let receipt = provider
        .send_raw_transaction_sync(raw)
        .await
        .expect("a receipt");
    assert_eq!(receipt.transaction_hash, *hash);
    check_balances(&provider, before, &[receipt]).await;
}

#[tokio::test]
async fn alloy_reads_blocks_and_transactions() {
    let node = Node::start(NodeOptions::default());
    let provider = connect(&node);
    let [SignedTransfer { raw, hash }] = &signed([0])[..] else {
        unreachable!("one nonce")
    };
    let receipt = receipt(
        provider
            .send_raw_transaction(raw)
            .await
            .expect("an accepted transaction"),
    )
    .await;
    let number = BlockNumberOrTag::Number(receipt.block_number.expect("a block number"));
    let block = provider
        .get_block_by_number(number)
        .full()
        .await
        .expect("an answer")
        .expect("the block");
    let in_block = block
        .transactions
        .txns()
        .find(|tx| tx.inner.tx_hash() == hash)
        .expect("the transaction in its block");
    let by_hash = provider
        .get_transaction_by_hash(*hash)
        .await
        .expect("an answer")
        .expect("the transaction");
    assert_eq!(*in_block, by_hash);
    assert_eq!(
        (by_hash.inner.signer(), by_hash.to(), by_hash.value()),
        (alice(), Some(bob()), U256::from(VALUE))
    );
    let receipts = provider
        .get_block_receipts(BlockId::Number(number))
        .await
        .expect("an answer")
        .expect("receipts");
    assert!(receipts.contains(&receipt));
    assert_eq!(
        provider
            .get_block_by_hash(B256::ZERO)
            .await
            .expect("an answer"),
        None
    );
    assert_eq!(
        provider
            .get_transaction_by_hash(B256::ZERO)
            .await
            .expect("an answer"),
        None
    );
}

#[tokio::test]
async fn alloy_estimates_fees() {
    let node = Node::start(NodeOptions::default());
    let provider = connect(&node);
    let latest = provider
        .get_block(BlockId::latest())
        .await
        .expect("an answer")
        .expect("the latest block");
    let base_fee = u128::from(latest.header.base_fee_per_gas.expect("a base fee"));
    assert!(
        provider
            .estimate_eip1559_fees()
            .await
            .expect("fees")
            .max_fee_per_gas
            >= base_fee
    );
    let request = TransactionRequest::default()
        .with_from(alice())
        .with_to(bob())
        .with_value(U256::from(VALUE));
    assert_eq!(
        provider.estimate_gas(request).await.expect("an estimate"),
        TRANSFER_GAS
    );
}

#[tokio::test]
async fn alloy_subscribes() {
    let node = Node::start(NodeOptions::default());
    let provider = ProviderBuilder::new()
        .connect_ws(WsConnect::new(node.ws_url()))
        .await
        .expect("a WebSocket");
    let mut heads = provider.subscribe_blocks().await.expect("a subscription");
    let [SignedTransfer { raw, .. }] = &signed([0])[..] else {
        unreachable!("one nonce")
    };
    let receipt = receipt(
        provider
            .send_raw_transaction(raw)
            .await
            .expect("an accepted transaction"),
    )
    .await;
    let head = timeout(PATIENCE, async {
        loop {
            let head = heads.recv().await.expect("a head");
            if Some(head.hash) == receipt.block_hash {
                return head;
            }
        }
    });
    let head = head.await.expect("the head of the block with the transfer");
    assert_eq!(Some(head.number), receipt.block_number);
}

sol! {
    interface Erc20 {
        event Transfer(address indexed from, address indexed to, uint256 value);
        function transfer(address recipient, uint256 amount) external returns (bool);
    }
}

/// Who paid whom how much, by the events.
fn paid(logs: &[Log]) -> Vec<(Address, Address, u64)> {
    let decoded = logs.iter().map(|log| {
        let event = Erc20::Transfer::decode_log(&log.inner).expect("a Transfer event");
        (event.from, event.to, event.value.to())
    });
    decoded.collect()
}

#[tokio::test]
async fn alloy_reads_logs() {
    let node = Node::start(NodeOptions::default());
    let token = node.token();
    let provider = connect(&node);
    let socket = ProviderBuilder::new()
        .connect_ws(WsConnect::new(node.ws_url()))
        .await
        .expect("a WebSocket");
    let filter = Filter::new()
        .address(token)
        .event_signature(Erc20::Transfer::SIGNATURE_HASH)
        .topic2(bob().into_word());
    let mut watched = socket
        .subscribe_logs(&filter)
        .await
        .expect("a subscription");
    let polled = provider.new_filter(&filter).await.expect("a filter");
    let transfer = Transfer {
        to: token.into(),
        value: U256::ZERO,
        gas_limit: 30_000,
        input: Erc20::transferCall {
            recipient: bob(),
            amount: U256::from(5),
        }
        .abi_encode()
        .into(),
        ..Transfer::to(bob(), 0, 0)
    };
    let raw = transfer.sign(&accounts::funded(0)).raw;
    let sent = provider.send_raw_transaction(&raw).await;
    let receipt = receipt(sent.expect("an accepted transaction")).await;
    let want = [(alice(), bob(), 5)];
    assert_eq!(paid(receipt.logs()), want);
    let range = filter.from_block(receipt.block_number.expect("a block number"));
    let found = provider.get_logs(&range).await.expect("logs");
    assert_eq!(found, receipt.logs());
    let changes: Vec<Log> = provider.get_filter_changes(polled).await.expect("changes");
    assert_eq!(changes, receipt.logs());
    let seen = timeout(PATIENCE, watched.recv()).await;
    assert_eq!(seen.expect("a log in time").expect("a log"), found[0]);
}

/// The deposits that fund the accounts: their transaction has no signature, and is read like any other.
#[tokio::test]
async fn alloy_reads_deposits() {
    let node = Node::start(NodeOptions::default());
    let provider = connect(&node);
    let filter = Filter::new()
        .address(node.token())
        .from_block(0)
        .topic1(Address::ZERO.into_word());
    let minted = provider.get_logs(&filter).await.expect("logs");
    assert_eq!(minted.len(), COUNT as usize);
    let hash = minted[0].transaction_hash.expect("a hash");
    let transaction = provider
        .get_transaction_by_hash(hash)
        .await
        .expect("an answer")
        .expect("the transaction");
    assert_eq!(*transaction.inner.tx_hash(), hash);
    let receipt = provider
        .get_transaction_receipt(hash)
        .await
        .expect("an answer")
        .expect("the receipt");
    assert_eq!(receipt.from, transaction.inner.signer());
    assert!(receipt.logs().contains(&minted[0]));
    let block = provider
        .get_block_by_hash(receipt.block_hash.expect("a block hash"))
        .full()
        .await
        .expect("an answer")
        .expect("the block");
    assert!(block.transactions.txns().any(|one| *one == transaction));
    assert_eq!(
        block.header.logs_bloom & receipt.inner.logs_bloom(),
        *receipt.inner.logs_bloom()
    );
}

#[tokio::test]
async fn alloy_errors_carry_code_and_message() {
    let node = Node::start(NodeOptions::default());
    let provider = connect(&node);
    let [first] = &signed([0])[..] else {
        unreachable!("one nonce")
    };
    receipt(
        provider
            .send_raw_transaction(&first.raw)
            .await
            .expect("an accepted transaction"),
    )
    .await;
    let signer = accounts::funded(0);
    for (transfer, words) in [
        (Transfer::to(bob(), VALUE + 1, 0), "nonce too low"),
        (
            Transfer::to(bob(), 2 * INITIAL_BALANCE, 1),
            "insufficient funds for gas * price + value",
        ),
    ] {
        let refused = provider
            .send_raw_transaction(&transfer.sign(&signer).raw)
            .await
            .expect_err(words);
        let answer = refused
            .as_error_resp()
            .unwrap_or_else(|| panic!("not an answer of the node: {refused}"));
        assert_eq!(answer.code, -32000);
        assert!(
            answer.message.contains(words),
            "{words:?} is not in {:?}",
            answer.message
        );
    }
}
