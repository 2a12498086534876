//! Whose word a block's header is: signatures made with the sequencer's key, or kept by who follows it.

mod file;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use alloy_consensus::crypto::secp256k1::recover_signer;
use alloy_primitives::{Address, B256, Signature};
use spillway_protocol::block::{BlockHeader, signing_digest};

use crate::block::Block;
use crate::signing::HeaderSigner;

pub use file::SignatureFileError;
pub(crate) use file::{KeptSignature, NAME, SignatureFile, copy_after};

/// A header with the sequencer's signature: what it answers for with its bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedHeader {
    /// The header.
    pub header: BlockHeader,
    /// The fork that the block was made on: the reverts on L1 that its chain had followed.
    pub fork_id: u64,
    /// The [`spillway_protocol::tree::list_root`] of the hashes of its transactions.
    pub tx_root: B256,
    /// The signature of all that, and of the chain id.
    pub signature: Signature,
}

impl SignedHeader {
    /// Who signed it for that chain. None where L1 would recover nobody: also where `s` is in the upper half.
    #[must_use]
    pub fn signed_by(&self, chain_id: u64) -> Option<Address> {
        let digest = signing_digest(chain_id, self.fork_id, &self.header.hash(), &self.tx_root);
        let signer = recover_signer(&self.signature, digest).ok()?;
        Some(signer).filter(|signer| !signer.is_zero())
    }
}

/// Where the signatures of a chain's headers come from.
#[derive(Debug)]
pub(crate) enum HeaderSignatures {
    /// The sequencer's key.
    Made(HeaderSigner),
    /// What a replica was given, by the sequencer that it follows.
    Kept {
        /// The sequencer's address on L1.
        signer: Address,
        /// What it signed.
        file: Arc<SignatureFile>,
    },
}

impl HeaderSignatures {
    /// Whose they are.
    pub(crate) fn signer(&self) -> Address {
        match self {
            Self::Made(signer) => signer.address(),
            Self::Kept { signer, .. } => *signer,
        }
    }

    /// The signature of a block's header on a fork of a chain.
    pub(crate) fn of(
        &self,
        chain_id: u64,
        fork_id: u64,
        block: &Block,
    ) -> Result<Option<Signature>, SignatureFileError> {
        match self {
            Self::Made(signer) => Ok(signer.sign(chain_id, fork_id, block)),
            Self::Kept { file, .. } => file.read(block.header.number, fork_id, &block.hash),
        }
    }
}
