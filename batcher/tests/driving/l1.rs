//! An L1 with the contracts, and what a stranger reads from it.

use std::time::Duration;

use alloy_eips::eip4844::Blob;
use alloy_network::EthereumWallet;
use alloy_primitives::{Address, B256, U256};
use alloy_provider::{DynProvider, Provider, ProviderBuilder};
use alloy_rpc_types_eth::{Filter, TransactionRequest};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use alloy_transport::BoxTransport;
use spillway_bridge_contracts::Rollup;
use spillway_devnet::{ChainConfig, Config, Devnet, forwarder};
use spillway_l1::batches::{self, BatchEvent, SubmittedBatch};
use spillway_l1::deployment::{
    Deployer, Deployment, Development, Governance, Parameters, Plan, Settings, deploy,
};
use spillway_l1::encoding;
use spillway_l1::events::ContractAddresses;
use spillway_l1::provider::{self, Endpoint, ProviderSettings};
use spillway_protocol::blob;
use spillway_protocol::chunk::{self, Chunk};
use spillway_protocol::limits::{BLOB_CHUNKS, CHUNK_BYTES};
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;

use super::source::FEE_ACCOUNT;

/// Keys of the deployer, of the sequencer, which posts calldata, of the account that posts blobs, and of two more.
pub(super) const DEPLOYER: u8 = 1;
pub(super) const SEQUENCER: u8 = 2;
pub(super) const BLOBS: u8 = 3;
pub(super) const OTHER_CALLDATA: u8 = 4;
pub(super) const OTHER_BLOBS: u8 = 5;
/// Has funds, and is not allowed to post.
pub(super) const STRANGER: u8 = 6;

pub(super) fn key(number: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(number)).unwrap()
}

pub(super) struct L1 {
    pub(super) devnet: Devnet,
    pub(super) deployment: Deployment,
}

impl L1 {
    /// Deploys, allows all posters, and then mines at that interval.
    pub(super) async fn start(block_time: Duration) -> Self {
        let keys = [
            DEPLOYER,
            SEQUENCER,
            BLOBS,
            OTHER_CALLDATA,
            OTHER_BLOBS,
            STRANGER,
        ];
        let funds = U256::from(10_u128.pow(24));
        let devnet = Devnet::start(Config {
            chain: ChainConfig {
                funded: keys
                    .iter()
                    .map(|number| (key(*number).address(), funds))
                    .collect(),
                ..ChainConfig::default()
            },
            block_time: Some(Duration::from_millis(10)),
            ..Config::default()
        });
        let devnet = devnet.unwrap();
        let deployment = deployed(&devnet).await;
        let l1 = Self { devnet, deployment };
        for poster in [BLOBS, OTHER_CALLDATA, OTHER_BLOBS] {
            l1.allow(poster).await;
        }
        let controls = l1.devnet.controls();
        controls.set_base_fee(Some(1_000_000_000));
        controls.set_blob_base_fee(Some(1));
        controls.set_block_time(Some(block_time)).unwrap();
        l1
    }

    /// Lets an account post in the sequencer's name.
    pub(super) async fn allow(&self, number: u8) {
        let call = Rollup::setPosterCall {
            poster: key(number).address(),
            allowed: true,
        };
        self.call(SEQUENCER, 0, &call).await;
    }

    /// Fells that batch and all later ones as a dispute contract does, and a stranger pays the sequencer a new bond.
    pub(super) async fn fell(&self, number: u64) {
        let batches = self.batches().await;
        let batch = |number: u64| {
            let found = batches.iter().find(|batch| batch.number == number);
            found.map(|found| encoding::rollup_batch(&found.header, &found.submission))
        };
        let fallen = batch(number).expect("a batch");
        let call = Rollup::revertFromCall {
            number,
            // Nobody looks at it for the first one.
            parent: batch(number - 1).unwrap_or_else(|| fallen.clone()),
            batch: fallen,
            prover: key(STRANGER).address(),
        };
        let (disputes, rollup) = (self.deployment.disputes.batch, self.deployment.rollup);
        let controls = self.devnet.controls();
        let code = controls.set_code(disputes, forwarder(rollup)).unwrap();
        self.send(STRANGER, disputes, 0, &call).await;
        controls.set_code(disputes, code).unwrap();
        let bond = Parameters::development().bond;
        let call = Rollup::depositBondCall {
            account: self.sequencer(),
        };
        self.call(STRANGER, bond, &call).await;
    }

    /// Waits until a transaction of that account is in the pool, and gets another one of its nonce into a block. No blocks are
    /// made meanwhile.
    pub(super) async fn take_nonce(&self, number: u8) {
        let (account, provider) = (key(number).address(), signing(&self.devnet, number));
        let nonce = provider.get_transaction_count(account).await.unwrap();
        let waits = async || {
            provider
                .get_transaction_count(account)
                .pending()
                .await
                .unwrap()
                > nonce
        };
        while !waits().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // More than a batcher may offer.
        let transaction = TransactionRequest::default()
            .to(account)
            .nonce(nonce)
            .max_fee_per_gas(1_000_000_000_000)
            .max_priority_fee_per_gas(500_000_000_000);
        let sent = provider.send_transaction(transaction).await.unwrap();
        self.devnet.controls().mine(1).unwrap();
        assert!(sent.get_receipt().await.unwrap().status());
    }

