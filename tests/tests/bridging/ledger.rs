//! What accounts have on L1, to the last wei, and what the contracts hold.

use alloy_network::TransactionResponse;
use alloy_primitives::{Address, B256, U256};
use alloy_provider::{DynProvider, Provider as _};
use alloy_rpc_types_eth::{Transaction, TransactionRequest};
use alloy_sol_types::SolCall;
use serde_json::Value;
use spillway_bridge_contracts::{Bridge, TestToken};
use spillway_l1::deployment::Deployment;

use super::wallet::Wallet;

/// L1, and the contracts on it.
pub(crate) struct L1 {
    pub(crate) provider: DynProvider,
    pub(crate) deployment: Deployment,
}

/// What an account has on L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Funds {
    pub(crate) wei: U256,
    pub(crate) tokens: U256,
}

impl L1 {
    pub(crate) fn of(wallet: &Wallet) -> Self {
        Self {
            provider: spillway_l1::connect(wallet.l1_url()).expect("a connection"),
            deployment: Deployment::read(wallet.deployment()).expect("a deployment"),
        }
    }

    /// The same with a key that signs.
    pub(crate) fn signing(&self, wallet: &Wallet, account: u32) -> DynProvider {
        let signer = spillway_tests::accounts::funded(account);
        spillway_l1::connect_as(wallet.l1_url(), signer).expect("a connection")
    }

    pub(crate) fn token(&self) -> Address {
        self.deployment.token.expect("a test token")
    }

    pub(crate) async fn read<C: SolCall>(&self, to: Address, call: C) -> C::Return {
        let request = TransactionRequest::default()
            .to(to)
            .input(call.abi_encode().into());
        let answer = self.provider.call(request).await.expect("an answer");
        C::abi_decode_returns(&answer).expect("what the function returns")
    }

    pub(crate) async fn funds(&self, account: Address) -> Funds {
        let wei = self.provider.get_balance(account).await;
        let tokens = TestToken::balanceOfCall { account };
        Funds {
            wei: wei.expect("a balance"),
            tokens: self.read(self.token(), tokens).await,
        }
    }

    /// Makes test tokens for a development account, which pays for it.
    pub(crate) async fn mint(&self, wallet: &Wallet, account: u32, units: u128) {
        let mint = TestToken::mintCall {
            to: super::dev(account),
            amount: U256::from(units),
        };
        let request = TransactionRequest::default()
            .to(self.token())
            .input(mint.abi_encode().into());
        let signing = self.signing(wallet, account);
        let minted = signing.send_transaction(request).await;
        let receipt = minted.expect("a transaction").get_receipt().await;
        assert!(receipt.expect("a receipt").status());
    }

    /// What the bridge holds, of ETH and of the test token.
    pub(crate) async fn custody(&self) -> (u128, u128) {
        let of = async |token| {
            let call = Bridge::custodyCall { token };
            self.read(self.deployment.bridge, call).await
        };
        (of(Address::ZERO).await, of(self.token()).await)
    }

    /// Wei that transactions have cost, besides what they moved.
    pub(crate) async fn fees(&self, transactions: impl IntoIterator<Item = B256>) -> U256 {
        let mut sum = U256::ZERO;
        for hash in transactions {
            let receipt = self.provider.get_transaction_receipt(hash).await;
            let receipt = receipt.expect("an answer").expect("a receipt");
            let price = U256::from(receipt.effective_gas_price);
            sum += U256::from(receipt.gas_used) * price;
        }
        sum
    }

    /// Wei that an account's transactions have cost, in the blocks after that one.
    pub(crate) async fn fees_of(&self, account: Address, after: u64) -> U256 {
        let own = self.transactions_of(account, after).await;
        self.fees(own.iter().map(TransactionResponse::tx_hash))
            .await
    }

    /// An account's transactions in the blocks after that one.
    pub(crate) async fn transactions_of(&self, account: Address, after: u64) -> Vec<Transaction> {
        let head = self.head().await;
        let mut own = Vec::new();
        for number in after + 1..=head {
            let block = self.provider.get_block_by_number(number.into()).full();
            let block = block.await.expect("an answer").expect("a block");
            let transactions = block.transactions.into_transactions();
            own.extend(transactions.filter(|transaction| transaction.from() == account));
        }
        own
    }

    pub(crate) async fn head(&self) -> u64 {
        self.provider.get_block_number().await.expect("a number")
    }
}

/// The hashes of what an escape has done.
pub(crate) fn done(escaped: &Value) -> Vec<B256> {
    let steps = escaped["done"].as_array().expect("steps");
    steps.iter().map(super::wallet::hash).collect()
}
