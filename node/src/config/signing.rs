//! `[signing]`: the key by which block headers are signed.

use alloy_primitives::Address;
use anyhow::{Result, ensure};
use spillway_sequencer::signing::HeaderSigner;

use super::batcher;
use super::typed;

/// Reads the key on the way.
pub(super) fn validate(typed: &typed::Signing) -> Result<HeaderSigner> {
    let key = batcher::read_key("signing.key_file", &typed.key_file)?;
    Ok(HeaderSigner::new(key.to_bytes())?)
}

/// Signatures of anybody else than the one in whose name batches are posted would bind nobody.
pub(super) fn check(signer: &HeaderSigner, sequencer: Address) -> Result<()> {
    ensure!(
        signer.address() == sequencer,
        "signing.key_file is the key of {}, and batches are posted in the name of {sequencer}: it must be the key of that account",
        signer.address()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(key: &str) -> (tempfile::TempDir, typed::Signing) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, key).unwrap();
        let key_file = path.to_str().unwrap().to_owned();
        (folder, typed::Signing { key_file })
    }

    #[test]
    fn the_key_is_that_of_the_account_in_whose_name_batches_are_posted() {
        let (_folder, typed) = typed(&"1".repeat(64));
        let signer = validate(&typed).unwrap();
        check(&signer, signer.address()).unwrap();
        let refused = check(&signer, Address::ZERO).unwrap_err().to_string();
        assert!(refused.contains("signing.key_file"), "{refused}");
    }

    #[test]
    fn a_file_without_a_key_is_named() {
        let nowhere = typed::Signing {
            key_file: "/nowhere".to_owned(),
        };
        let (_folder, zero) = typed(&"0".repeat(64));
        for typed in [nowhere, zero] {
            let refused = format!("{:#}", validate(&typed).unwrap_err());
            assert!(refused.contains("signing.key_file"), "{refused}");
        }
    }
}
