//! What `[l1]` may say.

use spillway_l1::deployment::{
    Disputes, Genesis as L2Genesis, Governance, L1Block, Parameters, VERSION,
};
use tempfile::TempDir;

use super::super::parse;
use super::*;

const START: &str = "roles = [\"sequencer\"]\ndir = \"state\"\n";

fn deployment() -> Deployment {
    let at = alloy_primitives::Address::repeat_byte;
    Deployment {
        version: VERSION,
        l1_chain_id: 1,
        l2_chain_id: 77,
        l1_block: L1Block {
            number: 1,
            hash: Default::default(),
        },
        rollup_transaction: Default::default(),
        timelock: at(1),
        inbox: at(2),
        bridge: at(3),
        rollup: at(4),
        token: None,
        disputes: Disputes {
            posted_data: at(8),
            transition: at(9),
            batch: at(10),
            equivocation: at(11),
            authorisation: at(12),
        },
        parameters: Parameters::default(),
        governance: Governance {
            delay: 1,
            proposers: vec![at(5)],
        },
        genesis: L2Genesis {
            fee_account: at(6),
            state_root: Default::default(),
        },
        sequencers: vec![at(7)],
    }
}

/// An L1 that other sections may be of.
pub(in super::super) fn an_l1() -> L1Config {
    L1Config {
        urls: vec!["http://127.0.0.1:8545".to_owned()],
        path: PathBuf::new(),
        deployment: deployment(),
        finality: Finality::Depth(7),
    }
}

/// A deployment's file in a folder of its own.
fn file() -> (TempDir, String) {
    let deployment = deployment();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deployment.json");
    std::fs::write(&path, serde_json::to_string(&deployment).unwrap()).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

fn with_l1(urls: &str, deployment: &str, more: &str) -> String {
    format!("{START}[l1]\nurls = {urls}\ndeployment = \"{deployment}\"\n{more}\n")
}

#[test]
fn the_chain_is_the_deployments() {
    let (_folder, path) = file();
    let config = parse(&with_l1("[\"http://a:1\", \"http://b:2\"]", &path, "")).unwrap();
    let genesis = config.sequencer.genesis;
    assert_eq!(genesis.chain_id, 77);
    assert_eq!(
        genesis.fee_account,
        alloy_primitives::Address::repeat_byte(6)
    );
    let l1 = config.l1.unwrap();
    assert_eq!(l1.urls, ["http://a:1", "http://b:2"]);
    assert_eq!(l1.finality, Finality::Finalized);
}

#[test]
fn finality_is_a_word_or_a_depth() {
    let (_folder, path) = file();
    for (typed, expected) in [
        ("\"finalized\"", Finality::Finalized),
        ("\"safe\"", Finality::Safe),
        ("0", Finality::Depth(0)),
        ("256", Finality::Depth(256)),
    ] {
        let text = with_l1("[\"http://a:1\"]", &path, &format!("finality = {typed}"));
        assert_eq!(parse(&text).unwrap().l1.unwrap().finality, expected);
    }
}

#[test]
fn rejections() {
    let (_folder, path) = file();
    let good = "[\"http://a:1\"]";
    let many = format!("{:?}", vec!["http://a:1"; 17]);
    let chain = format!(
        "[chain]\nid = 5\nfee_account = \"{}\"",
        alloy_primitives::Address::repeat_byte(1)
    );
    for (text, says) in [
        (START.to_owned(), "neither [l1] nor [chain]"),
        (with_l1(good, &path, &chain), "both [chain] and [l1]"),
        (with_l1("[]", &path, ""), "l1.urls has 0 entries"),
        (with_l1(&many, &path, ""), "l1.urls has 17 entries"),
        (
            with_l1(good, "/nowhere.json", ""),
            "l1.deployment: /nowhere.json",
        ),
        (
            with_l1(good, &path, "finality = 257"),
            "it must be 0 to 256",
        ),
        (with_l1(good, &path, "finality = -1"), "l1.finality = -1"),
        (
            with_l1(good, &path, "finality = \"latest\""),
            "\"safe\", or a number",
        ),
        (
            with_l1(good, &path, "finality = true"),
            "l1.finality = true",
        ),
        (with_l1(good, &path, "url = 1"), "unknown field `url`"),
    ] {
        let refused = format!("{:#}", parse(&text).unwrap_err());
        assert!(refused.contains(says), "{text}: {refused}");
    }
}
