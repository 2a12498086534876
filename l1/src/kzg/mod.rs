//! The trusted set-up of EIP-4844. Loading it takes seconds, so it happens on first use, and never on a thread that
//! serves others: call what needs it from `spawn_blocking`.
//!
//! [`sidecar`] is for whoever posts blobs, [`CommittedBlob`] for whoever proves to L1 what was in one.

mod opening;
mod polynomial;

use std::thread;

use alloy_eips::eip4844::{AsCkzg, Blob, Bytes48};
use c_kzg::KzgSettings;

use crate::transactions::Sidecar;

pub use opening::{ChunkOpening, CommittedBlob, ElementOpening, OpeningError, Point, RootOpening};

/// Window size of the tables for cell proofs: 6 costs 27 MiB and half of the loading time of the default 8, for
/// proofs that take some per cent longer.
const PRECOMPUTE: u64 = 6;

/// The set-up, loaded by the first caller.
pub fn settings() -> &'static KzgSettings {
    c_kzg::ethereum_kzg_settings(PRECOMPUTE)
}

/// What goes with blobs in a transaction (EIP-7594): a commitment and 128 cell proofs for each, computed on a thread a
/// blob. Takes some 0.35 s of CPU a blob, and seconds the first time: call it from `spawn_blocking`.
///
/// # Errors
/// When a field element of a blob is not in the field.
pub fn sidecar(blobs: Vec<Blob>) -> Result<Sidecar, c_kzg::Error> {
    let settings = settings();
    let proven = thread::scope(|scope| {
        let prove = |blob| scope.spawn(move || prove(settings, blob));
        let threads: Vec<_> = blobs.iter().map(prove).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| match thread.join() {
            Ok(proven) => proven,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().map(join).collect::<Result<Vec<_>, _>>()
    })?;
    let (commitments, proofs): (Vec<_>, Vec<_>) = proven.into_iter().unzip();
    Ok(Sidecar::new(blobs, commitments, proofs.concat()))
}

fn prove(settings: &KzgSettings, blob: &Blob) -> Result<(Bytes48, Vec<Bytes48>), c_kzg::Error> {
    let commitment = settings.blob_to_kzg_commitment(blob.as_ckzg())?;
    let (_, proofs) = settings.compute_cells_and_kzg_proofs(blob.as_ckzg())?;
    let proofs = proofs
        .iter()
        .map(|proof| Bytes48::from(proof.to_bytes().into_inner()));
    Ok((
        Bytes48::from(commitment.to_bytes().into_inner()),
        proofs.collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sidecar_is_what_a_node_accepts() {
        let mut other = Blob::ZERO;
        other[31] = 7;
        let blobs = vec![Blob::ZERO, other];
        let expected = Sidecar::try_from_blobs_with_settings(blobs.clone(), settings());
        assert_eq!(sidecar(blobs).unwrap(), expected.unwrap());
        sidecar(vec![Blob::repeat_byte(0xff)]).unwrap_err();
    }
}
