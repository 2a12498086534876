//! What the contract checks, written apart from it and from the prover.

use ark_bls12_381::{Bls12_381, Fq, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use spillway_l1::kzg::{ChunkOpening, Point};

use crate::setup::{ELEMENTS, Setup};

/// Whether the opening of chunk `number` of a blob holds.
pub(crate) fn holds(setup: &Setup, number: usize, opening: &ChunkOpening) -> bool {
    let (commitment, proof) = (g1(&opening.commitment), g1(&opening.proof));
    let domain = Radix2EvaluationDomain::<Fr>::new(4096).expect("a power of two");
    let first = domain.element((number as u8).reverse_bits().into());
    let coset = Radix2EvaluationDomain::<Fr>::new_coset(ELEMENTS, first).expect("a power of two");
    let mut values = vec![Fr::from(0); ELEMENTS];
    for (at, payload) in opening.chunk.chunks(31).enumerate() {
        values[at.reverse_bits() >> (usize::BITS - 4)] = Fr::from_be_bytes_mod_order(payload);
    }
    coset.ifft_in_place(&mut values);
    let interpolation: G1Projective = setup
        .powers
        .iter()
        .zip(&values)
        .map(|(power, by)| *power * by)
        .sum();
    let shift = first.pow([ELEMENTS as u64]);
    let dividend = commitment.into_group() - interpolation + proof * shift;
    Bls12_381::pairing(dividend.into_affine(), G2Affine::generator())
        == Bls12_381::pairing(proof, setup.power_16)
}

/// Two coordinates of 64 bytes; zero for infinity.
pub(crate) fn g1_bytes(point: &G1Affine) -> Point {
    let mut bytes = Point::ZERO;
    if let Some((x, y)) = point.xy() {
        bytes[16..64].copy_from_slice(&x.into_bigint().to_bytes_be());
        bytes[80..].copy_from_slice(&y.into_bigint().to_bytes_be());
    }
    bytes
}

fn g1(bytes: &Point) -> G1Affine {
    if *bytes == Point::ZERO {
        return G1Affine::zero();
    }
    let point = G1Affine::new(
        Fq::from_be_bytes_mod_order(&bytes[..64]),
        Fq::from_be_bytes_mod_order(&bytes[64..]),
    );
    // `new` has checked that the point is on the curve and in the group; this, that its coordinates are below the order.
    assert_eq!(g1_bytes(&point), *bytes);
    point
}
