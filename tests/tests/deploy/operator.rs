//! What an operator does: deploy, look, verify.

use std::fs;

use alloy_primitives::{Address, address};
use serde_json::{Value, json};
use spillway_l1::deployment::{Deployment, Disputes, Governance, Parameters};
use spillway_protocol::chain_id;
use spillway_tests::accounts;
use spillway_tests::clients::finish;

use super::{Site, command, deploy, text};

/// Contracts of a production network, each created by a transaction.
const TRANSACTIONS: u64 = 9;

#[test]
fn a_development_network_is_deployed_and_verified() {
    let site = Site::deployed();
    let deployment = site.deployment();
    let deployer = accounts::funded(0).address();
    assert_eq!(
        (deployment.l1_chain_id, deployment.l2_chain_id),
        (31_337, 51_717)
    );
    assert_eq!(deployment.parameters, Parameters::development());
    assert_eq!(
        deployment.governance,
        Governance {
            delay: 0,
            proposers: vec![deployer]
        }
    );
    assert_eq!(deployment.sequencers, [deployer]);
    // The token is where programs expect it: the first contract of the first account.
    assert_eq!(
        deployment.token,
        Some(address!("5FbDB2315678afecb367f032d93F642f64180aa3"))
    );
    assert_eq!(deployment.rollup, deployer.create(4));
    let disputes = deployment.disputes;
    assert_eq!(disputes.posted_data, deployer.create(5));
    let listed = [6, 7, 8, 9].map(|nonce| deployer.create(nonce));
    assert_eq!(disputes.list(), listed);
    let Disputes {
        transition,
        batch,
        equivocation,
        authorisation,
        ..
    } = disputes;
    assert_eq!([transition, batch, equivocation, authorisation], listed);

    let file = site.file();
    let verified = deploy(site.anvil.url(), &["--verify", "--deployment", text(&file)]);
    assert_eq!(
        verified.status.code(),
        Some(0),
        "{}{}",
        verified.stdout,
        verified.stderr
    );
    assert!(
        verified.stdout.ends_with("checks, 0 differ\n"),
        "{}",
        verified.stdout
    );
    assert_eq!(site.differing(&site.file()), [""; 0]);
}

#[test]
fn a_second_deployment_refuses_and_changes_nothing() {
    let site = Site::deployed();
    let before = fs::read(site.file()).expect("the file");
    let refused = site.deploy();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        refused.stderr.contains("deployment.json exists"),
        "{}",
        refused.stderr
    );
    assert_eq!(fs::read(site.file()).expect("the file"), before);
}

/// Production settings: nothing has a default but the times and the bond, and the deployer keeps no right.
#[test]
fn a_production_network_is_deployed_and_verified() {
    let site = Site::empty(&["--chain-id", "1"]);
    let file = site.file();
    let key = site.folder.path().join("key");
    fs::write(&key, format!("{}\n", accounts::funded(3).to_bytes())).expect("a key file");
    let (a, b, c) = (
        Address::repeat_byte(0xa),
        Address::repeat_byte(0xb),
        Address::repeat_byte(0xc),
    );
    let [a_, b_, c_] = [a, b, c].map(|address| address.to_string());
    let arguments = ["--private-key-file", text(&key), "--out", text(&file)];
    let roles = [
        "--sequencer",
        &a_,
        "--sequencer",
        &b_,
        "--proposer",
        &c_,
        "--fee-account",
        &a_,
    ];
    let own = [
        "--challenge-window",
        "6d",
        "--bond",
        "2.5",
        "--challenge-bond",
        "0.25",
        "--json",
    ];
    let finished = deploy(site.anvil.url(), &[&arguments[..], &roles, &own].concat());
    assert!(finished.status.success(), "{}", finished.stderr);

    let deployment = site.deployment();
    let printed: Deployment =
        serde_json::from_str(&finished.stdout).expect("the deployment in JSON");
    assert_eq!(printed, deployment);
    assert_eq!(
        deployment.l2_chain_id,
        chain_id::derive(1, &deployment.rollup)
    );
    assert_eq!(deployment.timelock, accounts::funded(3).address().create(0));
    assert_eq!(deployment.token, None);
    assert_eq!(deployment.sequencers, [a, b]);
    assert_eq!(
        deployment.governance,
        Governance {
            delay: Governance::DELAY,
            proposers: vec![c]
        }
    );
    let expected = Parameters {
        challenge_window: 6 * 24 * 60 * 60,
        bond: 2_500_000_000_000_000_000,
        challenge_bond_floor: 250_000_000_000_000_000,
        ..Parameters::default()
    };
    assert_eq!(deployment.parameters, expected);
    assert_eq!(site.differing(&site.file()), [""; 0]);
}

