//! The contracts on the embedded L1, and beside the dispute contracts an account that fells batches as it likes.

use alloy_network::TransactionBuilder;
use alloy_primitives::aliases::U96;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, SolConstructor};
use spillway_bridge_contracts::{
    AuthorisationDisputes, BatchDisputes, Bridge, EquivocationDisputes, IRollup, Inbox, PostedData,
    Rollup, TestToken, TimelockController, TransitionDisputes,
};
use spillway_l1::events::ContractAddresses;
use spillway_verifier::disputes::DisputeContracts;

use super::chain::{FEE_ACCOUNT, TOKEN_DECIMALS};

/// What a sequencer stakes.
pub(crate) const BOND: u128 = 10_u128.pow(18);
/// What a challenge stakes at least.
const CHALLENGE_BOND: u128 = 10_u128.pow(16);
/// L2's chain id.
pub(crate) const CHAIN_ID: u64 = 51_717;
/// How long a batch can be challenged, in seconds of L1. Each of its blocks moves the time on by one at least, and there may be
/// fifty of them in a second of ours: no test may depend on how soon a proof is there.
pub(crate) const CHALLENGE_WINDOW: u64 = 3_600;
/// How long a challenge can be answered, in seconds of L1.
pub(crate) const RESPONSE_WINDOW: u64 = 3_600;
/// Tokens that are listed, ETH apart.
pub(crate) const TOKENS: usize = 8;

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct Contracts {
    pub(crate) inbox: Address,
    pub(crate) bridge: Address,
    pub(crate) rollup: Address,
    pub(crate) disputes: DisputeContracts,
    pub(crate) authorisation: Address,
    pub(crate) equivocation: Address,
    /// By number, from 1.
    pub(crate) tokens: Vec<Address>,
    /// The block of the first of them.
    pub(crate) l1_block: u64,
}

impl Contracts {
    pub(crate) fn addresses(&self) -> ContractAddresses {
        ContractAddresses {
            inbox: self.inbox,
            bridge: self.bridge,
            rollup: self.rollup,
        }
    }
}

/// Deploys from an account that has sent nothing yet. `arbiter` may fell batches without a proof.
pub(crate) async fn deploy(
    l1: &DynProvider,
    deployer: Address,
    sequencers: &[Address],
    arbiter: Address,
) -> Contracts {
    let l1_block = l1.get_block_number().await.unwrap();
    let at = |nonce| deployer.create(nonce);
    let [timelock, inbox, bridge, rollup] = [0, 1, 2, 3].map(at);
    let contracts = Contracts {
        inbox,
        bridge,
        rollup,
        disputes: DisputeContracts {
            transition: at(5),
            batch: at(6),
        },
        authorisation: at(7),
        equivocation: at(8),
        tokens: (9..).take(TOKENS).map(at).collect(),
        l1_block,
    };
    for (code, arguments) in creations(&contracts, timelock, at(4), deployer, sequencers, arbiter) {
        let code = [&code[..], &arguments].concat();
        send(l1, TransactionRequest::default().with_deploy_code(code)).await;
    }
    for sequencer in sequencers {
        stake(l1, rollup, *sequencer).await;
    }
    for token in &contracts.tokens {
        list(l1, timelock, bridge, *token).await;
    }
    contracts
}

