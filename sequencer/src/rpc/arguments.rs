//! Reading the arguments of a call, strictly and without following what a hostile client nests.
//!
//! The array of arguments is split without looking into them; then each is read as what it must be.
//! Messages name the argument and never repeat its content, which may be two megabytes.

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use jsonrpsee::core::{JsonRawValue, RpcResult};
use jsonrpsee::types::Params;
use serde::Deserialize;

use super::error;

/// What an argument can be read as.
pub(super) trait Argument: Sized {
    /// Reads it from its JSON text, or says what is wrong with it.
    fn read(json: &str) -> Result<Self, &'static str>;
}

/// The arguments of a call, in order. More of them than a method takes are ignored.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    values: std::vec::IntoIter<&'a JsonRawValue>,
    position: usize,
}

impl<'a> Arguments<'a> {
    /// Splits the `params` of a call.
    pub(super) fn of(params: &'a Params<'_>) -> RpcResult<Self> {
        let values = match params.as_str() {
            None | Some("null") => Vec::new(),
            Some(json) => serde_json::from_str(json)
                .map_err(|_| error::invalid_params("params must be an array".to_owned()))?,
        };
        Ok(Self {
            values: values.into_iter(),
            position: 0,
        })
    }

    /// The next argument, which must be there.
    pub(super) fn required<T: Argument>(&mut self, name: &str) -> RpcResult<T> {
        let position = self.position;
        self.optional(name)?.ok_or_else(|| {
            error::invalid_params(format!(
                "missing value for required argument {position} ({name})"
            ))
        })
    }

    /// The next argument, `None` when it is not there or null.
    pub(super) fn optional<T: Argument>(&mut self, name: &str) -> RpcResult<Option<T>> {
        let position = self.position;
        self.position += 1;
        match self.values.next().map(JsonRawValue::get) {
            None | Some("null") => Ok(None),
            Some(json) => T::read(json).map(Some).map_err(|problem| {
                error::invalid_params(format!("invalid argument {position} ({name}): {problem}"))
            }),
        }
    }
}

/// A member of an object argument, `None` when it is not there or null.
pub(super) fn member<T: Argument>(json: Option<&JsonRawValue>, name: &str) -> RpcResult<Option<T>> {
    match json.map(JsonRawValue::get) {
        None | Some("null") => Ok(None),
        Some(json) => T::read(json)
            .map(Some)
            .map_err(|problem| error::invalid_params(format!("invalid `{name}`: {problem}"))),
    }
}

/// The digits of a string that begins with 0x.
fn digits(json: &str) -> Result<&str, &'static str> {
    // What needs an escape is no hexadecimal digit, so a borrowed string is enough.
    let string: &str = serde_json::from_str(json).map_err(|_| "expected a hex string")?;
    string
        .strip_prefix("0x")
        .ok_or("hex string without 0x prefix")
}

/// Exactly that many bytes.
fn fixed<const N: usize>(json: &str) -> Result<[u8; N], &'static str> {
    let digits = digits(json)?;
    if digits.len() != 2 * N {
        return Err(if N == 20 {
            "expected 20 bytes of hex"
        } else {
            "expected 32 bytes of hex"
        });
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| "invalid hex string")?;
    Ok(bytes)
}

impl Argument for Address {
    fn read(json: &str) -> Result<Self, &'static str> {
        fixed(json).map(Self::new)
    }
}

impl Argument for B256 {
    fn read(json: &str) -> Result<Self, &'static str> {
        fixed(json).map(Self::new)
    }
}

/// Bytes as they are; the limit on the size of a request bounds them.
impl Argument for Bytes {
    fn read(json: &str) -> Result<Self, &'static str> {
        let digits = digits(json)?;
        if !digits.len().is_multiple_of(2) {
            return Err("hex string of odd length");
        }
        // The decoder would take a second prefix.
        if digits.starts_with("0x") {
            return Err("invalid hex string");
        }
        hex::decode(digits)
            .map(Self::from)
            .map_err(|_| "invalid hex string")
    }
}

/// A quantity: at least one digit, no leading zeros.
impl Argument for U256 {
    fn read(json: &str) -> Result<Self, &'static str> {
        let digits = digits(json)?;
        match digits.as_bytes() {
            [] => return Err("hex number without digits"),
            [b'0', _, ..] => return Err("hex number with leading zero digits"),
            _ if digits.len() > 64 => return Err("hex number is larger than 256 bits"),
            _ => {}
        }
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err("invalid hex number");
        }
        Self::from_str_radix(digits, 16).map_err(|_| "invalid hex number")
    }
}

