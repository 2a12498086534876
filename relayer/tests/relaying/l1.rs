//! An L1 with the contracts, batches on it, and what it has paid.

use std::collections::BTreeMap;
use std::time::Duration;

use alloy_network::EthereumWallet;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_provider::{DynProvider, Provider, ProviderBuilder};
use alloy_rpc_types_eth::{Filter, TransactionRequest};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use spillway_bridge_contracts::{Inbox, Rollup, TestToken};
use spillway_devnet::{CallLimits, ChainConfig, Config, Devnet, forwarder};
use spillway_l1::batches::{self, BatchEvent, SubmittedBatch};
use spillway_l1::deployment::{
    Deployer, Deployment, Development, Governance, Parameters, Plan, Settings, deploy,
};
use spillway_l1::encoding;
use spillway_l1::erc20;
use spillway_l1::events::ContractAddresses;
use spillway_l1::payments::{self, Claim, PaymentEvent};
use spillway_protocol::batch::{BatchHeader, header_hash};
use spillway_protocol::fast_withdrawal::FastWithdrawal;
use spillway_protocol::limits::CHUNK_BYTES;
use spillway_relayer::L2;

use super::l2::Town;

pub(super) const DEPLOYER: u8 = 1;
pub(super) const SEQUENCER: u8 = 2;
/// Claims for the users.
pub(super) const RELAYER: u8 = 3;
/// Claims for itself, deposits, and does what only a dispute contract may.
pub(super) const USER: u8 = 4;
/// Whose withdrawals these are.
pub(super) const OWNER: u8 = 5;
/// Advances withdrawals.
pub(super) const HOT: u8 = 6;

pub(super) const GWEI: u128 = 1_000_000_000;
pub(super) const ETHER: u128 = 10_u128.pow(18);
/// Wei that each account begins with.
pub(super) const FUNDED: u128 = 1_000_000 * ETHER;
/// Seconds for which a batch of these tests can be challenged.
pub(super) const CHALLENGE_WINDOW: u64 = 30;

const GAS_LIMIT: u64 = (1 << 24) - 1;

pub(super) fn key(number: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(number)).unwrap()
}

pub(super) struct L1 {
    pub(super) devnet: Devnet,
    pub(super) deployment: Deployment,
}

