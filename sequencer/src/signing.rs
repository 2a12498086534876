//! The sequencer's signature of block headers, by which it answers for what it told: two of one number and fork, or one
//! that contradicts a batch, cost its bond on L1.
//!
//! A signature follows from the key and the block alone (RFC 6979), so the sequencer keeps none: whoever asks for a block
//! has its header signed, on the thread that answers, and reads the same bytes after any restart. Who follows a sequencer
//! has no key, and keeps what it was given ([`crate::signatures`]).

use std::fmt;

use alloy_consensus::crypto::secp256k1::{recover_signer, sign_message};
use alloy_primitives::{Address, B256, Signature};
use spillway_protocol::block::signing_digest;
use spillway_protocol::tree::list_root;

use crate::block::Block;

/// Bytes that are no private key: zero, or too large for the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no private key: the number is zero or too large for the curve")]
pub struct NoKey;

/// Signs the headers of one chain.
#[derive(Clone)]
pub struct HeaderSigner {
    key: B256,
    address: Address,
}

/// Without the key.
impl fmt::Debug for HeaderSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeaderSigner")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl HeaderSigner {
    /// Signs with that private key.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn new(key: B256) -> Result<Self, NoKey> {
        let probe = B256::repeat_byte(1);
        let signature = sign_message(key, probe).map_err(|_| NoKey)?;
        let address = recover_signer(&signature, probe).map_err(|_| NoKey)?;
        Ok(Self { key, address })
    }

    /// The sequencer's address on L1.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Signs a block's header on a fork of a chain. None in the one case of 2^128 that has no signature.
    #[must_use]
    pub fn sign(&self, chain_id: u64, fork_id: u64, block: &Block) -> Option<Signature> {
        sign_message(self.key, digest(chain_id, fork_id, block)).ok()
    }
}

fn digest(chain_id: u64, fork_id: u64, block: &Block) -> B256 {
    let root = list_root(&block.transaction_hashes);
    signing_digest(chain_id, fork_id, &block.hash, &root)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: B256 = B256::repeat_byte(7);

    #[test]
    fn the_signature_is_the_address_s_and_always_the_same() {
        let signer = HeaderSigner::new(KEY).unwrap();
        let block = Block::genesis();
        let signature = signer.sign(7, 2, &block).unwrap();
        let signed = recover_signer(&signature, digest(7, 2, &block)).unwrap();
        assert_eq!(signed, signer.address());
        let again = HeaderSigner::new(KEY).unwrap();
        assert_eq!(again.sign(7, 2, &block), Some(signature));
        for (chain_id, fork_id) in [(8, 2), (7, 3)] {
            assert_ne!(signer.sign(chain_id, fork_id, &block), Some(signature));
        }
    }

    #[test]
    fn no_key_is_shown_and_none_that_is_no_number_of_the_curve_is_taken() {
        let shown = format!("{:?}", HeaderSigner::new(KEY).unwrap());
        assert!(!shown.contains("0707"), "{shown}");
        for bad in [B256::ZERO, B256::repeat_byte(0xff)] {
            assert_eq!(HeaderSigner::new(bad).err(), Some(NoKey));
        }
    }
}
