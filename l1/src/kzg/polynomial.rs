//! The polynomial whose values a blob lists, and its division.
//!
//! Element i of a blob is the value at `w^r`, where w has order 4096 and r is i with its 12 bits in reverse order. So the
//! elements of chunk c are the values on the coset `a H`, where a is the point of its first element and H has order 16.

use alloy_eips::eip4844::{BYTES_PER_BLOB, Blob};
use ark_bls12_381::Fr;
use ark_ff::{BigInteger, Field, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use spillway_protocol::limits::{BLOB_BYTES, CHUNK_FIELD_ELEMENTS, FIELD_ELEMENT_BYTES};

/// Field elements of a blob.
pub(super) const ELEMENTS: usize = BLOB_BYTES / FIELD_ELEMENT_BYTES;

const _: () = assert!(BLOB_BYTES == BYTES_PER_BLOB && ELEMENTS.is_power_of_two());

/// The point at which a blob's polynomial has the value of `element`, which is below 4096, as 32 bytes.
pub(super) fn point(element: usize) -> [u8; FIELD_ELEMENT_BYTES] {
    to_bytes(domain().element(reversed(element)))
}

/// The quotient of a blob's polynomial by `X^16 - a^16`, which vanishes at the points of `chunk`, as a blob. The remainder
/// interpolates the chunk's elements, so that the quotient is the same for the polynomial less that. The blob's elements are below
/// the field's order, and the chunk is below 256.
pub(super) fn quotient(blob: &Blob, chunk: usize) -> Blob {
    let mut coefficients = interpolate(blob);
    let shift = domain()
        .element(reversed(chunk * CHUNK_FIELD_ELEMENTS))
        .pow([CHUNK_FIELD_ELEMENTS as u64]);
    // From the top, each coefficient of the quotient is what is left at its place when those above it are taken care of.
    for low in (0..ELEMENTS - CHUNK_FIELD_ELEMENTS).rev() {
        let carried = shift * coefficients[low + CHUNK_FIELD_ELEMENTS];
        coefficients[low] += carried;
    }
    coefficients.drain(..CHUNK_FIELD_ELEMENTS);
    evaluate(coefficients)
}

/// The coefficients of a blob's polynomial, from the lowest one.
fn interpolate(blob: &Blob) -> Vec<Fr> {
    let (elements, _) = blob.as_chunks::<FIELD_ELEMENT_BYTES>();
    let value = |place| Fr::from_be_bytes_mod_order(&elements[reversed(place)]);
    let mut values: Vec<_> = (0..ELEMENTS).map(value).collect();
    domain().ifft_in_place(&mut values);
    values
}

/// The blob of the polynomial with these coefficients, at most 4096, from the lowest one.
fn evaluate(mut coefficients: Vec<Fr>) -> Blob {
    domain().fft_in_place(&mut coefficients);
    let mut blob = Blob::ZERO;
    let (elements, _) = blob.as_chunks_mut::<FIELD_ELEMENT_BYTES>();
    for (place, value) in coefficients.into_iter().enumerate() {
        elements[reversed(place)] = to_bytes(value);
    }
    blob
}

fn domain() -> Radix2EvaluationDomain<Fr> {
    EvaluationDomain::new(ELEMENTS).expect("the field has roots of unity of order 2^32")
}

/// The 12 bits of a place in reverse order.
fn reversed(place: usize) -> usize {
    place.reverse_bits() >> (usize::BITS - ELEMENTS.ilog2())
}

fn to_bytes(value: Fr) -> [u8; FIELD_ELEMENT_BYTES] {
    let bytes = value.into_bigint().to_bytes_be();
    bytes.try_into().expect("four words of 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_poly::Polynomial;
    use ark_poly::univariate::DensePolynomial;
    use proptest::prelude::*;

    /// A blob of any elements below 2^254, which is below the field's order.
    fn blob(seed: u64) -> Blob {
        use rand::{Rng, SeedableRng};
        let mut blob = Blob::ZERO;
        rand::rngs::StdRng::seed_from_u64(seed).fill(&mut blob[..]);
        for element in blob.as_chunks_mut::<FIELD_ELEMENT_BYTES>().0 {
            element[0] &= 0x3f;
        }
        blob
    }

    fn polynomial(blob: &Blob) -> DensePolynomial<Fr> {
        DensePolynomial {
            coeffs: interpolate(blob),
        }
    }

    #[test]
    fn elements_are_the_values_at_their_points() {
        let blob = blob(1);
        let polynomial = polynomial(&blob);
        for element in [0, 1, 2, 16, 17, 2048, 4095] {
            let at = Fr::from_be_bytes_mod_order(&point(element));
            let value = to_bytes(polynomial.evaluate(&at));
            assert_eq!(value, blob.as_chunks().0[element]);
        }
    }

    #[test]
    fn evaluation_undoes_interpolation() {
        let blob = blob(2);
        assert_eq!(evaluate(interpolate(&blob)), blob);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// f - q (X^16 - a^16) has degree below 16 and the chunk's values: it agrees at 16 points with a remainder that has as many coefficients.
        #[test]
        fn the_remainder_is_the_chunk(seed: u64, chunk in 0usize..256) {
            let blob = blob(seed);
            let (f, q) = (polynomial(&blob), polynomial(&quotient(&blob, chunk)));
            prop_assert!(q.coeffs[ELEMENTS - CHUNK_FIELD_ELEMENTS..].iter().all(|c| *c == Fr::from(0)));
            let points: Vec<_> = (0..CHUNK_FIELD_ELEMENTS)
                .map(|i| Fr::from_be_bytes_mod_order(&point(chunk * CHUNK_FIELD_ELEMENTS + i)))
                .collect();
            let shift = points[0].pow([16]);
            for at in &points {
                prop_assert_eq!(at.pow([16]), shift);
            }
            let at = Fr::from(seed) + Fr::from(5);
            let remainder = f.evaluate(&at) - q.evaluate(&at) * (at.pow([16]) - shift);
            let values = blob.as_chunks::<FIELD_ELEMENT_BYTES>().0[chunk * CHUNK_FIELD_ELEMENTS..].iter();
            prop_assert_eq!(remainder, lagrange(&points, values, at));
        }
    }

    /// By the textbook's formula.
    fn lagrange<'a>(
        points: &[Fr],
        values: impl Iterator<Item = &'a [u8; FIELD_ELEMENT_BYTES]>,
        at: Fr,
    ) -> Fr {
        let term = |(here, value): (&Fr, &[u8; FIELD_ELEMENT_BYTES])| {
            let others = || points.iter().filter(|other| *other != here);
            let above: Fr = others().map(|other| at - other).product();
            let below: Fr = others().map(|other| *here - other).product();
            Fr::from_be_bytes_mod_order(value) * above / below
        };
        points.iter().zip(values).map(term).sum()
    }
}