    async fn call(&self, from: u8, wei: u128, call: &impl SolCall) {
        self.send(from, self.deployment.rollup, wei, call).await;
    }

    async fn send(&self, from: u8, to: Address, wei: u128, call: &impl SolCall) {
        let transaction = TransactionRequest::default()
            .to(to)
            .value(U256::from(wei))
            .input(call.abi_encode().into());
        let sent = signing(&self.devnet, from)
            .send_transaction(transaction)
            .await;
        let receipt = sent.unwrap().get_receipt().await.unwrap();
        assert!(receipt.status());
    }

    pub(super) fn provider(&self) -> DynProvider {
        ProviderBuilder::new()
            .connect_client(self.devnet.client())
            .erased()
    }

    /// As a batcher connects: by several ways to L1, each of which may fail for itself.
    pub(super) async fn batchers_provider(&self) -> DynProvider {
        let endpoint = |number| {
            let transport = BoxTransport::new(self.devnet.transport());
            Endpoint::new(format!("way {number}"), transport)
        };
        let endpoints = (0..8).map(endpoint).collect();
        let settings = ProviderSettings::new(31_337);
        provider::connect(endpoints, settings).await.unwrap()
    }

    pub(super) fn contracts(&self) -> ContractAddresses {
        ContractAddresses {
            inbox: self.deployment.inbox,
            bridge: self.deployment.bridge,
            rollup: self.deployment.rollup,
        }
    }

    pub(super) fn sequencer(&self) -> Address {
        key(SEQUENCER).address()
    }

    /// The batches that stand on L1's head.
    pub(super) async fn batches(&self) -> Vec<SubmittedBatch> {
        let filter = Filter::new()
            .address(self.deployment.rollup)
            .event_signature(batches::filter(self.deployment.rollup).topics)
            .from_block(0);
        let logs = self.provider().get_logs(&filter).await.unwrap();
        let mut standing = Vec::new();
        for log in &logs {
            match batches::event(&self.contracts(), log).unwrap() {
                Some(BatchEvent::Submitted(batch)) => standing.push(*batch),
                Some(BatchEvent::Reverted { number }) => {
                    standing.retain(|batch: &SubmittedBatch| batch.number < number);
                }
                other => panic!("{other:?}"),
            }
        }
        standing
    }

    /// Executes what is on L1, as a stranger would, and answers the root and the last block. Every batch must follow
    /// from the one before it.
    pub(super) async fn replay(&self) -> (B256, u64) {
        let mut state = State::genesis(FEE_ACCOUNT);
        let mut tree = StateTree::build(&state, std::iter::empty()).unwrap();
        let tokens = TokenTable::default();
        let mut root = tree.root(&state);
        for batch in self.batches().await {
            for bytes in self.chunks(&batch).await {
                let messages = &mut std::iter::empty();
                root = chunk::execute(&mut state, &mut tree, &bytes, messages, &tokens).unwrap();
                assert_eq!(chunk::claimed_root(&bytes), root);
            }
            assert_eq!(batch.header.state_root, root);
            assert_eq!(batch.header.block_number, state.counters().block_number);
        }
        (root, state.counters().block_number)
    }

    async fn chunks(&self, batch: &SubmittedBatch) -> Vec<Chunk> {
        if batch.versioned_hashes.is_empty() {
            return batch.chunks.as_chunks::<CHUNK_BYTES>().0.to_vec();
        }
        let mut chunks = Vec::new();
        for blob in self.blobs(batch) {
            let rest = usize::from(batch.header.chunk_count) - chunks.len();
            chunks.extend(blob::unpack(&blob, rest.min(BLOB_CHUNKS)).unwrap());
        }
        chunks
    }

    fn blobs(&self, batch: &SubmittedBatch) -> Vec<Blob> {
        let chain = self.devnet.chain();
        let posted_at = batch.submission.posted_at;
        let genesis = chain.block(0).unwrap().header.timestamp;
        drop(chain);
        let slot = posted_at - genesis;
        let hashes: Vec<_> = batch.versioned_hashes.iter().map(B256::to_string).collect();
        let path = format!(
            "/eth/v1/beacon/blobs/{slot}?versioned_hashes={}",
            hashes.join(",")
        );
        let answer: serde_json::Value =
            serde_json::from_str(&self.devnet.beacon(&path).body).unwrap();
        let blobs = answer["data"].as_array().expect("blobs");
        blobs
            .iter()
            .map(|blob| blob.as_str().unwrap().parse().unwrap())
            .collect()
    }
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
        fee_account: FEE_ACCOUNT,
        sequencers: vec![key(SEQUENCER).address()],
        governance: Governance {
            delay: 0,
            proposers: vec![key(DEPLOYER).address()],
        },
        development: Some(Development { chain_id: 51_717 }),
    });
    deploy(&deployer, &plan.unwrap()).await.unwrap()
}
