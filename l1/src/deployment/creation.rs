//! What creates the contracts: their code with the constructors' arguments.
//!
//! Deployment sends it, and verification compares what was sent with it.

use alloy_primitives::aliases::U96;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolConstructor;
use spillway_bridge_contracts::{
    AuthorisationDisputes, BatchDisputes, Bridge, EquivocationDisputes, IRollup, Inbox, PostedData,
    Rollup, TestToken, TimelockController, TransitionDisputes,
};

use super::disputes::Disputes;
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
    pub(super) disputes: Disputes,
}

impl Addresses {
    /// Of the contracts in the order in which they are created; `nth` gives the address of each, counted from 0.
    pub(super) fn in_order(nth: impl Fn(u64) -> Address) -> Self {
        Self {
            timelock: nth(0),
            inbox: nth(1),
            bridge: nth(2),
            rollup: nth(3),
            disputes: Disputes {
                posted_data: nth(4),
                transition: nth(5),
                batch: nth(6),
                equivocation: nth(7),
                authorisation: nth(8),
            },
        }
    }
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
    pub(super) sequencers: &'a [Address],
    pub(super) parameters: &'a Parameters,
    pub(super) fee_account: Address,
    /// The L2 chain id, or zero for one that is derived.
    pub(super) development_chain_id: u64,
}

/// The chain of batches. Its constructor reverts unless the three before it are there and name each other and it. Those
/// after it, the dispute contracts, revert unless it lists them.
pub(super) fn rollup(at: &Addresses, arguments: RollupArguments<'_>) -> Bytes {
    let RollupArguments {
        sequencers,
        parameters,
        fee_account,
        development_chain_id,
    } = arguments;
    let constructor = Rollup::constructorCall {
        inbox_: at.inbox,
        bridge_: at.bridge,
        governance_: at.timelock,
        disputes: at.disputes.list().to_vec(),
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

/// What reads batches' data for the dispute contracts.
pub(super) fn posted_data(at: &Addresses) -> Bytes {
    let arguments = PostedData::constructorCall { bridge_: at.bridge };
    with_arguments(&PostedData::BYTECODE, &arguments)
}

/// The disputes about chunks.
pub(super) fn transition(at: &Addresses) -> Bytes {
    let arguments = TransitionDisputes::constructorCall {
        rollup_: at.rollup,
        postedData_: at.disputes.posted_data,
    };
    with_arguments(&TransitionDisputes::BYTECODE, &arguments)
}

/// The disputes about headers and the form of data.
pub(super) fn batch(at: &Addresses) -> Bytes {
    let arguments = BatchDisputes::constructorCall {
        rollup_: at.rollup,
        postedData_: at.disputes.posted_data,
    };
    with_arguments(&BatchDisputes::BYTECODE, &arguments)
}

/// The disputes about signed headers.
pub(super) fn equivocation(at: &Addresses) -> Bytes {
    let arguments = EquivocationDisputes::constructorCall { rollup_: at.rollup };
    with_arguments(&EquivocationDisputes::BYTECODE, &arguments)
}

/// The disputes about who signed what. The bond is in wei.
pub(super) fn authorisation(at: &Addresses, bond_floor: u128) -> Bytes {
    let arguments = AuthorisationDisputes::constructorCall {
        rollup_: at.rollup,
        postedData_: at.disputes.posted_data,
        bondFloor: bond_floor,
    };
    with_arguments(&AuthorisationDisputes::BYTECODE, &arguments)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer code is not taken (EIP-3860).
    const INITCODE_MAX: usize = 49_152;

    #[test]
    fn l1_takes_code_of_that_length() {
        let at = Addresses::in_order(|nth| Address::repeat_byte(nth as u8));
        let governance = Governance {
            delay: 0,
            proposers: vec![at.rollup; 100],
        };
        let parameters = Parameters::default();
        let arguments = RollupArguments {
            sequencers: &[at.rollup; 100],
            parameters: &parameters,
            fee_account: at.rollup,
            development_chain_id: 0,
        };
        for code in [
            token(),
            timelock(&governance),
            inbox(&at),
            bridge(&at),
            rollup(&at, arguments),
            posted_data(&at),
            transition(&at),
            batch(&at),
            equivocation(&at),
            authorisation(&at, 1),
        ] {
            assert!(code.len() <= INITCODE_MAX, "{}", code.len());
        }
    }
}
