//! Verification finds every kind of difference, and names the right one.

use std::fs;
use std::time::Instant;

use alloy_primitives::{Address, B256, U256, hex};
use alloy_sol_types::SolCall;
use serde_json::{Value, json};
use spillway_bridge_contracts::{Rollup, TimelockController};
use spillway_l1::deployment::{Deployment, Disputes, Parameters};
use spillway_tests::{PATIENCE, Rpc, accounts};

use super::{POLL, Site};

/// Puts other code at a contract's address: its own, changed.
async fn change_code(rpc: &Rpc, contract: Address, change: impl FnOnce(&mut Vec<u8>)) {
    let code = rpc
        .call("eth_getCode", json!([contract, "latest"]))
        .await
        .expect("code");
    let mut code = hex::decode(code.as_str().expect("hex")).expect("hex");
    change(&mut code);
    let changed = json!([contract, hex::encode_prefixed(code)]);
    rpc.call("anvil_setCode", changed)
        .await
        .expect("other code");
}

/// Sends a transaction that anvil signs, or does without a signature.
async fn send(rpc: &Rpc, from: Address, to: Address, call: &impl SolCall) {
    let data = hex::encode_prefixed(call.abi_encode());
    let request = json!([{ "from": from, "to": to, "data": data, "gas": "0xf4240" }]);
    let hash = rpc
        .call("eth_sendTransaction", request)
        .await
        .expect("a transaction");
    let hash = hash.as_str().expect("a hash").parse().expect("a hash");
    let deadline = Instant::now() + PATIENCE;
    let receipt = loop {
        if let Some(receipt) = rpc.receipt(hash).await.expect("an answer") {
            break receipt;
        }
        assert!(Instant::now() < deadline, "{hash} was not mined");
        tokio::time::sleep(POLL).await;
    };
    assert_eq!(receipt["status"], "0x1", "{receipt}");
}

#[tokio::test]
async fn other_code_is_found() {
    let site = Site::deployed();
    let rpc = site.anvil.rpc();
    let Deployment {
        inbox,
        timelock,
        rollup,
        token,
        ..
    } = site.deployment();
    change_code(&rpc, inbox, |code| *code.last_mut().expect("a byte") ^= 1).await;
    assert_eq!(site.differing(&site.file()), ["inbox code"]);
    change_code(&rpc, inbox, |code| *code.last_mut().expect("a byte") ^= 1).await;
    assert_eq!(site.differing(&site.file()), [""; 0]);

    change_code(&rpc, timelock, |code| code.push(0)).await;
    change_code(&rpc, token.expect("a token"), Vec::clear).await;
    assert_eq!(
        site.differing(&site.file()),
        ["timelock code", "token code"]
    );

    // One immutable, wherever it is in the code, and nothing else.
    let (from, to) = (
        U256::from(600).to_be_bytes::<32>(),
        U256::from(601).to_be_bytes::<32>(),
    );
    change_code(&rpc, rollup, |code| {
        while let Some(at) = code.windows(32).position(|word| word == from) {
            code[at..at + 32].copy_from_slice(&to);
        }
    })
    .await;
    assert_eq!(
        site.differing(&site.file()),
        ["timelock code", "rollup MAX_STALL", "token code"]
    );
}

/// Each dispute contract and what reads the data for them: other code, none, and that of another one.
#[tokio::test]
async fn other_dispute_contracts_are_found() {
    let site = Site::deployed();
    let rpc = site.anvil.rpc();
    let Disputes {
        posted_data,
        transition,
        batch,
        equivocation,
        authorisation,
    } = site.deployment().disputes;
    let contracts = [
        ("posted data", posted_data),
        ("transition disputes", transition),
        ("batch disputes", batch),
        ("equivocation disputes", equivocation),
        ("authorisation disputes", authorisation),
    ];
    let rows = contracts.map(|(name, _)| format!("{name} code"));
    let changes: [fn(&mut Vec<u8>); 2] =
        [|code| *code.last_mut().expect("a byte") ^= 1, Vec::clear];
    for change in changes {
        for (_, address) in contracts {
            change_code(&rpc, address, change).await;
        }
        assert_eq!(site.differing(&site.file()), rows);
    }
}

/// The immutables of those that have ones of their own.
#[tokio::test]
async fn other_settings_of_dispute_contracts_are_found() {
    let site = Site::deployed();
    let rpc = site.anvil.rpc();
    let Deployment {
        disputes, bridge, ..
    } = site.deployment();
    let check = async |contract: Address, from: U256, expected: &[&str]| {
        let (from, to) = (from.to_be_bytes::<32>(), U256::from(7).to_be_bytes::<32>());
        let exchange = |code: &mut Vec<u8>, from: [u8; 32], to: [u8; 32]| {
            let mut found = 0;
            while let Some(at) = code.windows(32).position(|word| word == from) {
                code[at..at + 32].copy_from_slice(&to);
                found += 1;
            }
            assert!(found > 0, "{expected:?}");
        };
        let mut before = Vec::new();
        change_code(&rpc, contract, |code| {
            before.clone_from(code);
            exchange(code, from, to);
        })
        .await;
        assert_eq!(site.differing(&site.file()), expected);
        change_code(&rpc, contract, |code| *code = before).await;
    };
    let word = |address: Address| U256::from_be_bytes(address.into_word().0);
    let floor = Parameters::development().challenge_bond_floor;
    check(
        disputes.authorisation,
        U256::from(floor),
        &["authorisation disputes BOND_FLOOR"],
    )
    .await;
    check(
        disputes.equivocation,
        U256::from(51_717),
        &["equivocation disputes _chainId"],
    )
    .await;
    check(
        disputes.transition,
        word(disputes.posted_data),
        &["transition disputes postedData"],
    )
    .await;
    check(
        disputes.batch,
        word(disputes.posted_data),
        &["batch disputes postedData"],
    )
    .await;
    check(disputes.posted_data, word(bridge), &["posted data bridge"]).await;
    assert_eq!(site.differing(&site.file()), [""; 0]);
}

