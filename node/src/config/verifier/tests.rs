//! What `[verifier]` may say.

use tempfile::TempDir;

use super::*;
use crate::config::l1::tests::an_l1;

const SOMEONE: &str = "0x00000000000000000000000000000000000000fe";

/// A folder with a key, and the section that names it.
fn with_key() -> (TempDir, typed::Verifier) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "1".repeat(64)).unwrap();
    let typed = typed::Verifier {
        key_file: Some(path.to_str().unwrap().to_owned()),
        ..typed::Verifier::default()
    };
    (folder, typed)
}

fn refusal(typed: &typed::Verifier) -> String {
    format!("{:#}", validate(typed, &an_l1()).unwrap_err())
}

#[test]
fn nothing_at_all_verifies_without_a_key() {
    let config = validate(&typed::Verifier::default(), &an_l1()).unwrap();
    assert!(config.key.is_none() && config.guarded.is_empty());
    assert_eq!(config.beacon_urls, an_l1().urls, "blobs are where L1 is");
    assert_eq!(config.caps, Settings::new(Kind::Ordinary).caps);
    let window = an_l1().deployment.parameters.challenge_window;
    assert!(config.patience.as_secs() <= window / 4);
}

#[test]
fn what_is_typed_is_taken() {
    let (_folder, mut typed) = with_key();
    typed.guard = vec![SOMEONE.to_owned()];
    typed.guard_patience_s = Some(7);
    typed.beacon_urls = Some(vec!["http://127.0.0.1:5052".to_owned()]);
    typed.max_fee_gwei = Some(3);
    typed.confirmations = Some(9);
    let config = validate(&typed, &an_l1()).unwrap();
    assert!(config.key.is_some());
    assert_eq!(config.guarded.len(), 1);
    assert_eq!(config.patience, Duration::from_secs(7));
    assert_eq!(config.beacon_urls, ["http://127.0.0.1:5052"]);
    assert_eq!(
        (config.caps.max_fee, config.confirmations),
        (3_000_000_000, 9)
    );
}

type Change = fn(&mut typed::Verifier);

#[test]
fn refusals_name_the_key() {
    let changes: [(Change, &str); 7] = [
        (
            |it| it.key_file = Some("/nowhere".to_owned()),
            "verifier.key_file",
        ),
        (|it| it.key_file = None, "verifier.key_file is not there"),
        (|it| it.guard = vec!["0x12".to_owned()], "verifier.guard"),
        (
            |it| it.guard = vec![SOMEONE.to_owned(); GUARDED_MAX + 1],
            "at most 10000",
        ),
        (
            |it| it.guard_patience_s = Some(-1),
            "verifier.guard_patience_s",
        ),
        (
            |it| it.beacon_urls = Some(vec!["ftp://x".to_owned()]),
            "verifier.beacon_urls",
        ),
        (|it| it.max_fee_gwei = Some(0), "verifier.max_fee_gwei"),
    ];
    for (change, named) in changes {
        let (_folder, mut typed) = with_key();
        typed.guard = vec![SOMEONE.to_owned()];
        change(&mut typed);
        let refused = refusal(&typed);
        assert!(refused.contains(named), "{named}: {refused}");
    }
}

#[test]
fn a_sequencer_elsewhere_is_followed_and_no_other() {
    let named = |url: Option<&str>, signer: Option<&str>| typed::Verifier {
        sequencer_url: url.map(str::to_owned),
        sequencer: signer.map(str::to_owned),
        ..typed::Verifier::default()
    };
    let there = "http://127.0.0.1:9545";
    let url = Some(there);
    let both = named(url, Some(SOMEONE));
    let followed = following(&both, false).unwrap().expect("a sequencer");
    assert_eq!(
        (followed.url.as_str(), followed.signer.0[19]),
        (there, 0xfe)
    );
    assert!(following(&named(None, None), true).unwrap().is_none());
    for (typed, has_sequencer, says) in [
        (both, true, "leave them out"),
        (named(None, None), false, "must name the JSON-RPC"),
        (named(url, None), false, "must name the JSON-RPC"),
        (
            named(Some("https://x"), Some(SOMEONE)),
            false,
            "http://HOST:PORT",
        ),
        (named(url, Some("0x1")), false, "verifier.sequencer"),
    ] {
        let refused = following(&typed, has_sequencer).unwrap_err().to_string();
        assert!(refused.contains(says), "{says}: {refused}");
    }
}
