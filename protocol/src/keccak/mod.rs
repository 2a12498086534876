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

use alloy_primitives::B256;
use sha3::{Digest, Keccak256};

pub use batch::{SHORT_BYTES_MAX, hash_pairs, hash_short};

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
