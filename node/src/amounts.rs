//! Amounts as people write them: `1.5`, `0.000001 ETH`. Exact, digit by digit: no float is anywhere near.

/// Characters of an amount with its unit, at most.
const CHARACTERS_MAX: usize = 128;

/// Why something is no amount. Each continues a sentence that begins with what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AmountError {
    #[error("is no amount: write digits, and a point before decimals, as 1.5 or 0.25")]
    Form,
    #[error("has {found} decimals, and {unit} has {decimals}: nothing smaller can be moved")]
    TooPrecise {
        found: usize,
        decimals: u8,
        unit: String,
    },
    #[error("is more than any account can hold")]
    TooLarge,
}

/// What was written, cut into number and unit; the number is not read yet, since its decimals depend on the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    number: String,
    /// A token's symbol, number or address; none if only a number was written.
    pub(crate) unit: Option<String>,
}

/// Cuts `1.5 ETH`. For the command line.
pub(crate) fn written(text: &str) -> Result<Written, String> {
    if text.len() > CHARACTERS_MAX {
        return Err(AmountError::Form.to_string());
    }
    let mut words = text.split_whitespace();
    let (number, unit, rest) = (words.next(), words.next(), words.next());
    let (Some(number), None) = (number, rest) else {
        return Err(AmountError::Form.to_string());
    };
    // With decimals enough for any token: only the form is looked at.
    parse(number, u8::MAX, "").map_err(|error| error.to_string())?;
    Ok(Written {
        number: number.to_owned(),
        unit: unit.map(str::to_owned),
    })
}

impl Written {
    /// The amount in the smallest unit of a token with that many decimals.
    pub(crate) fn units(&self, decimals: u8, unit: &str) -> Result<u128, AmountError> {
        parse(&self.number, decimals, unit)
    }

    /// As it was written, to begin an error with.
    pub(crate) fn number(&self) -> &str {
        &self.number
    }
}

/// Reads a number of whole tokens with that many decimals, into its smallest unit.
///
/// With 255 decimals, which no token has, no number is too large: then it says whether the form is right.
pub(crate) fn parse(text: &str, decimals: u8, unit: &str) -> Result<u128, AmountError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(AmountError::Form);
    }
    if decimals == u8::MAX {
        return Ok(0);
    }
    let places = usize::from(decimals);
    let fraction = if text.contains('.') { fraction } else { "" };
    if fraction.len() > places {
        return Err(AmountError::TooPrecise {
            found: fraction.len(),
            decimals,
            unit: unit.to_owned(),
        });
    }
    let zeros = std::iter::repeat_n(b'0', places - fraction.len());
    let mut digits = whole.bytes().chain(fraction.bytes()).chain(zeros);
    digits
        .try_fold(0_u128, |sum, digit| {
            sum.checked_mul(10)?.checked_add(u128::from(digit - b'0'))
        })
        .ok_or(AmountError::TooLarge)
}

/// Writes an amount in whole tokens, as [`parse`] reads it, without zeros at the end.
pub(crate) fn format(units: u128, decimals: u8) -> String {
    let places = usize::from(decimals);
    let digits = format!("{units:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, decimals, units) in [
            ("0", 18, 0),
            ("1", 18, 1_000_000_000_000_000_000),
            ("1.5", 18, 1_500_000_000_000_000_000),
            ("0.1", 18, 100_000_000_000_000_000),
            ("0.000000000000000001", 18, 1),
            ("1.50", 2, 150),
            ("007", 0, 7),
            ("123.456789", 6, 123_456_789),
            ("340282366920938463463.374607431768211455", 18, u128::MAX),
            ("340282366920938463463374607431768211455", 0, u128::MAX),
        ] {
            assert_eq!(parse(text, decimals, "X"), Ok(units), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_moved_is_refused() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e18", "0x10", "1,5", "1_000", "1.2.3", "١", "one",
            " 1",
        ] {
            assert_eq!(parse(text, 18, "ETH"), Err(AmountError::Form), "{text}");
        }
        let error = parse("0.1234567", 6, "DEVT").unwrap_err();
        assert_eq!(
            error.to_string(),
            "has 7 decimals, and DEVT has 6: nothing smaller can be moved"
        );
        for text in ["340282366920938463463.374607431768211456", &"9".repeat(60)] {
            assert_eq!(parse(text, 18, "ETH"), Err(AmountError::TooLarge), "{text}");
        }
    }

    #[test]
    fn a_unit_may_follow() {
        let cut = written("1.5 ETH").unwrap();
        assert_eq!((cut.number(), cut.unit.as_deref()), ("1.5", Some("ETH")));
        assert_eq!(cut.units(18, "ETH"), Ok(1_500_000_000_000_000_000));
        assert_eq!(written(" 3 ").unwrap().unit, None);
        for text in ["", "ETH", "1.5 ETH now", "ETH 1", &"1".repeat(200)] {
            written(text).unwrap_err();
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(units: u128, decimals in 0_u8..=38) {
            prop_assert_eq!(parse(&format(units, decimals), decimals, "X"), Ok(units));
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC{0,40}", decimals: u8) {
            let _ = parse(&text, decimals, "X");
            let _ = written(&text);
        }
    }
}
