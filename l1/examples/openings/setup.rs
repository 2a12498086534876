//! The powers of tau that the contracts keep.
//!
//! Those in G1 are commitments to the polynomials `X^i`. The one in G2 is written out here, because no library gives it; a pairing holds it
//! against the commitment to `X^16`, so that there is nothing to trust.

use alloy_eips::eip4844::{AsCkzg, Blob};
use alloy_primitives::Bytes;
use ark_bls12_381::{Bls12_381, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::pairing::Pairing;
use ark_ff::{BigInteger, Field, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use ark_serialize::CanonicalDeserialize;
use spillway_l1::kzg;

use crate::pairing::g1_bytes;
use crate::schema::SetupCase;

/// Elements of a chunk.
pub(crate) const ELEMENTS: usize = 16;

/// `g2_monomial[16]` of the ceremony's output, compressed.
const POWER_16: [u8; 96] = alloy_primitives::hex!(
    "9292db67f8771cdc86854a3f614a73805bf3012b48f1541e704ea4015d2b6b9c9aaed36419769c87c49f9e3165f03edb"
    "159c23b3a49c4390951f78e1d9b0ad997129b17cdb57ea1a6638794c0cca7d239f229e589c5ae4f9fe6979f7f8cba1d7"
);

/// tau^0 to tau^15 in G1, and tau^16 in G2.
pub(crate) struct Setup {
    pub(crate) powers: Vec<G1Affine>,
    pub(crate) power_16: G2Affine,
}

impl Setup {
    /// The set-up that c-kzg uses.
    pub(crate) fn checked() -> Self {
        // With the check that it is in the group.
        let power_16 = G2Affine::deserialize_compressed(&POWER_16[..]).expect("a point of G2");
        let mut powers: Vec<_> = (0..=ELEMENTS).map(power).collect();
        let generator = G2Affine::generator();
        assert_eq!(
            Bls12_381::pairing(powers[ELEMENTS], generator),
            Bls12_381::pairing(G1Affine::generator(), power_16),
            "tau^16 in G2 is not that of c-kzg's tau"
        );
        powers.truncate(ELEMENTS);
        Self { powers, power_16 }
    }

    /// As `TrustedSetup.sol` has it.
    pub(crate) fn schema(&self) -> SetupCase {
        let record = |power| [g1_bytes(power).to_vec(), vec![0; 32]].concat();
        let powers: Vec<u8> = self.powers.iter().flat_map(record).collect();
        SetupCase {
            negated_generator: g2_bytes(&-G2Affine::generator()),
            power_16: g2_bytes(&self.power_16),
            powers: powers.into(),
        }
    }
}

/// `tau^exponent` in G1.
fn power(exponent: usize) -> G1Affine {
    let domain = Radix2EvaluationDomain::<Fr>::new(4096).expect("a power of two");
    let mut blob = Blob::ZERO;
    for (place, point) in domain.elements().enumerate() {
        let reversed = place.reverse_bits() >> (usize::BITS - 12);
        let value = point.pow([exponent as u64]).into_bigint().to_bytes_be();
        blob[reversed * 32..][..32].copy_from_slice(&value);
    }
    let commitment = kzg::settings()
        .blob_to_kzg_commitment(blob.as_ckzg())
        .expect("elements of the field");
    G1Affine::deserialize_compressed(&commitment.to_bytes()[..]).expect("a point of G1")
}

fn g2_bytes(point: &G2Affine) -> Bytes {
    let coordinates = [point.x.c0, point.x.c1, point.y.c0, point.y.c1];
    let padded = |coordinate: ark_bls12_381::Fq| {
        [vec![0; 16], coordinate.into_bigint().to_bytes_be()].concat()
    };
    coordinates
        .into_iter()
        .flat_map(padded)
        .collect::<Vec<_>>()
        .into()
}
