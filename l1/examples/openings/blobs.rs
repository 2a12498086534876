//! Contents of blobs, the same in every run.

use alloy_eips::eip4844::Blob;
use alloy_primitives::keccak256;
use spillway_protocol::blob::pack;
use spillway_protocol::chunk::Chunk;
use spillway_protocol::limits::BLOB_CHUNKS;

/// The order of the field, less one: the largest element.
const LARGEST: [u8; 32] =
    alloy_primitives::hex!("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000");

/// Chunks without any order in them, then zeros. In the last chunk only the first 100 bytes are not zero, as in the last one of most batches.
pub(crate) fn disordered(seed: u64, chunks: usize) -> Blob {
    let mut contents: Vec<Chunk> = (0..chunks).map(|number| chunk(seed, number)).collect();
    if chunks < BLOB_CHUNKS {
        contents[chunks - 1][100..].fill(0);
    }
    packed(&contents)
}

/// Full of one byte.
pub(crate) fn uniform(byte: u8) -> Blob {
    packed(&[[byte; 496]; BLOB_CHUNKS])
}

/// Without any order, and with two malformed elements: number 37, with a top byte of 1, and the last, the largest that there is.
pub(crate) fn malformed(seed: u64) -> Blob {
    let mut blob = disordered(seed, BLOB_CHUNKS);
    blob[37 * 32] = 1;
    blob[4095 * 32..].copy_from_slice(&LARGEST);
    blob
}

fn packed(chunks: &[Chunk]) -> Blob {
    let blobs = pack(chunks);
    Blob::from(**blobs.first().expect("there is a chunk"))
}

fn chunk(seed: u64, number: usize) -> Chunk {
    let word = |place: u64| {
        keccak256(
            [
                seed.to_be_bytes(),
                (number as u64).to_be_bytes(),
                place.to_be_bytes(),
            ]
            .concat(),
        )
        .0
    };
    let bytes: Vec<u8> = (0..16).flat_map(word).collect();
    core::array::from_fn(|at| bytes[at])
}
