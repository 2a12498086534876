//! What is opened.

use alloy_eips::eip4844::Blob;
use alloy_primitives::{B256, Bytes};
use spillway_l1::kzg::CommittedBlob;

use crate::blobs::{disordered, malformed, uniform};
use crate::pairing::holds;
use crate::schema::{ChunkCase, ElementCase, RootCase};
use crate::setup::Setup;

/// All cases of the file.
#[derive(Default)]
pub(crate) struct Cases {
    pub(crate) chunks: Vec<ChunkCase>,
    pub(crate) elements: Vec<ElementCase>,
    pub(crate) roots: Vec<RootCase>,
}

/// A batch whose blobs are committed to.
struct Batch<'a> {
    name: &'static str,
    chunk_count: u16,
    blobs: Vec<CommittedBlob<'a>>,
}

/// Opens what is in the file, and checks the openings.
pub(crate) fn all(setup: &Setup) -> Cases {
    let (full, last, other) = (disordered(1, 256), disordered(2, 3), disordered(3, 256));
    let (zero, ones, wrong) = (Blob::ZERO, uniform(0xff), malformed(4));
    let mut cases = Cases::default();

    let batch = Batch::new("full", 256, &[&full]);
    cases.chunks(setup, &batch, &[0, 1, 128, 255]);
    cases.roots(&batch, &[0, 255]);
    cases.elements(&batch, &[0, 15]);

    let batch = Batch::new("the last chunk is partial", 259, &[&full, &last]);
    cases.chunks(setup, &batch, &[255, 256, 258]);
    cases.roots(&batch, &[255, 258]);

    let batch = Batch::new(
        "six blobs",
        1536,
        &[&zero, &full, &ones, &last, &zero, &other],
    );
    cases.chunks(setup, &batch, &[0, 700, 1535]);
    cases.roots(&batch, &[1535]);

    let batch = Batch::new("zero", 256, &[&zero]);
    cases.chunks(setup, &batch, &[0, 255]);
    cases.roots(&batch, &[7]);

    let batch = Batch::new("uniform", 256, &[&ones]);
    cases.chunks(setup, &batch, &[0, 17]);
    cases.roots(&batch, &[17]);

    // Chunk 3 is zero, the blob is not.
    let batch = Batch::new("a chunk of zeros", 256, &[&last]);
    cases.chunks(setup, &batch, &[3]);

    let batch = Batch::new("malformed", 512, &[&full, &wrong]);
    cases.chunks(setup, &batch, &[257, 259]);
    cases.elements(&batch, &[4096 + 36, 4096 + 37, 4096 + 4095]);
    cases
}

impl<'a> Batch<'a> {
    fn new(name: &'static str, chunk_count: u16, blobs: &[&'a Blob]) -> Self {
        let commit = |blob: &&'a Blob| CommittedBlob::new(blob).expect("elements of the field");
        let blobs = blobs.iter().map(commit).collect();
        Self {
            name,
            chunk_count,
            blobs,
        }
    }

    fn versioned_hashes(&self) -> Vec<B256> {
        self.blobs
            .iter()
            .map(CommittedBlob::versioned_hash)
            .collect()
    }

    fn name(&self, what: &str, number: impl std::fmt::Display) -> String {
        format!("{}: {what} {number}", self.name)
    }
}

impl Cases {
    fn chunks(&mut self, setup: &Setup, batch: &Batch<'_>, numbers: &[u16]) {
        for number in numbers {
            let (blob, within) = (usize::from(number / 256), usize::from(number % 256));
            let opened = batch.blobs[blob].open_chunk(within).expect("a chunk");
            let name = batch.name("chunk", number);
            assert!(holds(setup, within, &opened), "{name}");
            self.chunks.push(ChunkCase {
                chunk: opened.chunk.to_vec().into(),
                chunk_count: batch.chunk_count,
                commitment: opened.commitment.into(),
                name,
                number: *number,
                proof: opened.proof.into(),
                versioned_hashes: batch.versioned_hashes(),
            });
        }
    }

    fn roots(&mut self, batch: &Batch<'_>, numbers: &[u16]) {
        for number in numbers {
            let (blob, within) = (usize::from(number / 256), usize::from(number % 256));
            let opened = batch.blobs[blob].open_root(within).expect("a chunk");
            self.roots.push(RootCase {
                chunk_count: batch.chunk_count,
                commitment: opened.commitment.into(),
                name: batch.name("root", number),
                number: *number,
                proofs: opened.proofs.concat().into(),
                root: B256::from_slice(&opened.start[..32]),
                start: Bytes::copy_from_slice(&opened.start),
                versioned_hashes: batch.versioned_hashes(),
            });
        }
    }

    fn elements(&mut self, batch: &Batch<'_>, numbers: &[u32]) {
        for number in numbers {
            let (blob, within) = ((number / 4096) as usize, (number % 4096) as usize);
            let opened = batch.blobs[blob].open_element(within).expect("an element");
            self.elements.push(ElementCase {
                chunk_count: batch.chunk_count,
                commitment: opened.commitment.into(),
                malformed: opened.value[0] != 0,
                name: batch.name("element", number),
                number: *number,
                proof: opened.proof.into(),
                value: opened.value,
                versioned_hashes: batch.versioned_hashes(),
            });
        }
    }
}
