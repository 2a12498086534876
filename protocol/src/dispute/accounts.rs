//! Accounts as a witness packs them: `docs/disputes.md`, "Accounts".

use alloc::vec::Vec;

use crate::account::{Account, FLAG_LOCKED};

const HASH_FORM: u8 = 0;
const ENTRIES_FORM: u8 = 1;
/// With so many entries a list is shorter than its hash.
const SHORT_LIST: usize = 1;

/// Appends an account: index u32, address, nonce u64, flags u8, eth u128, then its tokens: `00` and the
/// hash of the list, or `01`, a count and the entries.
pub fn pack(packed: &mut Vec<u8>, index: u32, account: &Account, with_tokens: bool) {
    packed.extend_from_slice(&index.to_be_bytes());
    packed.extend_from_slice(account.address.as_slice());
    packed.extend_from_slice(&account.nonce.to_be_bytes());
    packed.push(if account.locked { FLAG_LOCKED } else { 0 });
    packed.extend_from_slice(&account.eth.to_be_bytes());
    let entries = account.tokens.entries();
    if !with_tokens && entries.len() > SHORT_LIST {
        packed.push(HASH_FORM);
        packed.extend_from_slice(account.tokens.hash().as_slice());
        return;
    }
    packed.push(ENTRIES_FORM);
    // A list has at most 255 entries.
    packed.push(u8::try_from(entries.len()).unwrap_or(u8::MAX));
    for entry in entries {
        packed.push(entry.token);
        packed.extend_from_slice(&{ entry.amount }.to_be_bytes());
    }
}
