//! Addresses as people write them.

use alloy_primitives::Address;

/// An address in one letter case, or in mixed case with a right checksum (EIP-55): what goes to a mistyped
/// account is gone. The error continues a sentence that begins with what was written.
pub(crate) fn parse(written: &str) -> Result<Address, &'static str> {
    let digits = written.strip_prefix("0x").unwrap_or_default();
    let Ok(address) = digits.parse::<Address>() else {
        return Err("is no address: it must be 0x and 40 hex digits");
    };
    let mixed = digits.contains(|c: char| c.is_ascii_uppercase())
        && digits.contains(|c: char| c.is_ascii_lowercase());
    if mixed && address.to_checksum(None) != written {
        return Err("has a wrong checksum: check it, or write it in lower case");
    }
    Ok(address)
}
