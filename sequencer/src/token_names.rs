//! What tokens are called. L1 lists an address and decimals; name and symbol are what the token's contract on L1 says, which may be
//! anything. So they are made fit to be shown, and bounded, before anybody sees them.

use alloy_primitives::Address;

/// Bytes of a name, at most.
pub const NAME_BYTES_MAX: usize = 64;
/// Bytes of a symbol, at most.
pub const SYMBOL_BYTES_MAX: usize = 32;

/// The name and symbol of a token, fit to be shown: letters and digits of any script, the visible ASCII characters, currency signs and
/// single spaces, at most [`NAME_BYTES_MAX`] and [`SYMBOL_BYTES_MAX`] bytes of UTF-8, not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenName {
    name: String,
    symbol: String,
}

impl TokenName {
    /// What the token at an address says of itself. What it does not say, or of which nothing is fit to be shown, is its address: whole
    /// as a name, shortened as a symbol.
    #[must_use]
    pub fn said(address: &Address, name: Option<&str>, symbol: Option<&str>) -> Self {
        let name = name.and_then(|name| shown(name, NAME_BYTES_MAX));
        let symbol = symbol.and_then(|symbol| shown(symbol, SYMBOL_BYTES_MAX));
        Self {
            name: name.unwrap_or_else(|| address.to_checksum(None)),
            symbol: symbol.unwrap_or_else(|| short(address)),
        }
    }

    /// A token that has not said anything yet.
    #[must_use]
    pub fn unknown(address: &Address) -> Self {
        Self::said(address, None, None)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The symbol.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol
    }
}

/// `0x5FbD..0aa3`
fn short(address: &Address) -> String {
    let whole = address.to_checksum(None);
    format!("{}..{}", &whole[..6], &whole[38..])
}

/// The characters that are fit to be shown, as many as there is room for. `None` if there is none.
fn shown(said: &str, bytes_max: usize) -> Option<String> {
    let mut shown = String::new();
    for character in said.chars() {
        let is_space = character == ' ';
        if is_space && (shown.is_empty() || shown.ends_with(' ')) || !is_shown(character) {
            continue;
        }
        if shown.len() + character.len_utf8() > bytes_max {
            break;
        }
        shown.push(character);
    }
    shown.truncate(shown.trim_end().len());
    (!shown.is_empty()).then_some(shown)
}

/// No control characters, no marks that change the direction of text, none that are invisible.
fn is_shown(character: char) -> bool {
    const CURRENCY_SIGNS: std::ops::RangeInclusive<char> = '\u{20a0}'..='\u{20cf}';
    character == ' '
        || character.is_ascii_graphic()
        || character.is_alphanumeric()
        || CURRENCY_SIGNS.contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: Address = Address::repeat_byte(0xab);

    #[test]
    fn hostile_names_are_cleaned_and_bounded() {
        for (said, want) in [
            ("USD Coin", Some("USD Coin")),
            ("USD\u{20ae}0", Some("USD\u{20ae}0")),
            ("Größe 長", Some("Größe 長")),
            ("  a \u{7f} \n b\t\u{0}c ", Some("a bc")),
            ("\u{202e}DSU\u{200b}\u{feff}", Some("DSU")),
            ("\u{1f4a9}", None),
            ("", None),
            ("   ", None),
        ] {
            assert_eq!(shown(said, NAME_BYTES_MAX).as_deref(), want, "{said:?}");
        }
        assert_eq!(shown(&"é".repeat(99), 5).as_deref(), Some("éé"));
        assert_eq!(shown(&"a ".repeat(99), 4).as_deref(), Some("a a"));
    }

    #[test]
    fn what_is_not_said_is_the_address() {
        let unknown = TokenName::unknown(&TOKEN);
        assert_eq!(unknown.name(), TOKEN.to_checksum(None));
        assert_eq!(unknown.symbol().len(), 12);
        assert!(unknown.name().starts_with(&unknown.symbol()[..6]));
        assert!(unknown.name().ends_with(&unknown.symbol()[8..]));
        let half = TokenName::said(&TOKEN, Some("\u{1}"), Some("SYM"));
        assert_eq!((half.name(), half.symbol()), (unknown.name(), "SYM"));
    }
}
