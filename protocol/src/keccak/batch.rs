//! Many hashes of short messages at once.
//!
//! A short message fits one block of the sponge, at most [`SHORT_BYTES_MAX`] bytes, so that its
//! hash is one call of the permutation. The messages of a batch have one length; each takes a lane
//! of the widest vectors this machine has, chosen at run time. The result never depends on that
//! choice.

use alloc::vec::Vec;

use alloy_primitives::B256;

#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512};

/// The longest message, in bytes, that [`hash_short`] takes: one byte less than the rate of the
/// sponge, for the padding.
pub const SHORT_BYTES_MAX: usize = RATE - 1;

/// Bytes that a call of the permutation absorbs.
const RATE: usize = 136;
/// The same in 64-bit words.
const RATE_WORDS: usize = RATE / 8;
/// The 64-bit words of a digest.
const DIGEST_WORDS: usize = 4;

/// A padded block for each of L lanes, word by word: `block[word][lane]`.
pub(super) type Block<const L: usize> = [[u64; L]; RATE_WORDS];
/// The digests of L lanes, word by word: `digests[word][lane]`.
pub(super) type Digests<const L: usize> = [[u64; L]; DIGEST_WORDS];

/// A way to hash L blocks side by side.
pub(super) trait Lanes<const L: usize>: Copy {
    /// The digest of each lane's block, as the only block of its message.
    fn hash(self, block: &Block<L>) -> Digests<L>;
}

/// Appends the hash of each message to `out`, in order. N is at most [`SHORT_BYTES_MAX`], or it
/// does not compile.
pub fn hash_short<const N: usize>(messages: &[[u8; N]], out: &mut Vec<B256>) {
    const { assert!(N <= SHORT_BYTES_MAX, "the message does not fit one block") };
    hash_blocks(Backend::detect(), messages, out);
}

/// Appends `H(left || right)` of each pair to `out`, in order.
pub fn hash_pairs(pairs: &[[B256; 2]], out: &mut Vec<B256>) {
    hash_blocks(Backend::detect(), pairs, out);
}

/// The ways to hash a batch, from the narrowest to the widest.
#[derive(Clone, Copy, Debug)]
pub(super) enum Backend {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Backend {
    /// The widest that this machine has.
    #[cfg(target_arch = "x86_64")]
    fn detect() -> Self {
        Avx512::detect()
            .map(Self::Avx512)
            .or_else(|| Avx2::detect().map(Self::Avx2))
            .unwrap_or(Self::Scalar)
    }

    /// The widest that this machine has.
    #[cfg(not(target_arch = "x86_64"))]
    fn detect() -> Self {
        Self::Scalar
    }
}

/// Appends the hash of each message to `out`, by this backend.
pub(super) fn hash_blocks<M: OneBlock>(backend: Backend, messages: &[M], out: &mut Vec<B256>) {
    out.reserve(messages.len());
    match backend {
        Backend::Scalar => out.extend(messages.iter().map(M::digest)),
        #[cfg(target_arch = "x86_64")]
        Backend::Avx2(lanes) => hash_in_lanes(lanes, messages, out),
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512(lanes) => hash_in_lanes(lanes, messages, out),
    }
}

/// Fills the lanes again and again. Lanes without a message stay idle, but a message alone is
/// hashed by itself: a call of the vector permutation costs between one and two scalar ones.
fn hash_in_lanes<const L: usize, M: OneBlock>(
    lanes: impl Lanes<L>,
    messages: &[M],
    out: &mut Vec<B256>,
) {
    for batch in messages.chunks(L) {
        if let [message] = batch {
            out.push(message.digest());
            continue;
        }
        let digests = lanes.hash(&interleave(batch));
        for (lane, _) in batch.iter().enumerate() {
            out.push(deinterleave(&digests, lane));
        }
    }
}

/// Lays the padded blocks of at most L messages side by side.
#[inline]
fn interleave<const L: usize, M: OneBlock>(messages: &[M]) -> Block<L> {
    let mut block = [[0; L]; RATE_WORDS];
    for (lane, message) in messages.iter().enumerate() {
        for (row, word) in block.iter_mut().zip(message.padded()) {
            if let Some(slot) = row.get_mut(lane) {
                *slot = word;
            }
        }
    }
    block
}

/// The digest of one lane.
#[inline]
fn deinterleave<const L: usize>(digests: &Digests<L>, lane: usize) -> B256 {
    let mut digest = B256::ZERO;
    let (words, _) = digest.0.as_chunks_mut::<8>();
    for (bytes, row) in words.iter_mut().zip(digests) {
        if let Some(word) = row.get(lane) {
            *bytes = word.to_le_bytes();
        }
    }
    digest
}

/// A message that fits one block.
pub(super) trait OneBlock {
    /// The message with the padding of keccak256, as the little-endian words of a block.
    fn padded(&self) -> [u64; RATE_WORDS];
    /// The hash of this message alone.
    fn digest(&self) -> B256;
}

impl<const N: usize> OneBlock for [u8; N] {
    #[inline]
    fn padded(&self) -> [u64; RATE_WORDS] {
        // `hash_short` has checked that N leaves room for the padding.
        let (whole, rest) = self.as_chunks::<8>();
        let mut after = [0; 8];
        for (to, from) in after.iter_mut().zip(rest.iter().chain(&[PAD_FIRST])) {
            *to = *from;
        }
        let mut block = [0; RATE_WORDS];
        for (word, bytes) in block.iter_mut().zip(whole.iter().chain([&after])) {
            *word = u64::from_le_bytes(*bytes);
        }
        with_last_pad(block)
    }

    fn digest(&self) -> B256 {
        super::keccak256(self)
    }
}

impl OneBlock for [B256; 2] {
    #[inline]
    fn padded(&self) -> [u64; RATE_WORDS] {
        let [left, right] = self;
        let [a, b, c, d] = words(left);
        let [e, f, g, h] = words(right);
        #[rustfmt::skip]
        let block = [a, b, c, d, e, f, g, h, PAD_FIRST.into(), 0, 0, 0, 0, 0, 0, 0, 0];
        with_last_pad(block)
    }

    fn digest(&self) -> B256 {
        let [left, right] = self;
        super::keccak256_parts(&[left.as_slice(), right.as_slice()])
    }
}

/// The byte after the message. keccak256 keeps the padding of the original Keccak; SHA-3 has 0x06
/// here.
const PAD_FIRST: u8 = 0x01;

/// Sets the last bit of the block, which ends the padding.
#[inline]
fn with_last_pad(mut block: [u64; RATE_WORDS]) -> [u64; RATE_WORDS] {
    if let Some(last) = block.last_mut() {
        *last |= 0x80 << 56;
    }
    block
}

/// The little-endian words of a hash.
#[inline]
fn words(hash: &B256) -> [u64; DIGEST_WORDS] {
    let mut words = [0; DIGEST_WORDS];
    for (word, bytes) in words.iter_mut().zip(hash.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}