impl Argument for u64 {
    fn read(json: &str) -> Result<Self, &'static str> {
        Self::try_from(U256::read(json)?).map_err(|_| "hex number is larger than 64 bits")
    }
}

/// A word of storage: a quantity, or 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(pub(super) U256);

impl Argument for Word {
    fn read(json: &str) -> Result<Self, &'static str> {
        B256::read(json)
            .map(|word| Self(word.into()))
            .or_else(|_| U256::read(json).map(Self))
    }
}

/// An object as text; the empty one unless it is given. What is read of it is looked at later, so that an error can name it.
#[derive(Debug)]
pub(super) struct ObjectText(pub(super) String);

impl Default for ObjectText {
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

impl Argument for ObjectText {
    fn read(json: &str) -> Result<Self, &'static str> {
        if json.starts_with('{') {
            Ok(Self(json.to_owned()))
        } else {
            Err("expected an object")
        }
    }
}

/// A number that clients send both as a quantity and as a JSON number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count(pub(super) u64);

impl Argument for Count {
    fn read(json: &str) -> Result<Self, &'static str> {
        if json.starts_with('"') {
            return u64::read(json).map(Self);
        }
        serde_json::from_str(json)
            .map(Self)
            .map_err(|_| "expected a whole number")
    }
}

impl Argument for bool {
    fn read(json: &str) -> Result<Self, &'static str> {
        serde_json::from_str(json).map_err(|_| "expected true or false")
    }
}

impl Argument for String {
    fn read(json: &str) -> Result<Self, &'static str> {
        serde_json::from_str(json).map_err(|_| "expected a string")
    }
}

impl Argument for f64 {
    fn read(json: &str) -> Result<Self, &'static str> {
        serde_json::from_str(json).map_err(|_| "expected a number")
    }
}

/// The first problem of an element is that of the list.
impl<T: Argument> Argument for Vec<T> {
    fn read(json: &str) -> Result<Self, &'static str> {
        let values: Vec<&JsonRawValue> =
            serde_json::from_str(json).map_err(|_| "expected an array")?;
        values
            .into_iter()
            .map(|value| T::read(value.get()))
            .collect()
    }
}

/// Which block a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockRef {
    /// The newest durable one. `pending` means the same: nothing that is not durable is shown.
    Latest,
    /// Genesis.
    Earliest,
    /// The newest one that is safe: [`Tagged::safe`](crate::l1::Tagged::safe).
    Safe,
    /// [`Tagged::finalized`](crate::l1::Tagged::finalized).
    Finalized,
    /// By number.
    Number(u64),
    /// By hash.
    Hash(B256),
}

/// The object form of EIP-1898. `requireCanonical` says nothing here: there are no other blocks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockObject<'a> {
    #[serde(borrow)]
    block_number: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    block_hash: Option<&'a JsonRawValue>,
}

impl Argument for BlockRef {
    fn read(json: &str) -> Result<Self, &'static str> {
        if json.starts_with('{') {
            let object: BlockObject<'_> = serde_json::from_str(json)
                .map_err(|_| "expected an object with `blockNumber` or `blockHash`")?;
            return match (object.block_number, object.block_hash) {
                (Some(number), None) => read_tag_or_number(number.get()),
                (None, Some(hash)) => B256::read(hash.get()).map(Self::Hash),
                _ => Err("expected either `blockNumber` or `blockHash`"),
            };
        }
        const HASH_JSON_LEN: usize = 2 * 32 + "\"0x\"".len();
        if json.len() == HASH_JSON_LEN {
            return B256::read(json).map(Self::Hash);
        }
        read_tag_or_number(json)
    }
}

/// A block by tag or number alone, for the calls that have another one by hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct NumberRef(pub(super) BlockRef);

impl Argument for NumberRef {
    fn read(json: &str) -> Result<Self, &'static str> {
        read_tag_or_number(json).map(Self)
    }
}

