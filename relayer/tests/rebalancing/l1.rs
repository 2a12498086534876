//! An L1 with the accounts of the pools, a token, and somebody outside.

use std::time::Duration;

use alloy_network::{Ethereum, EthereumWallet, TransactionBuilder, TransactionResponse};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_provider::{DynProvider, PendingTransactionBuilder, Provider, ProviderBuilder};
use alloy_rpc_types_eth::{BlockNumberOrTag, Transaction, TransactionRequest, TransactionTrait};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall, SolConstructor};
use spillway_bridge_contracts::TestToken;
use spillway_devnet::{ChainConfig, Config, Devnet};
use spillway_relayer::pools::{Asset, Pool};

pub(super) const HOT: u8 = 1;
pub(super) const COLD: u8 = 2;
pub(super) const OPERATING: u8 = 3;
/// Pays hot, and is paid.
pub(super) const OUTSIDE: u8 = 4;

pub(super) const GWEI: u128 = 1_000_000_000;
pub(super) const ETHER: u128 = 10_u128.pow(18);

pub(super) fn key(number: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(number)).unwrap()
}

pub(super) fn address(number: u8) -> Address {
    key(number).address()
}

pub(super) fn account(pool: Pool) -> Address {
    address(match pool {
        Pool::Hot => HOT,
        Pool::Cold => COLD,
        Pool::Operating => OPERATING,
    })
}

pub(super) struct L1 {
    pub(super) devnet: Devnet,
    pub(super) token: Address,
}

impl L1 {
    /// With so many ether in hot, cold and operating, 100 tokens in cold, and a block at that interval.
    pub(super) async fn start(ether: [u128; 3], block_time: Duration) -> Self {
        let [hot, cold, operating] = ether;
        let funds = [
            (HOT, hot),
            (COLD, cold),
            (OPERATING, operating),
            (OUTSIDE, 1_000_000),
        ];
        let funded = funds.map(|(number, ether)| (address(number), U256::from(ether * ETHER)));
        let devnet = Devnet::start(Config {
            chain: ChainConfig {
                funded: funded.to_vec(),
                ..ChainConfig::default()
            },
            block_time: Some(Duration::from_millis(10)),
            preload_kzg: false,
            ..Config::default()
        })
        .unwrap();
        let token = Address::ZERO;
        let mut l1 = Self { devnet, token };
        let arguments = TestToken::constructorCall { decimals_: 18 }.abi_encode();
        let code = [TestToken::BYTECODE.as_ref(), &arguments].concat();
        let create = TransactionRequest::default().with_deploy_code(code);
        l1.token = l1.send(OUTSIDE, create).await.expect("a contract");
        l1.mint(COLD, 100 * ETHER).await;
        l1.set_base_fee(GWEI);
        let controls = l1.devnet.controls();
        // As old as what is waited for.
        controls.mine(8).unwrap();
        controls.set_block_time(Some(block_time)).unwrap();
        l1
    }

    /// Holds the base fee at so many wei, as clients see from here on.
    pub(super) fn set_base_fee(&self, wei: u128) {
        let controls = self.devnet.controls();
        controls.set_base_fee(Some(u64::try_from(wei).unwrap()));
        controls.mine(1).unwrap();
    }

    pub(super) fn provider(&self) -> DynProvider {
        ProviderBuilder::new()
            .connect_client(self.devnet.client())
            .erased()
    }

    pub(super) async fn mint(&self, to: u8, amount: u128) {
        let call = TestToken::mintCall {
            to: address(to),
            amount: U256::from(amount),
        };
        self.call(OUTSIDE, self.token, 0, call.abi_encode().into())
            .await;
    }

    pub(super) async fn pay(&self, from: u8, to: u8, wei: u128) {
        self.call(from, address(to), wei, Bytes::new()).await;
    }

    /// The same, without waiting for a block.
    pub(super) async fn begin_to_pay(&self, from: u8, to: u8, wei: u128) {
        let call = TransactionRequest::default()
            .to(address(to))
            .value(U256::from(wei));
        let _ = self.submit(from, call).await;
    }

    async fn call(&self, from: u8, to: Address, wei: u128, data: Bytes) {
        let call = TransactionRequest::default()
            .to(to)
            .value(U256::from(wei))
            .input(data.into());
        self.send(from, call).await;
    }

    /// Sends what must take effect, and waits for that. Answers the contract that it made.
    async fn send(&self, from: u8, request: TransactionRequest) -> Option<Address> {
        let sent = self.submit(from, request).await;
        let receipt = sent.get_receipt().await.unwrap();
        assert!(receipt.status());
        receipt.contract_address
    }

    async fn submit(
        &self,
        from: u8,
        request: TransactionRequest,
    ) -> PendingTransactionBuilder<Ethereum> {
        let provider = ProviderBuilder::new()
            .wallet(EthereumWallet::from(key(from)))
            .connect_client(self.devnet.client());
        let request = request.gas_limit(2_000_000);
        provider.send_transaction(request).await.unwrap()
    }

    pub(super) async fn balance(&self, asset: Asset, pool: Pool) -> u128 {
        let account = account(pool);
        let provider = self.provider();
        match asset {
            Asset::Eth => provider.get_balance(account).await.unwrap().to(),
            Asset::Token(token) => {
                let call = TestToken::balanceOfCall { account }.abi_encode();
                let call = TransactionRequest::default().to(token).input(call.into());
                let answer = provider.call(call).await.unwrap();
                U256::from_be_slice(&answer).to()
            }
        }
    }

    pub(super) async fn ether_of(&self, pool: Pool) -> u128 {
        self.balance(Asset::Eth, pool).await
    }

    /// Transactions of an account that are in blocks.
    pub(super) async fn sent_by(&self, pool: Pool) -> u64 {
        let provider = self.provider();
        provider.get_transaction_count(account(pool)).await.unwrap()
    }

    /// What the chain holds of moves of ETH between pools: who paid, to whom, how much, ascending.
    pub(super) async fn ether_moves(&self) -> Vec<(Pool, Pool, u128)> {
        let provider = self.provider();
        let head = provider.get_block_number().await.unwrap();
        let mut moves = Vec::new();
        for number in 0..=head {
            let tag = BlockNumberOrTag::Number(number);
            let block = provider.get_block_by_number(tag).full().await.unwrap();
            let transactions = block.expect("a block").transactions.into_transactions();
            moves.extend(transactions.filter_map(|transaction| ether_move(&transaction)));
        }
        moves.sort_unstable();
        moves
    }
}

fn ether_move(transaction: &Transaction) -> Option<(Pool, Pool, u128)> {
    let pool = |address| {
        let pools = [Pool::Hot, Pool::Cold, Pool::Operating];
        pools.into_iter().find(|pool| account(*pool) == address)
    };
    let to = TransactionTrait::to(transaction)?;
    let (from, to) = (pool(TransactionResponse::from(transaction))?, pool(to)?);
    let wei: u128 = TransactionTrait::value(transaction).to();
    // An empty one to itself is a withdrawn one.
    (from != to && wei > 0).then_some((from, to, wei))
}
