//! Deployment: from settings to nine contracts and `deployment.json`, and the comparison of the two afterwards.
//!
//! The contracts name each other and nothing of them can be changed, so they are created with the addresses that the
//! later ones will have, which follow from the deployer's nonces. Governance, inbox and custody come first, then
//! `Rollup`, whose constructor reverts unless they all agree, then the dispute contracts, each of which reverts unless
//! `Rollup` lists its address.
//!
//! **A deployment that stops half-way leaves nothing to use.** A new run starts over at later nonces and completes
//! nothing. Without its `Rollup`, the contracts before it never work. A `Rollup` without all its dispute contracts works,
//! and must not be used: nobody can prove its batches wrong, and only the deployer's key can still put something at the
//! addresses that it lists, whatever it is. The file is written last, after the same checks that [`verify`] makes, so
//! that no file tells of such contracts.

mod creation;
mod deployer;
mod disputes;
mod file;
mod parameters;
mod verification;

use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use alloy_provider::Provider;
use alloy_sol_types::SolCall;
use alloy_transport::TransportError;
use spillway_bridge_contracts::{Bridge, Rollup, TimelockController};
use spillway_protocol::chain_id;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;

pub use deployer::Deployer;
pub use disputes::Disputes;
pub use file::{Deployment, FileError, Genesis, L1Block, Reservation, VERSION};
pub use parameters::{
    DEVELOPMENT_L1, Development, Governance, Parameters, Plan, PlanError, Settings,
};
pub use verification::{Check, Report, verify};

use creation::{Addresses, RollupArguments};
use deployer::{Mined, Sending};

use crate::connection::RpcError;

/// Why nothing was deployed, or not everything.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// L1 does not answer.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// Development settings on another chain.
    #[error("development settings are for L1 chain id {DEVELOPMENT_L1} only; this L1 has {0}")]
    NotDevelopment(u64),
    /// The deployer cannot list the test token.
    #[error("on a development network the deployer ({0}) lists the token: it must be a proposer")]
    NotProposer(Address),
    /// The key has transactions on their way.
    #[error(
        "{deployer} has {pending} transactions that are not in a block yet: wait for them, or use another key"
    )]
    Busy {
        /// Whose they are.
        deployer: Address,
        /// How many.
        pending: u64,
    },
    /// L1 does not take a transaction.
    #[error("L1 refuses the transaction for {name}: {source}")]
    Refused {
        /// What it was for.
        name: &'static str,
        /// Its words.
        source: TransportError,
    },
    /// A transaction failed.
    #[error("the transaction for {name} reverted: {transaction} in block {block}")]
    Reverted {
        /// What it was for.
        name: &'static str,
        /// Its hash.
        transaction: B256,
        /// Where it is.
        block: u64,
    },
    /// No receipt in time.
    #[error(
        "the transaction for {name}, {transaction}, is not in a block after {patience:?}{}: wait for it or replace it, \
         then start again",
        last.as_ref().map(|error| format!(" ({error})")).unwrap_or_default()
    )]
    NotMined {
        /// What it was for.
        name: &'static str,
        /// Its hash.
        transaction: B256,
        /// How long was waited.
        patience: Duration,
        /// What the last question was answered with, if it failed.
        last: Option<TransportError>,
    },
    /// A receipt without a block.
    #[error("L1 answers a receipt without a block for {name}, {transaction}")]
    OddReceipt {
        /// What it was for.
        name: &'static str,
        /// Its hash.
        transaction: B256,
    },
    /// A contract is somewhere else.
    #[error(
        "{name} should be at {expected} and is at {found:?}: is the key in use elsewhere? Start again"
    )]
    WrongAddress {
        /// The contract.
        name: &'static str,
        /// Where the others expect it.
        expected: Address,
        /// Where it is.
        found: Option<Address>,
    },
    /// The result is not what was asked for.
    #[error("what is on L1 is not what was deployed:\n{0}")]
    Differs(Report),
}

/// Deploys, and checks what was deployed.
///
/// # Errors
/// [`DeployError`]. What was created by then is of no use: start again.
pub async fn deploy(deployer: &Deployer, plan: &Plan) -> Result<Deployment, DeployError> {
    let settings = plan.settings();
    let l1 = &deployer.l1;
    let l1_chain_id = l1
        .get_chain_id()
        .await
        .map_err(RpcError::about("its chain id"))?;
    check_development(settings, deployer.address, l1_chain_id)?;

    let mut sending = Sending::start(deployer).await?;
    // Before the others, so that the first contract of a fresh development chain's first account is the token.
    let token = match settings.development {
        Some(_) => Some(sending.create("TestToken", creation::token()).await?.0),
        None => None,
    };
    let (at, first, rollup) = create_contracts(&mut sending, settings).await?;
    if let Some(token) = token {
        prepare_development(&mut sending, settings, &at, token).await?;
    }

    let l2_chain_id = settings.development.map_or_else(
        || chain_id::derive(l1_chain_id, &at.rollup),
        |it| it.chain_id,
    );
    let deployment = Deployment {
        version: VERSION,
        l1_chain_id,
        l2_chain_id,
        l1_block: first.block,
        rollup_transaction: rollup.transaction,
        timelock: at.timelock,
        inbox: at.inbox,
        bridge: at.bridge,
        rollup: at.rollup,
        token,
        disputes: at.disputes,
        parameters: settings.parameters.clone(),
        governance: settings.governance.clone(),
        genesis: genesis(settings.fee_account),
        sequencers: settings.sequencers.clone(),
    };
    let report = verify(l1, &deployment).await?;
    if report.holds() {
        Ok(deployment)
    } else {
        Err(DeployError::Differs(report))
    }
}

