//! keccak256, the hash `H` of the whole protocol: one message at a time, or many short ones at
//! once.

#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "the lanes are filled for x86 vectors only")
)]
mod batch;
#[cfg(target_arch = "x86_64")]
mod permutation;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use alloc::vec::Vec;

use alloy_primitives::B256;
use sha3::{Digest, Keccak256};

pub use batch::{SHORT_BYTES_MAX, hash_pairs, hash_short};

/// Hashes many short messages in one call: on one thread, or on as many as the caller has. The core has none.
pub trait BulkHasher {
    /// Appends `H(left || right)` of each pair to `out`, in order.
    fn hash_pairs(&mut self, pairs: &[[B256; 2]], out: &mut Vec<B256>);

    /// Appends the hash of each message to `out`, in order. N is at most [`SHORT_BYTES_MAX`].
    fn hash_short<const N: usize>(&mut self, messages: &[[u8; N]], out: &mut Vec<B256>);
}

/// The hasher that stays on the caller's thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct OneThread;

impl BulkHasher for OneThread {
    fn hash_pairs(&mut self, pairs: &[[B256; 2]], out: &mut Vec<B256>) {
        hash_pairs(pairs, out);
    }

    fn hash_short<const N: usize>(&mut self, messages: &[[u8; N]], out: &mut Vec<B256>) {
        hash_short(messages, out);
    }
}

/// keccak256 of `bytes`.
pub fn keccak256(bytes: &[u8]) -> B256 {
    B256::from(<[u8; 32]>::from(Keccak256::digest(bytes)))
}

/// keccak256 of the parts joined, without joining them in memory.
pub fn keccak256_parts(parts: &[&[u8]]) -> B256 {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    B256::from(<[u8; 32]>::from(hasher.finalize()))
}