#[test]
fn the_key_can_come_from_the_environment() {
    let site = Site::empty(&[]);
    let mut command = command(
        site.anvil.url(),
        &["--development", "--out", text(&site.file())],
    );
    command.env(
        "SPILLWAY_PRIVATE_KEY",
        accounts::funded(5).to_bytes().to_string(),
    );
    let finished = finish(command);
    assert!(finished.status.success(), "{}", finished.stderr);
    let deployer = accounts::funded(5).address();
    assert_eq!(site.deployment().token, Some(deployer.create(0)));
    assert_eq!(site.deployment().sequencers, [deployer]);
}

/// The words and the shape that other programs rely on.
#[test]
fn the_file_names_every_contract() {
    let site = Site::deployed();
    let file: Value =
        serde_json::from_slice(&fs::read(site.file()).expect("the file")).expect("JSON");
    for name in ["timelock", "inbox", "bridge", "rollup", "token"] {
        let address = file[name].as_str().expect("an address in text");
        assert!(
            address.starts_with("0x") && address.len() == 42,
            "{name}: {address}"
        );
    }
    for name in [
        "posted_data",
        "transition",
        "batch",
        "equivocation",
        "authorisation",
    ] {
        let address = file["disputes"][name].as_str().expect("an address in text");
        assert!(
            address.starts_with("0x") && address.len() == 42,
            "{name}: {address}"
        );
    }
    assert_eq!(file["version"], 1);
    assert_eq!(file["l1_block"]["number"], 2);
    assert_eq!(file["parameters"]["challenge_window"], 30);
    assert_eq!(file["parameters"]["bond"], "1000000000000000000");
    let floor = &file["parameters"]["challenge_bond_floor"];
    assert_eq!(floor, "1000000000000000");
}

/// Whoever funds the key goes by docs/deployment.md, and L1 takes no transaction above its limit (EIP-7825).
#[tokio::test]
async fn the_gas_is_what_the_docs_say() {
    const TRANSACTION_MAX: u64 = 1 << 24;
    const ALL: u64 = 26_000_000;
    let site = Site::empty(&["--chain-id", "1"]);
    let deployer = accounts::funded(0);
    let mut command = command(site.anvil.url(), &["--out", text(&site.file())]);
    command.env("SPILLWAY_PRIVATE_KEY", deployer.to_bytes().to_string());
    let address = deployer.address().to_string();
    for role in ["--sequencer", "--proposer", "--fee-account"] {
        command.args([role, &address]);
    }
    let finished = finish(command);
    assert!(finished.status.success(), "{}", finished.stderr);

    let (rpc, mut all) = (site.anvil.rpc(), 0);
    for number in 1..=TRANSACTIONS {
        let block = json!([format!("{number:#x}")]);
        let receipts = rpc.call("eth_getBlockReceipts", block).await;
        let receipts = receipts.expect("receipts");
        let [receipt] = receipts.as_array().expect("a list").as_slice() else {
            panic!("one transaction a block: {receipts}");
        };
        let gas = receipt["gasUsed"].as_str().expect("gas");
        let gas = u64::from_str_radix(gas.trim_start_matches("0x"), 16).expect("gas");
        println!("{gas:9} {}", receipt["contractAddress"]);
        assert!(gas < TRANSACTION_MAX, "{receipt}");
        all += gas;
    }
    println!("{all:9} in all");
    assert!(all.abs_diff(ALL) < 500_000, "{all}");
}
