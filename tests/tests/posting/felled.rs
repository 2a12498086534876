//! A rollup on an L1 where somebody fells batches in the name of a dispute contract.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use alloy_network::EthereumWallet;
use alloy_primitives::{Address, U256};
use alloy_provider::{Provider as _, ProviderBuilder};
use spillway_devnet::{ChainConfig, Config, Devnet, Server, forwarder};
use spillway_l1::deployment::{
    Deployer, Development, Governance, Parameters, Plan, Reservation, Settings, deploy,
};
use spillway_tests::{CHAIN_ID, Rpc, accounts};
use tempfile::TempDir;

use super::deposits::Depositor;
use super::number;
use super::rollup::{Rollup, folder};
use super::stranger::contracts::{depositBondCall, revertFromCall};
use super::stranger::{Contracts, Posted, derive};

/// Deploys, and fells.
const DEPLOYER: u32 = 0;
const FELLER: u32 = 8;
/// Accounts of the operator: fees, and the sequencer.
const FEES: u32 = 20;
pub(crate) const SEQUENCER: u32 = 21;
/// All of them.
const FUNDED: u32 = 24;

/// Wei that each of them has on L1.
const FUNDS: u128 = 10_000_000_000_000_000_000_000;

/// Blocks come so often while everything is set up, and then.
const AT_FIRST: Duration = Duration::from_millis(20);
const LATER: Duration = Duration::from_millis(250);

/// An L1 that outlives the nodes.
pub(crate) struct L1 {
    pub(crate) devnet: Devnet,
    server: Server,
}

impl L1 {
    async fn start() -> Self {
        let funded = (0..FUNDED).map(|it| (accounts::funded(it).address(), U256::from(FUNDS)));
        let devnet = Devnet::start(Config {
            chain: ChainConfig {
                funded: funded.collect(),
                safe_depth: 2,
                finalized_depth: 4,
                ..ChainConfig::default()
            },
            block_time: Some(AT_FIRST),
            controls: true,
            ..Config::default()
        });
        let devnet = devnet.expect("an L1");
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = devnet.serve(anywhere).await.expect("a server");
        Self { devnet, server }
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.local_addr())
    }

    /// Deploys as `spillway dev` does. Answers the dispute contract whose name is used.
    async fn deploy(&self, folder: &TempDir) -> Address {
        let signer = accounts::funded(DEPLOYER);
        let address = signer.address();
        let provider = ProviderBuilder::new().wallet(EthereumWallet::from(signer));
        let deployer = Deployer {
            l1: provider.connect_client(self.devnet.client()).erased(),
            address,
            patience: Duration::from_secs(60),
        };
        let plan = Plan::new(Settings {
            parameters: Parameters::development(),
            fee_account: accounts::funded(FEES).address(),
            sequencers: vec![accounts::funded(SEQUENCER).address()],
            governance: Governance {
                delay: 0,
                proposers: vec![address],
            },
            development: Some(Development { chain_id: CHAIN_ID }),
        });
        let reservation = Reservation::new(&folder.path().join("deployment.json"));
        let deployment = deploy(&deployer, &plan.expect("a plan")).await;
        let deployment = deployment.expect("contracts");
        let published = reservation.expect("a file").publish(&deployment);
        published.expect("a deployment");
        deployment.disputes.batch
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
        self.devnet.stop().await;
    }
}

/// A rollup with its L1, and somebody who fells its batches.
pub(crate) struct Felled {
    pub(crate) l1: L1,
    pub(crate) rollup: Rollup,
    contracts: Contracts,
    disputes: Address,
    feller: Depositor,
}

impl Felled {
    /// A new one.
    pub(crate) async fn start(arguments: &[&str], seed: u64) -> Self {
        let (l1, folder) = (L1::start().await, folder());
        let disputes = l1.deploy(&folder).await;
        let url = l1.url();
        let rollup = Rollup::start_in(folder, Some(&url), arguments, seed).await;
        let controls = l1.devnet.controls();
        controls.set_block_time(Some(LATER)).expect("a block time");
        let contracts = rollup.contracts();
        let feller = Depositor::new(&Rpc::new(&url), contracts.rollup, FELLER).await;
        Self {
            l1,
            rollup,
            contracts,
            disputes,
            feller,
        }
    }

    /// The batches that stand.
    pub(crate) async fn standing(&self) -> Vec<Posted> {
        let derived = derive(&self.l1.url(), &self.contracts).await;
        derived.expect("a chain").batches
    }

    /// Sends until so many batches stand.
    pub(crate) async fn until_standing(&mut self, batches: usize) -> Vec<Posted> {
        loop {
            let standing = self.standing().await;
            if standing.len() >= batches {
                return standing;
            }
            self.rollup.send_each(10, 5).await;
            self.rollup.posted().await;
        }
    }

    /// Fells that batch and all later ones, and pays the sequencer a new bond. Answers the last block that stands.
    pub(crate) async fn fell(&mut self, number: u64) -> u64 {
        let standing = self.standing().await;
        let of = |number: u64| standing.iter().find(|posted| posted.number == number);
        let fallen = of(number).expect("a batch").batch.clone();
        let parent = number.checked_sub(1).and_then(of);
        let call = revertFromCall {
            number,
            // Nobody looks at it for the first one.
            parent: parent.map_or(fallen.clone(), |parent| parent.batch.clone()),
            batch: fallen,
            prover: Address::repeat_byte(0x99),
        };
        let rollup = self.contracts.rollup;
        // For this call only: the node holds the code on chain against the deployment whenever it starts.
        let controls = self.l1.devnet.controls();
        let code = controls.set_code(self.disputes, forwarder(rollup));
        self.feller.call(self.disputes, 0, &call).await;
        self.feller.insist().await;
        let restored = controls.set_code(self.disputes, code.expect("the code before"));
        restored.expect("the code set again");
        let bond = Parameters::development().bond;
        let account = accounts::funded(SEQUENCER).address();
        self.feller
            .call(rollup, bond, &depositBondCall { account })
            .await;
        self.feller.insist().await;
        parent.map_or(0, |parent| parent.header.block_number)
    }

    /// Reverts that the chain has followed; none while nobody answers.
    pub(crate) async fn fork_id(&self) -> Option<u64> {
        let status = self.rollup.rpc().status().await.ok()?;
        Some(number(&status, "fork_id"))
    }

    /// Waits until it has followed so many.
    pub(crate) async fn followed(&self, fork_id: u64) {
        super::patiently("a roll-back", async || {
            self.fork_id().await == Some(fork_id)
        })
        .await;
    }
}
