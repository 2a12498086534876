//! Chunks in blobs (EIP-4844): 16 field elements a chunk, 256 chunks a blob.
//!
//! Field elements `16 c` to `16 c + 15` of a blob, counted in the order of its bytes, carry chunk `c`,
//! 31 bytes each behind a top byte of zero. The blob's evaluation points are bit-reversed, so that the
//! elements of a chunk are evaluations over one coset and can be opened together.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::chunk::Chunk;
use crate::limits::{
    BLOB_BYTES, BLOB_CHUNKS, CHUNK_BYTES, CHUNK_FIELD_ELEMENTS, FIELD_ELEMENT_BYTES,
};

/// A blob's bytes.
pub type Blob = [u8; BLOB_BYTES];

const CHUNK_ELEMENT_BYTES: usize = CHUNK_FIELD_ELEMENTS * FIELD_ELEMENT_BYTES;

/// A field element whose top byte is not zero, which proves its batch wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field element {0} of the blob does not begin with a zero byte")]
pub struct MalformedElement(pub usize);

/// Packs chunks into as few blobs as they need; the rest of the last one is zero.
#[must_use]
pub fn pack(chunks: &[Chunk]) -> Vec<Box<Blob>> {
    chunks.chunks(BLOB_CHUNKS).map(pack_one).collect()
}

fn pack_one(chunks: &[Chunk]) -> Box<Blob> {
    let mut blob = zeroed_blob();
    let (elements, _) = blob.as_chunks_mut::<FIELD_ELEMENT_BYTES>();
    let payloads = chunks
        .iter()
        .flat_map(|chunk| chunk.as_chunks::<PAYLOAD>().0);
    for (element, payload) in elements.iter_mut().zip(payloads) {
        let [_, to @ ..] = element;
        *to = *payload;
    }
    blob
}

const PAYLOAD: usize = FIELD_ELEMENT_BYTES - 1;

/// A blob made on the heap: it is too large for the stack of a small thread.
fn zeroed_blob() -> Box<Blob> {
    let bytes = alloc::vec![0; BLOB_BYTES].into_boxed_slice();
    // The length is right by construction; there is no other way from a slice to an array on the heap.
    bytes
        .try_into()
        .unwrap_or_else(|_| Box::new([0; BLOB_BYTES]))
}

/// Unpacks the first `count` chunks of a blob, at most 256.
///
/// # Errors
/// The first malformed field element among them.
pub fn unpack(blob: &Blob, count: usize) -> Result<Vec<Chunk>, MalformedElement> {
    let (regions, _) = blob.as_chunks::<CHUNK_ELEMENT_BYTES>();
    let regions = regions.iter().take(count).enumerate();
    regions
        .map(|(number, region)| unpack_chunk(number, region))
        .collect()
}

fn unpack_chunk(
    number: usize,
    region: &[u8; CHUNK_ELEMENT_BYTES],
) -> Result<Chunk, MalformedElement> {
    let mut chunk = [0; CHUNK_BYTES];
    let (payloads, _) = chunk.as_chunks_mut::<PAYLOAD>();
    let (elements, _) = region.as_chunks::<FIELD_ELEMENT_BYTES>();
    for (at, (payload, element)) in payloads.iter_mut().zip(elements).enumerate() {
        let [top, from @ ..] = element;
        if *top != 0 {
            let first = number.saturating_mul(CHUNK_FIELD_ELEMENTS);
            return Err(MalformedElement(first.saturating_add(at)));
        }
        *payload = *from;
    }
    Ok(chunk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chunk(seed: u8) -> Chunk {
        core::array::from_fn(|at| seed.wrapping_mul(31).wrapping_add(at as u8))
    }

    proptest! {
        #[test]
        fn chunks_round_trip(count in 0usize..=600) {
            let chunks: Vec<_> = (0..count).map(|n| chunk(n as u8)).collect();
            let blobs = pack(&chunks);
            prop_assert_eq!(blobs.len(), count.div_ceil(BLOB_CHUNKS));
            let mut unpacked = Vec::new();
            for (number, blob) in blobs.iter().enumerate() {
                let here = (count - number * BLOB_CHUNKS).min(BLOB_CHUNKS);
                unpacked.extend(unpack(blob, here).unwrap());
            }
            prop_assert_eq!(unpacked, chunks);
        }

        #[test]
        fn a_malformed_element_is_named(element in 0usize..4096, top in 1u8..) {
            let mut blob = pack(&[chunk(1)]).remove(0);
            blob[element * FIELD_ELEMENT_BYTES] = top;
            prop_assert_eq!(unpack(&blob, BLOB_CHUNKS), Err(MalformedElement(element)));
            let chunks_before = element / CHUNK_FIELD_ELEMENTS;
            prop_assert!(unpack(&blob, chunks_before).is_ok());
        }
    }
}
