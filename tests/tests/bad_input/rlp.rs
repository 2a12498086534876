//! RLP written by hand, so that tests can write it wrongly.

/// A string item in canonical form.
pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte] if *byte < 0x80 => vec![*byte],
        _ => [header(0x80, bytes.len()), bytes.to_vec()].concat(),
    }
}

/// A list item of items that are encoded already.
pub(crate) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let payload = items.concat();
    [header(0xc0, payload.len()), payload].concat()
}

/// An integer in canonical form.
pub(crate) fn integer(value: impl Into<u128>) -> Vec<u8> {
    let bytes = value.into().to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    string(&bytes[zeros..])
}

/// The header of a string (offset 0x80) or list (offset 0xc0).
fn header(offset: u8, length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short) if short < 56 => vec![offset + short],
        Ok(long) => vec![offset + 56, long],
        Err(_) => {
            let long = u16::try_from(length).expect("an item below 64 KiB");
            [&[offset + 57][..], &long.to_be_bytes()].concat()
        }
    }
}
