//! Keccak-f[1600] over eight states in AVX-512 registers, or four in AVX2 registers.
//!
//! # Why this file may use `unsafe`
//!
//! The trees spend nearly all their time in keccak256 of 64 bytes. Eight hashes at once cost little
//! more than one, a factor that no safe code reaches without raising the target CPU of the whole
//! build, which would make scalar keccak slower and the binary unusable on other machines. Two
//! things need `unsafe`:
//!
//! - Calling a `#[target_feature]` function from code without that feature. [`Avx512`] and [`Avx2`]
//!   are proofs: only `detect` makes one, after `cpuid` named the instructions and `xgetbv` said that
//!   the operating system saves the registers.
//! - Reading plain words as a vector and back. Both sides are plain integers of equal size, and
//!   `transmute` checks the size.
//!
//! Everything else, the permutation included, is safe code. The tests compare both with the scalar
//! hash.
#![allow(unsafe_code)]

use super::batch::{Block, Digests, Lanes};

cpufeatures::new!(avx512f, "avx512f");
cpufeatures::new!(avx2_only, "avx2");

/// Proof that this machine runs AVX-512F; eight lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512(());

impl Avx512 {
    /// Asks the processor and the operating system once; later calls read the answer from memory.
    pub(super) fn detect() -> Option<Self> {
        avx512f::get().then_some(Self(()))
    }
}

impl Lanes<8> for Avx512 {
    fn hash(self, block: &Block<8>) -> Digests<8> {
        // SAFETY: `self` exists only where AVX-512F was detected.
        unsafe { eight::hash(block) }
    }
}

/// Proof that this machine runs AVX2; four lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

impl Avx2 {
    /// Asks the processor and the operating system once; later calls read the answer from memory.
    pub(super) fn detect() -> Option<Self> {
        avx2_only::get().then_some(Self(()))
    }
}

impl Lanes<4> for Avx2 {
    fn hash(self, block: &Block<4>) -> Digests<4> {
        // SAFETY: `self` exists only where AVX2 was detected.
        unsafe { four::hash(block) }
    }
}

mod eight {
    use core::{arch::x86_64::*, mem::transmute};

    use super::{Block, Digests};
    use crate::keccak::permutation::keccak_f1600;

    /// Hashes the one-block message in each of the eight lanes.
    #[target_feature(enable = "avx512f")]
    pub(super) fn hash(block: &Block<8>) -> Digests<8> {
        let mut state = [_mm512_setzero_si512(); 25];
        for (vector, words) in state.iter_mut().zip(block) {
            // SAFETY: any eight words are a valid vector.
            *vector = unsafe { transmute::<[u64; 8], __m512i>(*words) };
        }
        permute(&mut state);
        let [first, second, third, fourth, ..] = state;
        // SAFETY: any vector is eight valid words.
        [first, second, third, fourth]
            .map(|vector| unsafe { transmute::<__m512i, [u64; 8]>(vector) })
    }

    keccak_f1600! {
        #[target_feature(enable = "avx512f")]
        fn permute(__m512i)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        // The truth table of a ^ b ^ c.
        _mm512_ternarylogic_epi64::<0x96>(a, b, c)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn chi(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        // The truth table of a ^ (!b & c).
        _mm512_ternarylogic_epi64::<0xd2>(a, b, c)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn rotate<const N: i32>(a: __m512i) -> __m512i {
        _mm512_rol_epi64::<N>(a)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn xor_constant(a: __m512i, word: u64) -> __m512i {
        _mm512_xor_si512(a, _mm512_set1_epi64(word.cast_signed()))
    }
}

mod four {
    use core::{arch::x86_64::*, mem::transmute};

    use super::{Block, Digests};
    use crate::keccak::permutation::keccak_f1600;

    /// Hashes the one-block message in each of the four lanes.
    #[target_feature(enable = "avx2")]
    pub(super) fn hash(block: &Block<4>) -> Digests<4> {
        let mut state = [_mm256_setzero_si256(); 25];
        for (vector, words) in state.iter_mut().zip(block) {
            // SAFETY: any four words are a valid vector.
            *vector = unsafe { transmute::<[u64; 4], __m256i>(*words) };
        }
        permute(&mut state);
        let [first, second, third, fourth, ..] = state;
        // SAFETY: any vector is four valid words.
        [first, second, third, fourth]
            .map(|vector| unsafe { transmute::<__m256i, [u64; 4]>(vector) })
    }

    keccak_f1600! {
        #[target_feature(enable = "avx2")]
        fn permute(__m256i)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        // In this order the compiler finds that theta uses each `b ^ c` five times.
        _mm256_xor_si256(a, _mm256_xor_si256(b, c))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn chi(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        _mm256_xor_si256(a, _mm256_andnot_si256(b, c))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn rotate<const N: i32>(a: __m256i) -> __m256i {
        // AVX2 has no rotation; the counts go through a register because 64 - N is no constant
        // expression here.
        _mm256_or_si256(
            _mm256_slli_epi64::<N>(a),
            _mm256_srl_epi64(a, _mm_cvtsi32_si128(64_i32.wrapping_sub(N))),
        )
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn xor_constant(a: __m256i, word: u64) -> __m256i {
        _mm256_xor_si256(a, _mm256_set1_epi64x(word.cast_signed()))
    }
}
