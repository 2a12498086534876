//! An embedded L1 with the contracts, on which wrong batches can be posted and be reverted.

use std::time::Duration;

use alloy_eips::eip4844::Blob;
use alloy_network::{EthereumWallet, TransactionBuilder, TransactionBuilder4844};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_provider::{DynProvider, Provider, ProviderBuilder};
use alloy_rpc_types_eth::{Filter, TransactionRequest};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use spillway_batcher::batch::SealedBatch;
use spillway_bridge_contracts::{Inbox, Rollup, TestToken};
use spillway_devnet::{ChainConfig, Config, Devnet};
use spillway_l1::batches::{self, BatchEvent, SubmittedBatch};
use spillway_l1::encoding;
use spillway_l1::events::ContractAddresses;
use spillway_l1::kzg;
use spillway_protocol::blob;

use super::contracts::{self, Contracts};

pub(crate) const DEPLOYER: u8 = 1;
/// Two sequencers: one loses its bond when its batch falls.
pub(crate) const SEQUENCER: u8 = 2;
pub(crate) const SUCCESSOR: u8 = 3;
/// Stands for a dispute contract that may fell any batch.
const ARBITER: u8 = 4;
/// Prove batches wrong.
pub(crate) const PROVER: u8 = 5;
pub(crate) const OTHER_PROVER: u8 = 6;
/// Has an account on L2, which it locks.
pub(crate) const CAUTIOUS: u8 = 7;

const KEYS: [u8; 7] = [
    DEPLOYER,
    SEQUENCER,
    SUCCESSOR,
    ARBITER,
    PROVER,
    OTHER_PROVER,
    CAUTIOUS,
];

/// No estimate is asked for, so that what would revert is seen to.
const GAS_LIMIT: u64 = (1 << 24) - 1;

pub(crate) fn key(number: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(number)).unwrap()
}

pub(crate) struct L1 {
    pub(crate) devnet: Devnet,
    pub(crate) deployment: Contracts,
}

impl L1 {
    /// Deploys; from then on each transaction is in a block of its own, and no other block is mined.
    pub(crate) async fn start() -> Self {
        let funds = U256::from(10_u128.pow(24));
        let config = Config {
            chain: ChainConfig {
                funded: KEYS.map(|number| (key(number).address(), funds)).to_vec(),
                ..ChainConfig::default()
            },
            block_time: Some(Duration::from_millis(10)),
            ..Config::default()
        };
        let devnet = Devnet::start(config).unwrap();
        let deployment = contracts::deploy(
            &signing(&devnet, DEPLOYER),
            key(DEPLOYER).address(),
            &[SEQUENCER, SUCCESSOR].map(|number| key(number).address()),
            key(ARBITER).address(),
        )
        .await;
        let controls = devnet.controls();
        controls.set_base_fee(Some(1_000_000_000));
        controls.set_blob_base_fee(Some(1));
        controls.set_block_time(None).unwrap();
        // The fees above hold from here on, and clients see them.
        controls.mine(1).unwrap();
        Self { devnet, deployment }
    }

    pub(crate) fn provider(&self) -> DynProvider {
        ProviderBuilder::new()
            .connect_client(self.devnet.client())
            .erased()
    }

    pub(crate) fn contracts(&self) -> ContractAddresses {
        self.deployment.addresses()
    }

    /// Posts a batch with its chunks in the call.
    pub(crate) async fn post_calldata(&self, sequencer: u8, batch: &SealedBatch) {
        let address = key(sequencer).address();
        let data = batches::submit_calldata(address, &batch.header, &batch.chunks);
        self.send(sequencer, self.call(self.deployment.rollup, data))
            .await;
    }

    /// Posts a batch in blobs, and answers them.
    pub(crate) async fn post_blobs(&self, sequencer: u8, batch: &SealedBatch) -> Vec<Blob> {
        let blobs = blob::pack(&batch.chunks).into_iter();
        let blobs: Vec<_> = blobs.map(|blob| Blob::from(*blob)).collect();
        self.post_in(sequencer, batch, blobs.clone()).await;
        blobs
    }

    /// Posts a batch in those blobs.
    pub(crate) async fn post_in(&self, sequencer: u8, batch: &SealedBatch, blobs: Vec<Blob>) {
        let data = batches::submit_blobs(key(sequencer).address(), &batch.header);
        let sidecar = tokio::task::spawn_blocking(move || kzg::sidecar(blobs).unwrap());
        let call = self.call(self.deployment.rollup, data);
        let request = call.with_blob_sidecar_7594(sidecar.await.unwrap());
        self.send(sequencer, request).await;
    }

    /// Deposits wei for an account of L2.
    pub(crate) async fn deposit(&self, to: Address, amount: u128) {
        self.deposit_from(DEPLOYER, to, amount, false).await;
    }

    pub(crate) async fn deposit_from(&self, from: u8, to: Address, amount: u128, lock_: bool) {
        let data = Inbox::depositEthCall { to, lock_ }.abi_encode();
        let call = self.call(self.deployment.inbox, data.into());
        self.send(from, call.with_value(U256::from(amount))).await;
    }

