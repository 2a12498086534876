//! Amounts as operations carry them: a 16-bit code, for most amounts complete in itself.
//!
//! Every amount is `mantissa * 10^exponent` in exactly one way with a mantissa that is not a multiple
//! of ten (zero apart). People pay amounts of few digits, so a code below [`SHORT_CODES`] holds both
//! parts: seven exponents, counted from the token's base exponent, times the 9,000 mantissas from 1 to
//! 9999. The codes above name zero, and the exponent and the mantissa's length of the general form,
//! whose mantissa follows. The short form is used wherever it can be, so that one amount has one
//! encoding. `docs/protocol.md`, "Amounts".

/// Codes that hold exponent and mantissa: 7 exponents of 9,000 mantissas.
pub const SHORT_CODES: u16 = SHORT_EXPONENTS as u16 * SHORT_MANTISSAS;
const SHORT_EXPONENTS: u8 = 7;
const SHORT_MANTISSAS: u16 = 9_000;
const SHORT_MANTISSA_MAX: u128 = 9_999;
/// The code of zero.
pub const ZERO_CODE: u16 = SHORT_CODES;
const GENERAL_CODES_FIRST: u16 = ZERO_CODE + 1;
/// 10^38 is the largest power of ten below 2^128.
const EXPONENT_MAX: u8 = 38;
const MANTISSA_BYTES_MAX: u16 = 16;
/// The last code that means anything; those above are invalid.
pub const CODE_MAX: u16 = GENERAL_CODES_FIRST + (EXPONENT_MAX as u16 + 1) * MANTISSA_BYTES_MAX - 1;

const POWERS: [u128; EXPONENT_MAX as usize + 1] = powers();

#[allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated at compile time"
)]
const fn powers() -> [u128; EXPONENT_MAX as usize + 1] {
    let mut powers = [1; EXPONENT_MAX as usize + 1];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
}

/// An encoded amount: the 2-byte code and the 0 to 16 bytes of mantissa that follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedAmount {
    bytes: [u8; 18],
    len: usize,
}

impl EncodedAmount {
    fn new(code: u16, mantissa: &[u8]) -> Self {
        let mut bytes = [0; 18];
        let parts = code
            .to_be_bytes()
            .into_iter()
            .chain(mantissa.iter().copied());
        bytes
            .iter_mut()
            .zip(parts)
            .for_each(|(byte, part)| *byte = part);
        Self {
            bytes,
            len: mantissa.len().saturating_add(2),
        }
    }

