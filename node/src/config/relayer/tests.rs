//! What `[relayer]` may say.

use tempfile::TempDir;

use super::*;
use crate::config::l1::tests::an_l1;

/// A folder with a key, and the section that names it.
fn with_key() -> (TempDir, typed::Relayer) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "3".repeat(64)).unwrap();
    let typed = typed::Relayer {
        key_file: path.to_str().unwrap().to_owned(),
        pool: None,
        service_level_s: None,
        first_percent: None,
        last_percent: None,
        claims_max: None,
        max_fee_gwei: None,
        max_priority_fee_gwei: None,
        confirmations: None,
    };
    (folder, typed)
}

#[test]
fn a_key_alone_gives_the_defaults() {
    let (_folder, typed) = with_key();
    let config = validate(&typed, &an_l1()).unwrap();
    assert_eq!(config.policy, ClaimPolicy::default());
    assert_eq!(config.caps, Settings::new(Kind::Ordinary).caps);
    assert_eq!(config.deposit_finality, an_l1().finality);
}

#[test]
fn what_is_typed_is_taken() {
    let (_folder, mut typed) = with_key();
    typed.service_level_s = Some(60);
    typed.first_percent = Some(10);
    typed.last_percent = Some(10);
    typed.claims_max = Some(7);
    typed.max_fee_gwei = Some(3);
    typed.confirmations = Some(12);
    let config = validate(&typed, &an_l1()).unwrap();
    let policy = ClaimPolicy {
        service_level: 60,
        first_percent: 10,
        last_percent: 10,
        claims_max: 7,
    };
    assert_eq!(config.policy, policy);
    assert_eq!(config.caps.max_fee, 3_000_000_000);
    assert_eq!(config.confirmations, 12);
}

#[test]
fn what_cannot_be_is_refused_by_its_name() {
    type Change = fn(&mut typed::Relayer);
    let changes: [(Change, &str); 7] = [
        (|it| it.key_file = "/nowhere".to_owned(), "relayer.key_file"),
        (
            |it| it.service_level_s = Some(-1),
            "relayer.service_level_s",
        ),
        (
            |it| it.service_level_s = Some(31 * 86_400),
            "relayer.service_level_s",
        ),
        (|it| it.first_percent = Some(131), "relayer.first_percent"),
        (|it| it.claims_max = Some(0), "relayer.claims_max"),
        (|it| it.claims_max = Some(201), "relayer.claims_max"),
        (|it| it.max_fee_gwei = Some(0), "relayer.max_fee_gwei"),
    ];
    for (change, named) in changes {
        let (_folder, mut typed) = with_key();
        change(&mut typed);
        let refused = format!("{:#}", validate(&typed, &an_l1()).unwrap_err());
        assert!(refused.contains(named), "{named}: {refused}");
    }
}