impl L1 {
    /// Deploys, puts 1,000 ETH into custody, and mines at that interval from then on.
    pub(super) async fn start(block_time: Duration) -> Self {
        let funds = U256::from(FUNDED);
        let keys = [DEPLOYER, SEQUENCER, RELAYER, USER, HOT];
        let config = Config {
            chain: ChainConfig {
                funded: keys.map(|number| (key(number).address(), funds)).to_vec(),
                // The test itself asks for all logs at once.
                calls: CallLimits {
                    log_blocks: u64::MAX,
                    logs: usize::MAX,
                    ..CallLimits::default()
                },
                ..ChainConfig::default()
            },
            block_time: Some(Duration::from_millis(10)),
            preload_kzg: false,
            ..Config::default()
        };
        let devnet = Devnet::start(config).unwrap();
        let deployment = deployed(&devnet).await;
        let l1 = Self { devnet, deployment };
        l1.deposit(Address::repeat_byte(0xcc), 1_000 * ETHER).await;
        l1.set_base_fee(GWEI);
        let controls = l1.devnet.controls();
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

    pub(super) fn contracts(&self) -> ContractAddresses {
        ContractAddresses {
            inbox: self.deployment.inbox,
            bridge: self.deployment.bridge,
            rollup: self.deployment.rollup,
        }
    }

    /// Deposits wei for an account of L2.
    pub(super) async fn deposit(&self, to: Address, wei: u128) {
        let call = Inbox::depositEthCall { to, lock_: false };
        self.send(USER, self.deployment.inbox, wei, call.abi_encode().into())
            .await;
    }

    /// Gives an account of L1 units of the development token.
    pub(super) async fn mint(&self, to: Address, amount: u128) {
        let amount = U256::from(amount);
        let call = TestToken::mintCall { to, amount }.abi_encode();
        self.send(USER, self.token(), 0, call.into()).await;
    }

    /// Puts units of it into custody.
    pub(super) async fn deposit_tokens(&self, amount: u128) {
        let to = key(USER).address();
        self.mint(to, amount).await;
        let amount = U256::from(amount);
        let approval = erc20::approve(self.deployment.bridge, amount);
        self.send(USER, self.token(), 0, approval).await;
        let call = Inbox::depositTokenCall {
            token: self.token(),
            to,
            amount,
            lock_: false,
        };
        self.send(USER, self.deployment.inbox, 0, call.abi_encode().into())
            .await;
    }

    /// Units of it that an account of L1 has.
    pub(super) async fn tokens_of(&self, account: Address) -> u128 {
        let asked = erc20::ask_balance(account);
        let call = TransactionRequest::default()
            .to(self.token())
            .input(asked.into());
        let answer = self.provider().call(call).await.unwrap();
        erc20::amount(&answer).unwrap().to()
    }

    fn token(&self) -> Address {
        self.deployment.token.expect("a development token")
    }

    /// Posts what L2 is now, in a batch that consumes no message. L1 does not look at its chunk.
    pub(super) async fn post(&self, town: &Town) {
        let standing = self.batches().await;
        let parent = standing.last().map(|batch| header_hash(&batch.header));
        let header = town.batch(parent.unwrap_or_default());
        let chunks = [[0; CHUNK_BYTES]];
        let data = batches::submit_calldata(key(SEQUENCER).address(), &header, &chunks);
        self.send(SEQUENCER, self.deployment.rollup, 0, data).await;
    }

    /// Passes the challenge window of all that is posted.
    pub(super) fn pass_window(&self) {
        // A second a block: the chain is ahead of its clock, which a warp would move.
        let controls = self.devnet.controls();
        controls.mine(CHALLENGE_WINDOW).unwrap();
    }

    /// Fells that batch and all later ones as a dispute contract does, and pays the sequencer a new bond.
    pub(super) async fn fell(&self, number: u64) {
        let batch = self.batch(number).await;
        let parent = match number {
            1 => batch.clone(),
            _ => self.batch(number - 1).await,
        };
        let prover = key(USER).address();
        let call = Rollup::revertFromCall {
            number,
            batch,
            parent,
            prover,
        };
        self.dispute(&call).await;
        let account = key(SEQUENCER).address();
        let bond = Parameters::development().bond;
        let call = Rollup::depositBondCall { account }.abi_encode();
        self.send(USER, self.deployment.rollup, bond, call.into())
            .await;
    }

    /// Opens a challenge against a batch as a dispute contract does.
    pub(super) async fn challenge(&self, number: u64) {
        let batch = self.batch(number).await;
        self.dispute(&Rollup::openChallengeCall { number, batch })
            .await;
    }

    async fn dispute(&self, call: &impl SolCall) {
        let (disputes, rollup) = (self.deployment.disputes.batch, self.deployment.rollup);
        let controls = self.devnet.controls();
        let code = controls.set_code(disputes, forwarder(rollup)).unwrap();
        self.send(USER, disputes, 0, call.abi_encode().into()).await;
        controls.set_code(disputes, code).unwrap();
    }

    async fn batch(&self, number: u64) -> Rollup::Batch {
        let standing = self.batches().await;
        let batch = standing.iter().find(|batch| batch.number == number);
        let batch = batch.expect("a batch");
        encoding::rollup_batch(&batch.header, &batch.submission)
    }

    /// The call with which a user claims those withdrawals under the newest batch.
    pub(super) async fn user_claim(&self, town: &Town, indices: &[u32]) -> Bytes {
        let standing = self.batches().await;
        let batch = standing.last().expect("a batch");
        let proof = town.prove(batch.header.block_number, indices).unwrap();
        let claim = Claim {
            batch: batch.number,
            header: &batch.header,
            submission: &batch.submission,
            state: &proof.state,
            withdrawals: &proof.withdrawals,
            siblings: &proof.siblings,
        };
        claim.call()
    }

    /// Sends a call that must take effect, and waits for that. While L1 stands still, it gets a block of its own.
    pub(super) async fn send(&self, from: u8, to: Address, wei: u128, data: Bytes) {
        let provider = self.signing(from);
        let sent = provider.send_transaction(transaction(to, wei, data));
        let sent = sent.await.unwrap();
        let controls = self.devnet.controls();
        if controls.block_time().is_none() {
            controls.mine(1).unwrap();
        }
        let receipt = sent.get_receipt().await.unwrap();
        assert!(receipt.status(), "{receipt:?}");
    }

    /// Sends a call with a tip that puts it first in its block.
    pub(super) async fn hurry(&self, from: u8, to: Address, data: Bytes) -> B256 {
        self.hurry_with(from, to, 0, data).await
    }

    /// The same with so many wei.
    pub(super) async fn hurry_with(&self, from: u8, to: Address, wei: u128, data: Bytes) -> B256 {
        let request = transaction(to, wei, data)
            .max_fee_per_gas(500 * GWEI)
            .max_priority_fee_per_gas(100 * GWEI);
        let sent = self.signing(from).send_transaction(request).await;
        *sent.unwrap().tx_hash()
    }

    fn signing(&self, number: u8) -> DynProvider {
        signing(&self.devnet, number)
    }

    /// The batches that stand on L1's head.
    pub(super) async fn batches(&self) -> Vec<SubmittedBatch> {
        let mut standing = Vec::new();
        let filter = batches::filter(self.deployment.rollup);
        let filter = Filter::new()
            .address(filter.addresses)
            .event_signature(filter.topics);
        for log in &self.logs(filter).await {
            match batches::event(&self.contracts(), log).unwrap() {
                Some(BatchEvent::Submitted(batch)) => standing.push(*batch),
                Some(BatchEvent::Reverted { number }) => {
                    standing.retain(|batch: &SubmittedBatch| batch.number < number);
                }
                _ => {}
            }
        }
        standing
    }

    /// How often each withdrawal was paid, and in how many transactions.
    pub(super) async fn paid(&self) -> (BTreeMap<u32, usize>, usize) {
        let (mut paid, mut transactions) = (BTreeMap::new(), Vec::new());
        let logs = self
            .logs(Filter::new().address(self.deployment.bridge))
            .await;
        for log in &logs {
            if let Some(PaymentEvent::Paid { index, .. }) =
                payments::event(&self.contracts(), log).unwrap()
            {
                *paid.entry(index).or_default() += 1;
                transactions.push(log.transaction_hash);
            }
        }
        transactions.dedup();
        (paid, transactions.len())
    }

    /// All that L1 has logged about payments, in order.
    pub(super) async fn payments(&self) -> Vec<PaymentEvent> {
        let filter = Filter::new().address(self.deployment.bridge);
        let logs = self.logs(filter).await;
        let events = logs
            .iter()
            .map(|log| payments::event(&self.contracts(), log));
        events.filter_map(|event| event.unwrap()).collect()
    }

    /// Wei that an account has paid for gas.
    pub(super) async fn gas_paid_by(&self, account: Address) -> u128 {
        let provider = self.provider();
        let head = provider.get_block_number().await.unwrap();
        let mut wei = 0;
        for block in 0..=head {
            let receipts = provider.get_block_receipts(block.into()).await.unwrap();
            let own = receipts.into_iter().flatten();
            let own = own.filter(|receipt| receipt.from == account);
            wei += own
                .map(|receipt| u128::from(receipt.gas_used) * receipt.effective_gas_price)
                .sum::<u128>();
        }
        wei
    }

    /// The owner's signature for an advance.
    pub(super) fn consent(&self, consent: &FastWithdrawal) -> Bytes {
        let hash = consent.signing_hash(31_337, &self.deployment.bridge);
        let signature = key(OWNER).sign_hash_sync(&hash).unwrap();
        signature.as_bytes().to_vec().into()
    }

    async fn logs(&self, filter: Filter) -> Vec<alloy_rpc_types_eth::Log> {
        let logs = self.provider().get_logs(&filter.from_block(0)).await;
        logs.unwrap()
    }

    /// Transactions of an account that wait in the pool.
    pub(super) async fn pending_of(&self, account: Address) -> u64 {
        let provider = self.provider();
        let mined = provider.get_transaction_count(account).await.unwrap();
        let pending = provider.get_transaction_count(account).pending();
        pending.await.unwrap() - mined
    }

    pub(super) async fn balance(&self, account: Address) -> u128 {
        self.provider().get_balance(account).await.unwrap().to()
    }
}

/// A batch of these tests: L1 looks at the parent, the state root is what claims are held against.
pub(super) fn header(parent: B256, state_root: B256, block_number: u64) -> BatchHeader {
    BatchHeader {
        parent,
        state_root,
        auth_root: B256::ZERO,
        auth_count: 0,
        inbox_count: 0,
        inbox_accumulator: Default::default(),
        chunk_count: 1,
        block_number,
        block_hash: B256::left_padding_from(&block_number.to_be_bytes()),
        timestamp: 0,
    }
}

fn transaction(to: Address, wei: u128, data: Bytes) -> TransactionRequest {
    TransactionRequest::default()
        .to(to)
        .value(U256::from(wei))
        .input(data.into())
        .gas_limit(GAS_LIMIT)
}

fn signing(devnet: &Devnet, number: u8) -> DynProvider {
    ProviderBuilder::new()
        .wallet(EthereumWallet::from(key(number)))
        .connect_client(devnet.client())
        .erased()
}

async fn deployed(devnet: &Devnet) -> Deployment {
    let deployer = Deployer {
        l1: signing(devnet, DEPLOYER),
        address: key(DEPLOYER).address(),
        patience: Duration::from_secs(60),
    };
    let plan = Plan::new(Settings {
        parameters: Parameters::development(),
        fee_account: Address::repeat_byte(0xfe),
        sequencers: vec![key(SEQUENCER).address()],
        governance: Governance {
            delay: 0,
            proposers: vec![key(DEPLOYER).address()],
        },
        development: Some(Development { chain_id: 51_717 }),
    });
    deploy(&deployer, &plan.unwrap()).await.unwrap()
}