    /// The bytes, code first.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The base exponent of a token with that many decimals: `max(decimals - 6, decimals / 2)`, so that
/// the short form reaches from a millionth of a unit (or thereabouts) to thousands of units.
///
/// L1 computes it when it lists the token. `None` above [`DECIMALS_MAX`], which L1 refuses to list.
#[must_use]
pub const fn base_exponent(decimals: u8) -> Option<u8> {
    if decimals > DECIMALS_MAX {
        return None;
    }
    let half = decimals / 2;
    let less_six = decimals.saturating_sub(6);
    Some(if less_six > half { less_six } else { half })
}

/// Decimals of a listed token, at most: its base exponent then leaves all seven short exponents below
/// the largest power of ten of an amount.
pub const DECIMALS_MAX: u8 = EXPONENT_MAX;

/// Encodes an amount of a token with this base exponent.
#[must_use]
pub fn encode(amount: u128, base_exponent: u8) -> EncodedAmount {
    if amount == 0 {
        return EncodedAmount::new(ZERO_CODE, &[]);
    }
    if let Some(code) = short_code(amount, base_exponent) {
        return EncodedAmount::new(code, &[]);
    }
    let (mantissa, exponent) = strip_zeros(amount);
    let bytes = mantissa.to_be_bytes();
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = bytes.get(leading..).unwrap_or_default();
    let length_code = (significant.len() as u16).saturating_sub(1);
    let code = GENERAL_CODES_FIRST
        .saturating_add(u16::from(exponent).saturating_mul(MANTISSA_BYTES_MAX))
        .saturating_add(length_code);
    EncodedAmount::new(code, significant)
}

/// The code of an amount that the short form can hold.
fn short_code(amount: u128, base_exponent: u8) -> Option<u16> {
    let unit = POWERS.get(usize::from(base_exponent))?;
    if !amount.is_multiple_of(*unit) {
        return None;
    }
    // Above this no short form exists; below it the rest is arithmetic on 64 bits.
    let mut rest = u64::try_from(amount.checked_div(*unit)?).ok()?;
    let mut exponent = 0u16;
    while rest.is_multiple_of(10) {
        rest = rest.checked_div(10)?;
        exponent = exponent.checked_add(1)?;
    }
    let mantissa = u16::try_from(rest)
        .ok()
        .filter(|m| u128::from(*m) <= SHORT_MANTISSA_MAX)?;
    if exponent >= u16::from(SHORT_EXPONENTS) {
        return None;
    }
    // Of the numbers up to the mantissa, every tenth is skipped.
    let rank = mantissa.checked_sub(mantissa / 10)?.checked_sub(1)?;
    exponent.checked_mul(SHORT_MANTISSAS)?.checked_add(rank)
}

/// Splits a non-zero amount into a mantissa that is not a multiple of ten, and the exponent.
fn strip_zeros(amount: u128) -> (u128, u8) {
    let mut mantissa = amount;
    let mut exponent = 0u8;
    // Halving steps: a 128-bit division is slow, and one by one there could be 38 of them.
    for step in [32u8, 16, 8, 4, 2, 1] {
        let Some(power) = POWERS.get(usize::from(step)) else {
            continue;
        };
        if mantissa.is_multiple_of(*power) {
            mantissa = mantissa.checked_div(*power).unwrap_or(mantissa);
            exponent = exponent.saturating_add(step);
        }
    }
    (mantissa, exponent)
}

/// How many bytes of mantissa follow a code.
///
/// `None` when the code means nothing.
#[must_use]
pub fn mantissa_len(code: u16) -> Option<usize> {
    match code {
        0..=ZERO_CODE => Some(0),
        GENERAL_CODES_FIRST..=CODE_MAX => {
            let rank = code.checked_sub(GENERAL_CODES_FIRST)?;
            Some(usize::from(rank % MANTISSA_BYTES_MAX).saturating_add(1))
        }
        _ => None,
    }
}

/// Decodes a code and the mantissa that follows it, whose length [`mantissa_len`] tells.
///
/// `None` when the bytes are not the one encoding of an amount below 2^128.
#[must_use]
pub fn decode(code: u16, mantissa: &[u8], base_exponent: u8) -> Option<u128> {
    if mantissa_len(code) != Some(mantissa.len()) {
        return None;
    }
    if code < SHORT_CODES {
        let exponent = code / SHORT_MANTISSAS;
        let rank = code % SHORT_MANTISSAS;
        let mantissa = u128::from(rank.checked_add(rank / 9)?.checked_add(1)?);
        let power = POWERS.get(usize::from(base_exponent).checked_add(usize::from(exponent))?)?;
        return mantissa.checked_mul(*power);
    }
    if code == ZERO_CODE {
        return Some(0);
    }
    let exponent = code.checked_sub(GENERAL_CODES_FIRST)? / MANTISSA_BYTES_MAX;
    let first = mantissa.first()?;
    let value = mantissa
        .iter()
        .fold(0u128, |value, byte| (value << 8) | u128::from(*byte));
    let canonical = *first != 0 && !value.is_multiple_of(10);
    let amount = value.checked_mul(*POWERS.get(usize::from(exponent))?)?;
    (canonical && short_code(amount, base_exponent).is_none()).then_some(amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ETH: u8 = 12;

    fn round_trip(amount: u128, base_exponent: u8) -> usize {
        let encoded = encode(amount, base_exponent);
        let bytes = encoded.as_bytes();
        let code = u16::from_be_bytes([bytes[0], bytes[1]]);
        assert_eq!(decode(code, &bytes[2..], base_exponent), Some(amount));
        bytes.len()
    }

    #[test]
    fn lengths_of_known_amounts() {
        for (amount, base_exponent, len) in [
            (0, ETH, 2),
            (1, ETH, 3),
            (1_000_000_000_000, ETH, 2),
            (9_999 * 10u128.pow(18), ETH, 2),
            (10_000 * 10u128.pow(18), ETH, 3),
            (10_001 * 10u128.pow(12), ETH, 4),
            (1_234 * 10u128.pow(15), ETH, 2),
            (999_999_999_999, ETH, 7),
            (u128::MAX, ETH, 18),
            (10u128.pow(38), ETH, 3),
            (1, 0, 2),
            (1, 3, 3),
        ] {
            assert_eq!(
                round_trip(amount, base_exponent),
                len,
                "{amount} at base {base_exponent}"
            );
        }
    }

    #[test]
    fn every_short_code_is_the_encoding_of_what_it_decodes_to() {
        for base in [0, 3, 12, 32] {
            for code in 0..SHORT_CODES {
                match decode(code, &[], base) {
                    Some(amount) => assert_eq!(encode(amount, base).as_bytes(), code.to_be_bytes()),
                    None => assert_eq!(base, 32, "only a huge base exponent overflows"),
                }
            }
        }
    }

    #[test]
    fn base_exponents_of_common_decimals() {
        for (decimals, base) in [(0, 0), (2, 1), (6, 3), (8, 4), (12, 6), (18, 12), (38, 32)] {
            assert_eq!(base_exponent(decimals), Some(base), "{decimals} decimals");
        }
        assert_eq!(base_exponent(39), None);
    }

    proptest! {
        #[test]
        fn any_amount_round_trips(digits in any::<u128>(), shift in 0u32..128, base in 0u8..=32) {
            round_trip(digits >> shift, base);
        }

        #[test]
        fn what_decodes_is_canonical(code in any::<u16>(), mantissa in proptest::collection::vec(any::<u8>(), 0..18), base in 0u8..=38) {
            let mantissa = match mantissa_len(code) {
                Some(len) if len <= mantissa.len() => &mantissa[..len],
                _ => &mantissa[..],
            };
            if let Some(amount) = decode(code, mantissa, base) {
                let encoded = encode(amount, base);
                prop_assert_eq!(&encoded.as_bytes()[..2], code.to_be_bytes());
                prop_assert_eq!(&encoded.as_bytes()[2..], mantissa);
            }
        }
    }
}
