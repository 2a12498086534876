//! The permutation Keccak-f[1600] of FIPS 202, written once for vectors of any width.
//!
//! It is a macro and not a generic function because the vector operations carry
//! `#[target_feature]`: the compiler inlines them, and lets safe code call them, only inside a
//! function that carries the same attribute. Each file that expands the macro provides the four
//! operations on its own vector:
//!
//! - `xor3(a, b, c)`: `a ^ b ^ c`;
//! - `rotate::<N>(a)`: each 64-bit word rotated left by N bits;
//! - `chi(a, b, c)`: `a ^ (!b & c)`;
//! - `xor_constant(a, word)`: each 64-bit word of `a` xor `word`.

/// What the step iota mixes into word (0, 0), a constant a round.
#[rustfmt::skip]
pub(super) const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000,
    0x0000_0000_0000_808b, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
    0x0000_0000_0000_008a, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
    0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
    0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
    0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
];

/// Defines the function `$name`, which applies the permutation to 25 vectors; word (x, y) of the
/// standard is vector `x + 5 * y`, and each lane of the vectors is a state of its own.
///
/// In the body, `aXY` is word (x, y); `cX` is the parity of column x, `rX` the same rotated by one;
/// `bX` is a word after theta, rho and pi. A row is finished before the next is begun, so that few
/// vectors are alive.
macro_rules! keccak_f1600 {
    ($(#[$attribute:meta])* fn $name:ident($vector:ty)) => {
        $(#[$attribute])*
        #[rustfmt::skip]
        fn $name(state: &mut [$vector; 25]) {
            let [
                mut a00, mut a10, mut a20, mut a30, mut a40,
                mut a01, mut a11, mut a21, mut a31, mut a41,
                mut a02, mut a12, mut a22, mut a32, mut a42,
                mut a03, mut a13, mut a23, mut a33, mut a43,
                mut a04, mut a14, mut a24, mut a34, mut a44,
            ] = *state;
            for constant in $crate::keccak::permutation::ROUND_CONSTANTS {
                let c0 = xor3(xor3(a00, a01, a02), a03, a04);
                let c1 = xor3(xor3(a10, a11, a12), a13, a14);
                let c2 = xor3(xor3(a20, a21, a22), a23, a24);
                let c3 = xor3(xor3(a30, a31, a32), a33, a34);
                let c4 = xor3(xor3(a40, a41, a42), a43, a44);
                let r0 = rotate::<1>(c0);
                let r1 = rotate::<1>(c1);
                let r2 = rotate::<1>(c2);
                let r3 = rotate::<1>(c3);
                let r4 = rotate::<1>(c4);

                let b0 = xor3(a00, c4, r1);
                let b1 = rotate::<44>(xor3(a11, c0, r2));
                let b2 = rotate::<43>(xor3(a22, c1, r3));
                let b3 = rotate::<21>(xor3(a33, c2, r4));
                let b4 = rotate::<14>(xor3(a44, c3, r0));
                let e00 = xor_constant(chi(b0, b1, b2), constant);
                let e10 = chi(b1, b2, b3);
                let e20 = chi(b2, b3, b4);
                let e30 = chi(b3, b4, b0);
                let e40 = chi(b4, b0, b1);

                let b0 = rotate::<28>(xor3(a30, c2, r4));
                let b1 = rotate::<20>(xor3(a41, c3, r0));
                let b2 = rotate::<3>(xor3(a02, c4, r1));
                let b3 = rotate::<45>(xor3(a13, c0, r2));
                let b4 = rotate::<61>(xor3(a24, c1, r3));
                let e01 = chi(b0, b1, b2);
                let e11 = chi(b1, b2, b3);
                let e21 = chi(b2, b3, b4);
                let e31 = chi(b3, b4, b0);
                let e41 = chi(b4, b0, b1);

                let b0 = rotate::<1>(xor3(a10, c0, r2));
                let b1 = rotate::<6>(xor3(a21, c1, r3));
                let b2 = rotate::<25>(xor3(a32, c2, r4));
                let b3 = rotate::<8>(xor3(a43, c3, r0));
                let b4 = rotate::<18>(xor3(a04, c4, r1));
                let e02 = chi(b0, b1, b2);
                let e12 = chi(b1, b2, b3);
                let e22 = chi(b2, b3, b4);
                let e32 = chi(b3, b4, b0);
                let e42 = chi(b4, b0, b1);

                let b0 = rotate::<27>(xor3(a40, c3, r0));
                let b1 = rotate::<36>(xor3(a01, c4, r1));
                let b2 = rotate::<10>(xor3(a12, c0, r2));
                let b3 = rotate::<15>(xor3(a23, c1, r3));
                let b4 = rotate::<56>(xor3(a34, c2, r4));
                let e03 = chi(b0, b1, b2);
                let e13 = chi(b1, b2, b3);
                let e23 = chi(b2, b3, b4);
                let e33 = chi(b3, b4, b0);
                let e43 = chi(b4, b0, b1);

                let b0 = rotate::<62>(xor3(a20, c1, r3));
                let b1 = rotate::<55>(xor3(a31, c2, r4));
                let b2 = rotate::<39>(xor3(a42, c3, r0));
                let b3 = rotate::<41>(xor3(a03, c4, r1));
                let b4 = rotate::<2>(xor3(a14, c0, r2));
                let e04 = chi(b0, b1, b2);
                let e14 = chi(b1, b2, b3);
                let e24 = chi(b2, b3, b4);
                let e34 = chi(b3, b4, b0);
                let e44 = chi(b4, b0, b1);

                [a00, a10, a20, a30, a40] = [e00, e10, e20, e30, e40];
                [a01, a11, a21, a31, a41] = [e01, e11, e21, e31, e41];
                [a02, a12, a22, a32, a42] = [e02, e12, e22, e32, e42];
                [a03, a13, a23, a33, a43] = [e03, e13, e23, e33, e43];
                [a04, a14, a24, a34, a44] = [e04, e14, e24, e34, e44];
            }
            *state = [
                a00, a10, a20, a30, a40,
                a01, a11, a21, a31, a41,
                a02, a12, a22, a32, a42,
                a03, a13, a23, a33, a43,
                a04, a14, a24, a34, a44,
            ];
        }
    };
}

pub(super) use keccak_f1600;