/// What governance, or who has stolen it, has changed since.
#[tokio::test]
async fn other_roles_and_sequencers_are_found() {
    let site = Site::deployed();
    let rpc = site.anvil.rpc();
    let Deployment {
        timelock, rollup, ..
    } = site.deployment();
    let stranger = accounts::funded(7).address();
    rpc.call("anvil_impersonateAccount", json!([timelock]))
        .await
        .expect("impersonation");
    rpc.call("anvil_setBalance", json!([timelock, "0xde0b6b3a7640000"]))
        .await
        .expect("a balance");

    let role = TimelockController::grantRoleCall {
        role: B256::ZERO,
        account: stranger,
    };
    send(&rpc, timelock, timelock, &role).await;
    assert_eq!(site.differing(&site.file()), ["timelock admins"]);
    let role = TimelockController::revokeRoleCall {
        role: B256::ZERO,
        account: stranger,
    };
    send(&rpc, timelock, timelock, &role).await;
    assert_eq!(site.differing(&site.file()), [""; 0]);

    let delay = TimelockController::updateDelayCall {
        newDelay: U256::from(9),
    };
    send(&rpc, timelock, timelock, &delay).await;
    send(
        &rpc,
        timelock,
        rollup,
        &Rollup::addSequencerCall { account: stranger },
    )
    .await;
    assert_eq!(
        site.differing(&site.file()),
        ["timelock delay", "sequencers"]
    );
}

/// Each field of the file is compared with something.
#[test]
fn other_files_are_found() {
    let site = Site::deployed();
    let original: Value =
        serde_json::from_slice(&fs::read(site.file()).expect("the file")).expect("JSON");
    let other = json!(Address::repeat_byte(7));
    let changed = site.folder.path().join("changed.json");
    let check = |pointer: &str, value: Value, expected: &[&str]| {
        let mut file = original.clone();
        *file.pointer_mut(pointer).expect("a field") = value;
        fs::write(&changed, file.to_string()).expect("the changed file");
        assert_eq!(site.differing(&changed), expected, "{pointer}");
    };
    check("/l1_block/hash", json!(B256::ZERO), &["L1 block 2"]);
    check(
        "/l2_chain_id",
        json!(5),
        &[
            "rollup L2_CHAIN_ID",
            "equivocation disputes _chainId",
            "authorisation disputes _chainId",
            "rollup creation",
        ],
    );
    check(
        "/rollup_transaction",
        json!(B256::ZERO),
        &["rollup _deployedAt", "rollup creation"],
    );
    for (name, row) in [
        ("transition", "transition disputes code"),
        ("batch", "batch disputes code"),
        ("equivocation", "equivocation disputes code"),
        ("authorisation", "authorisation disputes code"),
    ] {
        let expected = [row, "rollup creation", "dispute contracts"];
        check(&format!("/disputes/{name}"), other.clone(), &expected);
    }
    check(
        "/disputes/posted_data",
        other.clone(),
        &[
            "posted data code",
            "transition disputes postedData",
            "batch disputes postedData",
            "authorisation disputes postedData",
        ],
    );
    // Both are dispute contracts, and each is not the other.
    let swapped = original["disputes"]["batch"].clone();
    check(
        "/disputes/transition",
        swapped,
        &["transition disputes code", "rollup creation"],
    );
    check(
        "/sequencers",
        json!([other]),
        &["rollup creation", "sequencers"],
    );
    check(
        "/genesis/state_root",
        json!(B256::ZERO),
        &["genesis state root", "rollup GENESIS_STATE_ROOT"],
    );
    check(
        "/genesis/fee_account",
        other.clone(),
        &[
            "genesis state root",
            "rollup FEE_ACCOUNT",
            "rollup creation",
        ],
    );
    check("/governance/delay", json!(1), &["timelock delay"]);
    check(
        "/governance/proposers",
        json!([other]),
        &["timelock proposers", "timelock cancellers"],
    );
    check(
        "/token",
        other.clone(),
        &["token code", "test token's number"],
    );
    check(
        "/parameters/bond",
        json!("1"),
        &["rollup BOND", "rollup creation"],
    );
    check(
        "/parameters/challenge_bond_floor",
        json!("1"),
        &["authorisation disputes BOND_FLOOR"],
    );
    for (name, immutable) in [
        ("force_inclusion_window", "FORCE_INCLUSION_WINDOW"),
        ("escape_delay", "ESCAPE_DELAY"),
        ("max_stall", "MAX_STALL"),
    ] {
        let expected = [&format!("rollup {immutable}"), "rollup creation"];
        check(&format!("/parameters/{name}"), json!(77), &expected);
    }
    check(
        "/parameters/response_window",
        json!(77),
        &[
            "rollup RESPONSE_WINDOW",
            "rollup _unbonding",
            "authorisation disputes _responseWindow",
            "rollup creation",
        ],
    );
    for (name, immutable) in [
        ("challenge_window", "CHALLENGE_WINDOW"),
        ("sequencer_delay", "SEQUENCER_DELAY"),
    ] {
        let expected = [
            &format!("rollup {immutable}"),
            "rollup _unbonding",
            "rollup creation",
        ];
        check(&format!("/parameters/{name}"), json!(77), &expected);
    }
    check(
        "/inbox",
        other,
        &[
            "inbox code",
            "bridge inbox",
            "rollup inbox",
            "transition disputes _inbox",
            "rollup creation",
        ],
    );
}