/// Code and arguments of all, in the order of their nonces.
fn creations(
    contracts: &Contracts,
    timelock: Address,
    posted_data: Address,
    deployer: Address,
    sequencers: &[Address],
    arbiter: Address,
) -> Vec<(Bytes, Vec<u8>)> {
    let Contracts {
        inbox,
        bridge,
        rollup,
        disputes,
        authorisation,
        equivocation,
        tokens,
        ..
    } = contracts;
    let governance = TimelockController::constructorCall {
        minDelay: U256::ZERO,
        proposers: vec![deployer],
        executors: vec![Address::ZERO],
        admin: Address::ZERO,
    };
    let queue = Inbox::constructorCall {
        bridge_: *bridge,
        rollup_: *rollup,
    };
    let custody = Bridge::constructorCall {
        inbox_: *inbox,
        rollup_: *rollup,
        governance_: timelock,
    };
    let batches = Rollup::constructorCall {
        inbox_: *inbox,
        bridge_: *bridge,
        governance_: timelock,
        disputes: vec![
            disputes.transition,
            disputes.batch,
            *authorisation,
            *equivocation,
            arbiter,
        ],
        sequencers: sequencers.to_vec(),
        parameters: parameters(),
    };
    let transition = TransitionDisputes::constructorCall {
        rollup_: *rollup,
        postedData_: posted_data,
    };
    let batch = BatchDisputes::constructorCall {
        rollup_: *rollup,
        postedData_: posted_data,
    };
    let authorisation = AuthorisationDisputes::constructorCall {
        rollup_: *rollup,
        postedData_: posted_data,
        bondFloor: CHALLENGE_BOND,
    };
    let equivocation = EquivocationDisputes::constructorCall { rollup_: *rollup };
    let mut creations = vec![
        creation(&TimelockController::BYTECODE, &governance),
        creation(&Inbox::BYTECODE, &queue),
        creation(&Bridge::BYTECODE, &custody),
        creation(&Rollup::BYTECODE, &batches),
        creation(
            &PostedData::BYTECODE,
            &PostedData::constructorCall { bridge_: *bridge },
        ),
        creation(&TransitionDisputes::BYTECODE, &transition),
        creation(&BatchDisputes::BYTECODE, &batch),
        creation(&AuthorisationDisputes::BYTECODE, &authorisation),
        creation(&EquivocationDisputes::BYTECODE, &equivocation),
    ];
    let token = TestToken::constructorCall {
        decimals_: TOKEN_DECIMALS,
    };
    creations.extend(
        tokens
            .iter()
            .map(|_| creation(&TestToken::BYTECODE, &token)),
    );
    creations
}

fn creation(code: &Bytes, arguments: &impl SolConstructor) -> (Bytes, Vec<u8>) {
    (code.clone(), arguments.abi_encode())
}

fn parameters() -> IRollup::Parameters {
    IRollup::Parameters {
        challengeWindow: CHALLENGE_WINDOW,
        responseWindow: RESPONSE_WINDOW,
        forceInclusionWindow: 60,
        escapeDelay: 300,
        maxStall: 10_000,
        sequencerDelay: 10_000,
        bond: U96::from(BOND),
        feeAccount: FEE_ACCOUNT,
        developmentChainId: CHAIN_ID,
    }
}

/// Pays a whole bond.
pub(crate) async fn stake(l1: &DynProvider, rollup: Address, account: Address) {
    let call = Rollup::depositBondCall { account };
    let request = TransactionRequest::default()
        .with_to(rollup)
        .with_input(call.abi_encode());
    send(l1, request.with_value(U256::from(BOND))).await;
}

async fn list(l1: &DynProvider, timelock: Address, bridge: Address, token: Address) {
    let payload: Bytes = Bridge::listTokenCall { token }.abi_encode().into();
    let schedule = TimelockController::scheduleCall {
        target: bridge,
        value: U256::ZERO,
        data: payload.clone(),
        predecessor: B256::ZERO,
        salt: B256::ZERO,
        delay: U256::ZERO,
    };
    let execute = TimelockController::executeCall {
        target: bridge,
        value: U256::ZERO,
        payload,
        predecessor: B256::ZERO,
        salt: B256::ZERO,
    };
    for input in [schedule.abi_encode(), execute.abi_encode()] {
        let request = TransactionRequest::default().with_to(timelock);
        send(l1, request.with_input(input)).await;
    }
}

/// Sends, and waits for the block that holds it.
pub(crate) async fn send(l1: &DynProvider, request: TransactionRequest) {
    let sent = l1.send_transaction(request).await.unwrap();
    assert!(sent.get_receipt().await.unwrap().status(), "L1 refuses it");
}
