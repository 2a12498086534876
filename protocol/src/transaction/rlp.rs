//! A strict reader of RLP, borrowing from its input.
//!
//! A value has one encoding: a byte below 0x80 stands for itself, a length takes the shortest form,
//! an integer has no leading zero. Lengths of items are checked against what surrounds the item, so a
//! reader never looks outside the list it was made for. It does not recurse: a list inside a list is
//! handed out as bytes.

use alloc::vec::Vec;

use super::error::RlpError;

/// Bytes of an integer, at most: an EVM word.
const INTEGER_BYTES_MAX: usize = 32;
/// Lengths up to this one are part of the first byte.
const SHORT_LENGTH_MAX: usize = 55;
const STRING_BASE: u8 = 0x80;
const LIST_BASE: u8 = 0xc0;

/// The encoding of zero, and of no bytes.
pub(super) const EMPTY_STRING: u8 = STRING_BASE;

/// One item: its payload, and whether it is a list.
enum Item<'a> {
    String(&'a [u8]),
    List(&'a [u8]),
}

/// Reads the items of one list, in order.
pub(super) struct Reader<'a> {
    list: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of the list that `bytes` are, all of them.
    pub(super) fn of_list(bytes: &'a [u8]) -> Result<Self, RlpError> {
        let mut outer = Self {
            list: bytes,
            rest: bytes,
        };
        let list = outer.list()?;
        if outer.rest.is_empty() {
            Ok(Self { list, rest: list })
        } else {
            Err(RlpError::TrailingBytes)
        }
    }

    /// The next item as bytes.
    pub(super) fn string(&mut self) -> Result<&'a [u8], RlpError> {
        match self.item()? {
            Item::String(payload) => Ok(payload),
            Item::List(_) => Err(RlpError::UnexpectedList),
        }
    }

    /// The next item as the payload of a list.
    pub(super) fn list(&mut self) -> Result<&'a [u8], RlpError> {
        match self.item()? {
            Item::String(_) => Err(RlpError::ExpectedList),
            Item::List(payload) => Ok(payload),
        }
    }

    /// The next item as an integer of at most 256 bits: its significant bytes, none for zero.
    pub(super) fn integer(&mut self) -> Result<&'a [u8], RlpError> {
        let bytes = self.string()?;
        if bytes.first() == Some(&0) {
            return Err(RlpError::LeadingZero);
        }
        if bytes.len() > INTEGER_BYTES_MAX {
            return Err(RlpError::IntegerTooLarge);
        }
        Ok(bytes)
    }

    /// The encoded items read so far.
    pub(super) fn consumed(&self) -> &'a [u8] {
        let end = self.list.len().saturating_sub(self.rest.len());
        self.list.get(..end).unwrap_or_default()
    }

    /// Ends the reading: the list holds nothing more.
    pub(super) fn end(self) -> Result<(), RlpError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(RlpError::TooManyItems)
        }
    }

    fn item(&mut self) -> Result<Item<'a>, RlpError> {
        let (&first, after) = self.rest.split_first().ok_or(RlpError::TooFewItems)?;
        if first < STRING_BASE {
            let (itself, rest) = self.rest.split_at_checked(1).ok_or(RlpError::Truncated)?;
            self.rest = rest;
            return Ok(Item::String(itself));
        }
        let (length, after) = length(first, after)?;
        let (payload, rest) = after.split_at_checked(length).ok_or(RlpError::Truncated)?;
        self.rest = rest;
        if first >= LIST_BASE {
            return Ok(Item::List(payload));
        }
        match payload {
            [byte] if *byte < STRING_BASE => Err(RlpError::NonCanonicalByte),
            _ => Ok(Item::String(payload)),
        }
    }
}

/// The length of the payload, from the first byte of the item (0x80 or more) and the bytes after it,
/// and the bytes after the length.
fn length(first: u8, after: &[u8]) -> Result<(usize, &[u8]), RlpError> {
    // The low six bits: a length up to 55, or 55 and the number of bytes of the length.
    let code = usize::from(first & 0x3f);
    let Some(length_bytes @ 1..) = code.checked_sub(SHORT_LENGTH_MAX) else {
        return Ok((code, after));
    };
    let (bytes, after) = after
        .split_at_checked(length_bytes)
        .ok_or(RlpError::Truncated)?;
    let length = to_u64(bytes).ok_or(RlpError::Truncated)?;
    if bytes.first() == Some(&0) || length <= SHORT_LENGTH_MAX as u64 {
        return Err(RlpError::NonCanonicalLength);
    }
    // A length beyond usize is beyond any input.
    let length = usize::try_from(length).map_err(|_| RlpError::Truncated)?;
    Ok((length, after))
}

/// The integer of these bytes, if it has at most eight.
pub(super) fn to_u64(bytes: &[u8]) -> Option<u64> {
    let fits = bytes.len() <= size_of::<u64>();
    fits.then(|| {
        bytes
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte))
    })
}

/// The integer of these bytes, if it has at most sixteen.
pub(super) fn to_u128(bytes: &[u8]) -> Option<u128> {
    let fits = bytes.len() <= size_of::<u128>();
    fits.then(|| {
        bytes
            .iter()
            .fold(0, |value, byte| value << 8 | u128::from(*byte))
    })
}

/// Appends the header of a list whose items take that many bytes.
pub(super) fn push_list_header(out: &mut Vec<u8>, payload_bytes: usize) {
    if payload_bytes <= SHORT_LENGTH_MAX {
        out.push(LIST_BASE.saturating_add(payload_bytes as u8));
    } else {
        let length = payload_bytes.to_be_bytes();
        let significant = significant_bytes(&length);
        out.push(
            LIST_BASE.saturating_add((SHORT_LENGTH_MAX.saturating_add(significant.len())) as u8),
        );
        out.extend_from_slice(significant);
    }
}

/// Appends an integer.
pub(super) fn push_integer(out: &mut Vec<u8>, integer: u64) {
    let bytes = integer.to_be_bytes();
    match significant_bytes(&bytes) {
        [byte] if *byte < STRING_BASE => out.push(*byte),
        significant => {
            out.push(STRING_BASE.saturating_add(significant.len() as u8));
            out.extend_from_slice(significant);
        }
    }
}

fn significant_bytes(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}