fn read_tag_or_number(json: &str) -> Result<BlockRef, &'static str> {
    match json {
        r#""latest""# | r#""pending""# => Ok(BlockRef::Latest),
        r#""earliest""# => Ok(BlockRef::Earliest),
        r#""safe""# => Ok(BlockRef::Safe),
        r#""finalized""# => Ok(BlockRef::Finalized),
        _ => u64::read(json).map(BlockRef::Number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_quantity_or_32_bytes() {
        assert_eq!(Word::read(r#""0x5""#), Ok(Word(U256::from(5))));
        let padded = format!("\"{}\"", B256::with_last_byte(5));
        assert_eq!(Word::read(&padded), Ok(Word(U256::from(5))));
        assert!(Word::read(r#""0x00""#).is_err());
        assert!(Word::read("0").is_err());
    }

    #[test]
    fn blocks() {
        let hash = format!("\"{}\"", B256::repeat_byte(7));
        for (json, want) in [
            (r#""latest""#, Ok(BlockRef::Latest)),
            (r#""pending""#, Ok(BlockRef::Latest)),
            (r#""earliest""#, Ok(BlockRef::Earliest)),
            (r#""safe""#, Ok(BlockRef::Safe)),
            (r#""finalized""#, Ok(BlockRef::Finalized)),
            (r#""0x0""#, Ok(BlockRef::Number(0))),
            (r#""0xff""#, Ok(BlockRef::Number(255))),
            (hash.as_str(), Ok(BlockRef::Hash(B256::repeat_byte(7)))),
            (r#"{"blockNumber":"0x10"}"#, Ok(BlockRef::Number(16))),
            (r#"{"blockNumber":"latest"}"#, Ok(BlockRef::Latest)),
            (
                &format!(r#"{{"blockHash":{hash},"requireCanonical":true}}"#),
                Ok(BlockRef::Hash(B256::repeat_byte(7))),
            ),
            (r#""newest""#, Err("hex string without 0x prefix")),
            (r#""12""#, Err("hex string without 0x prefix")),
            ("12", Err("expected a hex string")),
            ("-1", Err("expected a hex string")),
            ("[]", Err("expected a hex string")),
            (r#""0x""#, Err("hex number without digits")),
            (r#""0x01""#, Err("hex number with leading zero digits")),
            (
                r#""0x10000000000000000""#,
                Err("hex number is larger than 64 bits"),
            ),
            ("{}", Err("expected either `blockNumber` or `blockHash`")),
        ] {
            assert_eq!(BlockRef::read(json), want, "{json}");
        }
    }

    #[test]
    fn bytes_and_quantities() {
        assert_eq!(Bytes::read(r#""0x""#), Ok(Bytes::new()));
        assert_eq!(
            Bytes::read(r#""0xaB01""#),
            Ok(Bytes::from_static(&[0xab, 1]))
        );
        assert_eq!(Bytes::read(r#""0xa""#), Err("hex string of odd length"));
        assert_eq!(Bytes::read(r#""0xzz""#), Err("invalid hex string"));
        assert_eq!(Bytes::read(r#""0x0xab""#), Err("invalid hex string"));
        assert_eq!(Bytes::read(r#""\u0030x00""#), Err("expected a hex string"));
        assert_eq!(
            U256::read(&format!("\"0x{}\"", "f".repeat(64))),
            Ok(U256::MAX)
        );
        assert_eq!(
            U256::read(&format!("\"0x1{}\"", "0".repeat(64))),
            Err("hex number is larger than 256 bits")
        );
        assert_eq!(U256::read(r#""0x1_0""#), Err("invalid hex number"));
        assert_eq!(U256::read(r#""0x+1""#), Err("invalid hex number"));
        assert_eq!(Count::read("10").map(|count| count.0), Ok(10));
        assert_eq!(Count::read(r#""0xa""#).map(|count| count.0), Ok(10));
        assert_eq!(
            Count::read("-1").map(|count| count.0),
            Err("expected a whole number")
        );
        assert_eq!(Address::read(r#""0x01""#), Err("expected 20 bytes of hex"));
    }

    #[test]
    fn nesting_is_not_followed() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let params = Params::new(Some(&deep));
        let error = Arguments::of(&params)
            .and_then(|mut arguments| arguments.required::<Address>("address"));
        assert_eq!(
            error.map_err(|error| (error.code(), error.message().to_owned())),
            Err((
                -32602,
                "invalid argument 0 (address): expected a hex string".to_owned()
            ))
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let params = Params::new(Some(r#"["0x1"]"#));
        let mut arguments = Arguments::of(&params).unwrap();
        assert_eq!(arguments.required::<u64>("first").unwrap(), 1);
        assert_eq!(arguments.optional::<u64>("second").unwrap(), None);
        let error = arguments.required::<u64>("third").unwrap_err();
        assert_eq!(
            error.message(),
            "missing value for required argument 2 (third)"
        );
        assert!(Arguments::of(&Params::new(Some("{}"))).is_err());
        assert!(Arguments::of(&Params::new(None)).is_ok());
    }
}
