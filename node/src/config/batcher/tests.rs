//! What `[batcher]` may say.

use spillway_l1::events::Finality;
use tempfile::TempDir;

use super::*;
use crate::config::l1::tests::an_l1;

/// A folder with two keys, and the section that names them.
fn keys() -> (TempDir, typed::Batcher) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, digit: char| {
        let path = folder.path().join(name);
        std::fs::write(&path, digit.to_string().repeat(64)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let typed = typed::Batcher {
        blob_key_file: file("blobs", '1'),
        calldata_key_file: file("calldata", '2'),
        sequencer: None,
        max_batch_age_s: None,
        heartbeat_s: None,
        target_blobs: None,
        post_as: None,
        max_fee_gwei: None,
        max_priority_fee_gwei: None,
        max_blob_fee_gwei: None,
        confirmations: None,
    };
    (folder, typed)
}

fn refusal(typed: &typed::Batcher) -> String {
    format!("{:#}", validate(typed, &an_l1()).unwrap_err())
}

#[test]
fn keys_alone_give_the_defaults() {
    let (_folder, typed) = keys();
    let config = validate(&typed, &an_l1()).unwrap();
    assert_eq!(config.posting, PostingConfig::default());
    assert_eq!(config.caps, Settings::new(Kind::Blob).caps);
    assert_eq!(config.sequencer, config.calldata_key.address());
    assert_ne!(config.sequencer, config.blob_key.address());
    assert_eq!(config.finality, Finality::Depth(7));
}

#[test]
fn what_is_typed_is_taken() {
    let (_folder, mut typed) = keys();
    typed.sequencer = Some("0x00000000000000000000000000000000000000fe".to_owned());
    typed.max_batch_age_s = Some(60);
    typed.heartbeat_s = Some(600);
    typed.target_blobs = Some(2);
    typed.post_as = Some("calldata".to_owned());
    typed.max_blob_fee_gwei = Some(3);
    typed.confirmations = Some(12);
    let config = validate(&typed, &an_l1()).unwrap();
    assert_eq!(config.sequencer.0[19], 0xfe);
    assert_eq!(config.posting.max_batch_age, Duration::from_secs(60));
    assert_eq!(config.posting.heartbeat, Duration::from_secs(600));
    assert_eq!(config.posting.target_blobs, 2);
    assert_eq!(config.posting.forms, Forms::Calldata);
    assert_eq!(config.caps.blob_fee, 3 * GWEI);
    assert_eq!(config.confirmations, 12);
}

#[test]
fn refusals_name_the_key() {
    type Mistake = fn(&mut typed::Batcher);
    let mistakes: [(Mistake, &str); 7] = [
        (
            |typed| typed.blob_key_file = "/nowhere".to_owned(),
            "batcher.blob_key_file",
        ),
        (
            |typed| typed.calldata_key_file = typed.blob_key_file.clone(),
            "the same key",
        ),
        (
            |typed| typed.sequencer = Some("fe".to_owned()),
            "batcher.sequencer",
        ),
        (
            |typed| typed.max_batch_age_s = Some(0),
            "batcher.max_batch_age_s = 0",
        ),
        (|typed| typed.target_blobs = Some(6), "it must be 1 to 5"),
        (
            |typed| typed.post_as = Some("smoke".to_owned()),
            "batcher.post_as",
        ),
        (
            |typed| typed.max_fee_gwei = Some(-1),
            "batcher.max_fee_gwei = -1",
        ),
    ];
    for (make, says) in mistakes {
        let (_folder, mut typed) = keys();
        make(&mut typed);
        let refused = refusal(&typed);
        assert!(refused.contains(says), "{says}: {refused}");
    }
}
