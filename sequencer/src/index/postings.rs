//! Postings: which block holds something about which key, in eight bytes each.

use alloy_primitives::{Address, B256};
use xxhash_rust::xxh3::xxh3_64;

/// Blocks that a section spans, at most: what an offset can count.
pub(super) const BLOCKS_MAX: u64 = 1 << OFFSET_BITS;
const OFFSET_BITS: u32 = 16;
const FLAG_BITS: u32 = 1;
const KEY_SHIFT: u32 = OFFSET_BITS + FLAG_BITS;

/// What blocks can be searched for: a hash of 47 bits. Two values can share a key, so what is found is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

impl Key {
    /// Every log.
    pub const ANY_LOG: Self = Self(0);

    /// A topic, wherever it stands.
    #[must_use]
    pub fn topic(topic: &B256) -> Self {
        Self(xxh3_64(topic.as_slice()) >> KEY_SHIFT)
    }

    /// An address: an account that takes part in something, indexed by a log or not, or that logs.
    #[must_use]
    pub fn address(address: &Address) -> Self {
        Self::topic(&address.into_word())
    }

    /// The least posting of the key.
    pub(super) const fn first(self) -> u64 {
        self.0 << KEY_SHIFT
    }
}

/// A posting: key 47 bits, the block's offset from the section's first 16 bits, and whether a log of the block has the key.
pub(super) const fn posting(key: Key, offset: u16, logged: bool) -> u64 {
    key.first() | (offset as u64) << FLAG_BITS | logged as u64
}

pub(super) const fn key_of(posting: u64) -> Key {
    Key(posting >> KEY_SHIFT)
}

pub(super) const fn offset_of(posting: u64) -> u16 {
    (posting >> FLAG_BITS) as u16
}

pub(super) const fn is_logged(posting: u64) -> bool {
    posting & 1 == 1
}

/// Sorts postings, and leaves one for each key and block: the logged one if there is one.
pub(super) fn sort(postings: &mut Vec<u64>) {
    postings.sort_unstable();
    // Of two that differ in the flag alone the logged one comes second: it replaces the first.
    postings.dedup_by(|next, kept| {
        let same = *next >> FLAG_BITS == *kept >> FLAG_BITS;
        if same {
            *kept |= *next;
        }
        same
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posting_holds_what_was_put_in() {
        let key = Key::topic(&B256::repeat_byte(7));
        for (offset, logged) in [(0, false), (u16::MAX, true), (5, true)] {
            let posting = posting(key, offset, logged);
            assert_eq!(
                (key_of(posting), offset_of(posting), is_logged(posting)),
                (key, offset, logged)
            );
        }
        assert_eq!(
            Key::address(&Address::repeat_byte(7)),
            Key::topic(&Address::repeat_byte(7).into_word())
        );
    }

    #[test]
    fn one_posting_is_left_for_each_key_and_block() {
        let (a, b) = (Key(1), Key(2));
        let mut postings = vec![
            posting(b, 3, false),
            posting(a, 9, true),
            posting(a, 9, false),
            posting(a, 2, false),
            posting(b, 3, false),
        ];
        sort(&mut postings);
        assert_eq!(
            postings,
            [
                posting(a, 2, false),
                posting(a, 9, true),
                posting(b, 3, false)
            ]
        );
    }
}