    /// Makes so much of a token, and deposits it for an account of L2.
    pub(crate) async fn deposit_token(&self, number: u8, to: Address, amount: u128) {
        let token = self.deployment.tokens[usize::from(number) - 1];
        let amount = U256::from(amount);
        let mint = TestToken::mintCall {
            to: key(DEPLOYER).address(),
            amount,
        };
        let approve = TestToken::approveCall {
            spender: self.deployment.bridge,
            value: amount,
        };
        let deposit = Inbox::depositTokenCall {
            token,
            to,
            amount,
            lock_: false,
        };
        for (to, data) in [
            (token, mint.abi_encode()),
            (token, approve.abi_encode()),
            (self.deployment.inbox, deposit.abi_encode()),
        ] {
            self.send(DEPLOYER, self.call(to, data.into())).await;
        }
    }

    /// Asks for an account of L2 to be locked.
    pub(crate) async fn lock(&self, from: u8, account: u32) {
        let data = Inbox::lockCall { account }.abi_encode();
        self.send(from, self.call(self.deployment.inbox, data.into()))
            .await;
    }

    /// Pays a bond for a sequencer again.
    pub(crate) async fn stake(&self, sequencer: u8) {
        let data = Rollup::depositBondCall {
            account: key(sequencer).address(),
        };
        let call = self.call(self.deployment.rollup, data.abi_encode().into());
        self.send(DEPLOYER, call.with_value(U256::from(contracts::BOND)))
            .await;
    }

    /// What `Rollup` answers on the head.
    pub(crate) async fn ask<C: SolCall>(&self, call: C) -> C::Return {
        let asked = self.call(self.deployment.rollup, call.abi_encode().into());
        let answer = self.provider().call(asked).await.unwrap();
        C::abi_decode_returns(&answer).unwrap()
    }

    /// Batches that have fallen, however many with them.
    pub(crate) async fn forks(&self) -> u64 {
        self.ask(Rollup::forksCall {}).await
    }

    /// Reverts a batch and all after it, as a dispute does that was won.
    pub(crate) async fn revert_from(&self, number: u64) {
        let standing = self.batches().await;
        let of = |number: u64| {
            let batch = standing.iter().rev().find(|batch| batch.number == number)?;
            Some(encoding::rollup_batch(&batch.header, &batch.submission))
        };
        let batch = of(number).expect("the batch");
        // Before the first batch there is none, and the contract does not look at this one.
        let parent = of(number - 1).unwrap_or_else(|| batch.clone());
        let prover = key(ARBITER).address();
        let data = Rollup::revertFromCall {
            number,
            batch,
            parent,
            prover,
        }
        .abi_encode();
        self.send(ARBITER, self.call(self.deployment.rollup, data.into()))
            .await;
    }

    /// Calls a batch final, whose window must be over.
    pub(crate) async fn finalize(&self, number: u64) {
        let batches = self.batches().await;
        let batch = batches.iter().find(|batch| batch.number == number);
        let batch = batch.expect("the batch");
        let data = Rollup::finalizeCall {
            number,
            batch: encoding::rollup_batch(&batch.header, &batch.submission),
        };
        let call = self.call(self.deployment.rollup, data.abi_encode().into());
        self.send(DEPLOYER, call).await;
    }

    /// All batches that were ever submitted on this fork of L1.
    pub(crate) async fn batches(&self) -> Vec<SubmittedBatch> {
        let rollup = self.deployment.rollup;
        let filter = Filter::new().address(rollup).from_block(0);
        let filter = filter.event_signature(batches::filter(rollup).topics);
        let logs = self.provider().get_logs(&filter).await.unwrap();
        let events = logs
            .iter()
            .map(|log| batches::event(&self.contracts(), log));
        let submitted = events.filter_map(|event| match event.unwrap()? {
            BatchEvent::Submitted(batch) => Some(*batch),
            _ => None,
        });
        submitted.collect()
    }

    /// Sends a call that must take effect.
    pub(crate) async fn call_as(&self, sender: u8, to: Address, data: Bytes) {
        self.send(sender, self.call(to, data)).await;
    }

    fn call(&self, to: Address, data: Bytes) -> TransactionRequest {
        TransactionRequest::default()
            .with_to(to)
            .with_input(data)
            .with_gas_limit(GAS_LIMIT)
    }

    async fn send(&self, sender: u8, request: TransactionRequest) {
        let provider = signing(&self.devnet, sender);
        let sent = provider.send_transaction(request).await.unwrap();
        self.devnet.controls().mine(1).unwrap();
        let receipt = provider.get_transaction_receipt(*sent.tx_hash()).await;
        assert!(
            receipt.unwrap().expect("it is mined").status(),
            "L1 refuses it"
        );
    }
}

fn signing(devnet: &Devnet, number: u8) -> DynProvider {
    ProviderBuilder::new()
        .wallet(EthereumWallet::from(key(number)))
        .connect_client(devnet.client())
        .erased()
}
