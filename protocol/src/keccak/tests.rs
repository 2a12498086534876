//! Every way to hash a batch against sha3, one message at a time.

use alloc::vec::Vec;

use alloy_primitives::{B256, b256};
use proptest::prelude::*;
use sha3::{Digest, Keccak256};

use super::{
    batch::{Backend, OneBlock, SHORT_BYTES_MAX, hash_blocks},
    hash_pairs, hash_short, keccak256, keccak256_parts,
};

fn reference(message: &[u8]) -> B256 {
    B256::from_slice(&Keccak256::digest(message))
}

/// Every backend of this machine; the test report names them, so that a run without vectors shows.
fn backends() -> Vec<Backend> {
    let mut backends = vec![Backend::Scalar];
    #[cfg(target_arch = "x86_64")]
    {
        backends.extend(super::x86::Avx2::detect().map(Backend::Avx2));
        backends.extend(super::x86::Avx512::detect().map(Backend::Avx512));
    }
    println!("backends: {backends:?}");
    backends
}

fn check<M: OneBlock>(backends: &[Backend], messages: &[M], expected: &[B256]) {
    for backend in backends {
        // What is there already has to stay.
        let mut out = vec![B256::repeat_byte(7)];
        hash_blocks(*backend, messages, &mut out);
        assert_eq!(out[0], B256::repeat_byte(7), "{backend:?}");
        assert_eq!(
            &out[1..],
            expected,
            "{backend:?}, {} messages",
            messages.len()
        );
    }
}

#[test]
fn known_answers() {
    let table = [
        (
            "",
            b256!("0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        ),
        (
            "abc",
            b256!("0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        ),
        (
            "The quick brown fox jumps over the lazy dog",
            b256!("0x4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15"),
        ),
    ];
    for (message, expected) in table {
        assert_eq!(keccak256(message.as_bytes()), expected, "{message:?}");
        let (left, right) = message.as_bytes().split_at(message.len() / 2);
        assert_eq!(
            keccak256_parts(&[left, &[], right]),
            expected,
            "{message:?}"
        );
    }
    assert_eq!(keccak256_parts(&[]), keccak256(&[]));

    let mut out = Vec::new();
    hash_short(&[*b"abc"; 9], &mut out);
    assert_eq!(out, [table[1].1; 9]);

    // The root of the empty tree of two leaves.
    let mut out = Vec::new();
    hash_pairs(&[[B256::ZERO; 2]; 9], &mut out);
    let zeros = b256!("0xad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5");
    assert_eq!(out, [zeros; 9]);
}

/// Checks messages of N bytes, cut from one stream of bytes, in batches of 0 to 17: every remainder
/// of the lanes.
fn check_length<const N: usize>(backends: &[Backend], stream: &[u8]) {
    let messages: Vec<[u8; N]> = (0..17)
        .map(|i| stream[i * N..(i + 1) * N].try_into().unwrap())
        .collect();
    let expected: Vec<B256> = messages.iter().map(|message| reference(message)).collect();
    for count in 0..=messages.len() {
        check(backends, &messages[..count], &expected[..count]);
    }
}

/// Calls [`check_length`] with `$first` and the seven lengths after it.
macro_rules! check_lengths {
    ($backends:expr, $stream:expr, $($first:literal)*) => {$(
        check_length::<{ $first }>($backends, $stream);
        check_length::<{ $first + 1 }>($backends, $stream);
        check_length::<{ $first + 2 }>($backends, $stream);
        check_length::<{ $first + 3 }>($backends, $stream);
        check_length::<{ $first + 4 }>($backends, $stream);
        check_length::<{ $first + 5 }>($backends, $stream);
        check_length::<{ $first + 6 }>($backends, $stream);
        check_length::<{ $first + 7 }>($backends, $stream);
    )*};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn every_length_of_one_block(stream in prop::collection::vec(any::<u8>(), 17 * SHORT_BYTES_MAX)) {
        let backends = backends();
        check_lengths!(&backends, &stream, 0 8 16 24 32 40 48 56 64 72 80 88 96 104 112 120 128);
    }
}

proptest! {
    #[test]
    fn pairs(pairs in prop::collection::vec(any::<[[u8; 32]; 2]>(), 0..40)) {
        let expected: Vec<B256> = pairs.iter().map(|pair| reference(pair.as_flattened())).collect();
        let pairs: Vec<[B256; 2]> = pairs.into_iter().map(|pair| pair.map(B256::from)).collect();
        check(&backends(), &pairs, &expected);
    }

    #[test]
    fn parts(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..5)) {
        let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let joined = parts.concat();
        prop_assert_eq!(keccak256_parts(&slices), reference(&joined));
        prop_assert_eq!(keccak256(&joined), reference(&joined));
    }
}
