//! An L1 in this process with the real contracts, and two accounts that post.

use alloy_network::{EthereumWallet, TransactionBuilder, TransactionBuilder4844};
use alloy_primitives::{Address, B256, U256};
use alloy_provider::{DynProvider, Provider, ProviderBuilder};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use anyhow::{Result, ensure};
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::price::Form;
use spillway_bridge_contracts::Rollup;
use spillway_devnet::{ChainConfig, Config, Devnet};
use spillway_l1::batches::{sidecar, submit_blobs, submit_calldata};
use spillway_l1::deployment::{
    Deployer, Development, Governance, Parameters, Plan, Settings, deploy,
};
use std::time::Duration;

use crate::population::GENESIS;

const BLOCK_TIME: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(60);
const FUNDS_ETHER: u64 = 1_000_000;
/// The most that a transaction may use (EIP-7825). No estimate is asked for, as the batcher asks for none.
const GAS_LIMIT: u64 = 1 << 24;

/// Keys of the deployer, of the sequencer, which posts calldata, and of the account that posts blobs for it, as
/// the batcher has them.
const DEPLOYER: u8 = 1;
const SEQUENCER: u8 = 2;
const BLOBS: u8 = 3;

/// A running L1 with the contracts.
pub(super) struct L1 {
    devnet: Devnet,
    rollup: Address,
}

impl L1 {
    /// Starts one, deploys, and allows the account that posts blobs.
    pub(super) async fn start() -> Result<Self> {
        let devnet = devnet()?;
        let rollup = deployed(&devnet).await?;
        let l1 = Self { devnet, rollup };
        let allow = Rollup::setPosterCall {
            poster: key(BLOBS)?.address(),
            allowed: true,
        };
        let request = l1.call().with_input(allow.abi_encode());
        l1.send(SEQUENCER, request).await?;
        Ok(l1)
    }

    /// Posts a batch, which must be the next one. Returns the gas that the transaction used.
    pub(super) async fn post(&self, batch: SealedBatch, form: Form) -> Result<u64> {
        let sequencer = key(SEQUENCER)?.address();
        match form {
            Form::Blobs => {
                let data = submit_blobs(sequencer, &batch.header);
                let sidecar = tokio::task::spawn_blocking(move || sidecar(&batch.chunks)).await??;
                let request = self.call().with_input(data).with_blob_sidecar_7594(sidecar);
                self.send(BLOBS, request).await
            }
            Form::Calldata => {
                let data = submit_calldata(sequencer, &batch.header, &batch.chunks);
                self.send(SEQUENCER, self.call().with_input(data)).await
            }
        }
    }

    fn call(&self) -> TransactionRequest {
        TransactionRequest::default()
            .with_to(self.rollup)
            .with_gas_limit(GAS_LIMIT)
    }

    async fn send(&self, from: u8, request: TransactionRequest) -> Result<u64> {
        let provider = signing(&self.devnet, from)?;
        let pending = provider.send_transaction(request).await?;
        let receipt = pending.get_receipt().await?;
        ensure!(receipt.status(), "{} reverted", receipt.transaction_hash);
        Ok(receipt.gas_used)
    }
}

fn devnet() -> Result<Devnet> {
    let funds = U256::from(FUNDS_ETHER) * U256::from(10).pow(U256::from(18));
    let funded = [DEPLOYER, SEQUENCER, BLOBS]
        .into_iter()
        .map(|number| Ok((key(number)?.address(), funds)));
    Ok(Devnet::start(Config {
        chain: ChainConfig {
            funded: funded.collect::<Result<_>>()?,
            ..ChainConfig::default()
        },
        block_time: Some(BLOCK_TIME),
        ..Config::default()
    })?)
}

async fn deployed(devnet: &Devnet) -> Result<Address> {
    let deployer = Deployer {
        l1: signing(devnet, DEPLOYER)?,
        address: key(DEPLOYER)?.address(),
        patience: PATIENCE,
    };
    let plan = Plan::new(Settings {
        parameters: Parameters::development(),
        fee_account: GENESIS.fee_account,
        sequencers: vec![key(SEQUENCER)?.address()],
        governance: Governance {
            delay: 0,
            proposers: vec![deployer.address],
        },
        development: Some(Development {
            chain_id: GENESIS.chain_id,
        }),
    })?;
    Ok(deploy(&deployer, &plan).await?.rollup)
}

fn signing(devnet: &Devnet, number: u8) -> Result<DynProvider> {
    Ok(ProviderBuilder::new()
        .wallet(EthereumWallet::from(key(number)?))
        .connect_client(devnet.client())
        .erased())
}

fn key(number: u8) -> Result<PrivateKeySigner> {
    Ok(PrivateKeySigner::from_bytes(&B256::repeat_byte(number))?)
}