fn check_development(
    settings: &Settings,
    deployer: Address,
    l1_chain_id: u64,
) -> Result<(), DeployError> {
    if settings.development.is_none() {
        return Ok(());
    }
    if l1_chain_id != DEVELOPMENT_L1 {
        return Err(DeployError::NotDevelopment(l1_chain_id));
    }
    if !settings.governance.proposers.contains(&deployer) {
        return Err(DeployError::NotProposer(deployer));
    }
    Ok(())
}

/// The contracts, in the order of the nonces that their addresses were computed from. Returns the first transaction, and
/// `Rollup`'s.
async fn create_contracts(
    sending: &mut Sending<'_>,
    settings: &Settings,
) -> Result<(Addresses, Mined, Mined), DeployError> {
    let at = Addresses::in_order(|nth| sending.address_of(nth));
    let arguments = RollupArguments {
        sequencers: &settings.sequencers,
        parameters: &settings.parameters,
        fee_account: settings.fee_account,
        development_chain_id: settings.development.map_or(0, |it| it.chain_id),
    };
    let timelock = creation::timelock(&settings.governance);
    let (_, first) = sending.create("TimelockController", timelock).await?;
    sending.create("Inbox", creation::inbox(&at)).await?;
    sending.create("Bridge", creation::bridge(&at)).await?;
    let rollup = creation::rollup(&at, arguments);
    let (_, rollup) = sending.create("Rollup", rollup).await?;
    let bond_floor = settings.parameters.challenge_bond_floor;
    for (name, code) in [
        ("PostedData", creation::posted_data(&at)),
        ("TransitionDisputes", creation::transition(&at)),
        ("BatchDisputes", creation::batch(&at)),
        ("EquivocationDisputes", creation::equivocation(&at)),
        (
            "AuthorisationDisputes",
            creation::authorisation(&at, bond_floor),
        ),
    ] {
        sending.create(name, code).await?;
    }
    Ok((at, first, rollup))
}

/// What a development network has from the start: whole bonds, and a listed token.
async fn prepare_development(
    sending: &mut Sending<'_>,
    settings: &Settings,
    at: &Addresses,
    token: Address,
) -> Result<(), DeployError> {
    for account in &settings.sequencers {
        let stake = Rollup::depositBondCall { account: *account }.abi_encode();
        sending
            .call("a bond", at.rollup, settings.parameters.bond, stake)
            .await?;
    }
    let list = Bridge::listTokenCall { token }.abi_encode();
    let schedule = TimelockController::scheduleCall {
        target: at.bridge,
        value: U256::ZERO,
        data: list.clone().into(),
        predecessor: B256::ZERO,
        salt: B256::ZERO,
        delay: U256::ZERO,
    };
    let execute = TimelockController::executeCall {
        target: at.bridge,
        value: U256::ZERO,
        payload: list.into(),
        predecessor: B256::ZERO,
        salt: B256::ZERO,
    };
    sending
        .call(
            "the proposal to list the token",
            at.timelock,
            0,
            schedule.abi_encode(),
        )
        .await?;
    sending
        .call(
            "the listing of the token",
            at.timelock,
            0,
            execute.abi_encode(),
        )
        .await?;
    Ok(())
}

/// The state before the first batch: the fee account alone, empty.
fn genesis(fee_account: Address) -> Genesis {
    let state = State::genesis(fee_account);
    let trees = StateTree::build(&state, std::iter::empty());
    let state_root = trees.expect("one account fits a tree of 2^32").root(&state);
    Genesis {
        fee_account,
        state_root,
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{address, b256};

    use super::*;

    /// From protocol/vectors/state_roots.json, which Solidity reads as well.
    #[test]
    fn the_genesis_root_is_the_protocols() {
        let fee_account = address!("fefefefefefefefefefefefefefefefefefefefe");
        assert_eq!(
            genesis(fee_account).state_root,
            b256!("b112e05e11f37e7f8615c98ddd799207e45d1c8b15039f0135cb2a0c775d64c1")
        );
    }
}
