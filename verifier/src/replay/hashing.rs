//! Hashing on all cores, for the protocol, which has no threads of its own.

use alloy_primitives::B256;
use rayon::prelude::*;
use spillway_protocol::keccak::{self, BulkHasher};

/// Hashes that one task takes: some 25 us of work, a hundred times what handing it over costs.
const TASK_HASHES: usize = 512;

/// A [`BulkHasher`] on rayon's threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllCores;

impl BulkHasher for AllCores {
    fn hash_pairs(&mut self, pairs: &[[B256; 2]], out: &mut Vec<B256>) {
        spread(pairs, out, keccak::hash_pairs);
    }

    fn hash_short<const N: usize>(&mut self, messages: &[[u8; N]], out: &mut Vec<B256>) {
        spread(messages, out, keccak::hash_short);
    }
}

/// Hashes tasks side by side, in order of the messages.
fn spread<M: Sync>(messages: &[M], out: &mut Vec<B256>, hash: fn(&[M], &mut Vec<B256>)) {
    if messages.len() <= TASK_HASHES {
        return hash(messages, out);
    }
    let start = out.len();
    out.resize(start + messages.len(), B256::ZERO);
    out[start..]
        .par_chunks_mut(TASK_HASHES)
        .zip(messages.par_chunks(TASK_HASHES))
        .for_each_init(Vec::new, |hashes, (out, messages)| {
            hashes.clear();
            hash(messages, hashes);
            out.copy_from_slice(hashes);
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cores_hash_as_one_does() {
        for count in [0, 1, TASK_HASHES, TASK_HASHES + 1, 5 * TASK_HASHES + 7] {
            let pairs: Vec<_> = (0..count)
                .map(|n| [B256::left_padding_from(&n.to_be_bytes()), B256::ZERO])
                .collect();
            let (mut one, mut all) = (vec![B256::ZERO], vec![B256::ZERO]);
            keccak::hash_pairs(&pairs, &mut one);
            AllCores.hash_pairs(&pairs, &mut all);
            assert_eq!(all, one, "{count} pairs");
        }
    }
}
