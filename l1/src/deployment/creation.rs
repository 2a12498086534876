//! What creates the contracts: their code with the constructors' arguments.
//!
//! Deployment sends it, and verification compares what was sent with it.

use alloy_primitives::aliases::U96;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolConstructor;
use spillway_bridge_contracts::{Bridge, IRollup, Inbox, Rollup, TestToken, TimelockController};

use super::parameters::{Governance, Parameters};

/// Decimals of the test token.
pub(super) const TOKEN_DECIMALS: u8 = 6;

/// The contracts name each other, so their addresses are known before they are created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    pub(super) timelock: Address,
    pub(super) inbox: Address,
    pub(super) bridge: Address,
    pub(super) rollup: Address,
}

/// The governance. It has no administrator but itself, and anyone may execute what its delay has passed for.
pub(super) fn timelock(governance: &Governance) -> Bytes {
    with_arguments(
        &TimelockController::BYTECODE,
        &TimelockController::constructorCall {
            minDelay: U256::from(governance.delay),
            proposers: governance.proposers.clone(),
            executors: vec![Address::ZERO],
            admin: Address::ZERO,
        },
    )
}

/// The queue of messages from L1.
pub(super) fn inbox(at: &Addresses) -> Bytes {
    let arguments = Inbox::constructorCall {
        bridge_: at.bridge,
        rollup_: at.rollup,
    };
    with_arguments(&Inbox::BYTECODE, &arguments)
}

/// The custody of funds.
pub(super) fn bridge(at: &Addresses) -> Bytes {
    let arguments = Bridge::constructorCall {
        inbox_: at.inbox,
        rollup_: at.rollup,
        governance_: at.timelock,
    };
    with_arguments(&Bridge::BYTECODE, &arguments)
}

/// What `Rollup` is told besides the addresses of the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct RollupArguments<'a> {
    pub(super) disputes: &'a [Address],
    pub(super) sequencers: &'a [Address],
    pub(super) parameters: &'a Parameters,
    pub(super) fee_account: Address,
    /// The L2 chain id, or zero for one that is derived.
    pub(super) development_chain_id: u64,
}

/// The chain of batches. Its constructor reverts unless the three others are there and name each other and it.
pub(super) fn rollup(at: &Addresses, arguments: RollupArguments<'_>) -> Bytes {
    let RollupArguments {
        disputes,
        sequencers,
        parameters,
        fee_account,
        development_chain_id,
    } = arguments;
    let constructor = Rollup::constructorCall {
        inbox_: at.inbox,
        bridge_: at.bridge,
        governance_: at.timelock,
        disputes: disputes.to_vec(),
        sequencers: sequencers.to_vec(),
        parameters: IRollup::Parameters {
            challengeWindow: parameters.challenge_window,
            responseWindow: parameters.response_window,
            forceInclusionWindow: parameters.force_inclusion_window,
            escapeDelay: parameters.escape_delay,
            maxStall: parameters.max_stall,
            sequencerDelay: parameters.sequencer_delay,
            // A plan's bond is below 2^96. That of a file may be anything, and its own check tells.
            bond: U96::saturating_from(parameters.bond),
            feeAccount: fee_account,
            developmentChainId: development_chain_id,
        },
    };
    with_arguments(&Rollup::BYTECODE, &constructor)
}

/// The test token.
pub(super) fn token() -> Bytes {
    let arguments = TestToken::constructorCall {
        decimals_: TOKEN_DECIMALS,
    };
    with_arguments(&TestToken::BYTECODE, &arguments)
}

fn with_arguments(code: &Bytes, arguments: &impl SolConstructor) -> Bytes {
    [&code[..], &arguments.abi_encode()].concat().into()
}
