// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice The balances of an account other than ETH, while a chunk is executed.
struct TokenList {
    /// Whether the witness gave the entries, and not just their hash.
    bool known;
    /// Whether an entry was set. If not, the hash is that of the witness.
    bool changed;
    /// The hash before the chunk; zero for an empty list.
    bytes32 digest;
    /// Entries in use, those whose amount has become zero included.
    uint256 length;
    /// `token << 128 | amount`, strictly ascending by token.
    uint256[] entries;
}

/// @title Token lists of accounts
/// @dev docs/protocol.md, "Account leaf". An entry that falls to zero stays in the list and is left out of the hash.
library TokenLists {
    /// @notice The witness has only the hash of a token list that the chunk touches.
    error TokensMissing(uint256 account);
    /// @notice A token list in the witness is neither a hash nor entries.
    error TokensMalformed();

    uint256 private constant ENTRIES_FORM = 1;
    uint256 private constant ENTRY_BYTES = 17;
    /// @dev Entries that a full list grows by. Growing copies the list, so not one by one.
    uint256 private constant GROWTH = 16;

    /// @notice Reads the list that begins at a place of a witness's accounts, into one that is all zeros. Returns where it ends.
    function read(TokenList memory list, bytes calldata data, uint256 place) internal pure returns (uint256 end) {
        // What is added to a place is small, and a place is below the calldata's length.
        unchecked {
            if (data.length < place + 2) revert TokensMalformed();
            uint256 word = _load(data, place);
            if (word >> 249 != 0) revert TokensMalformed();
            if (word >> 248 != ENTRIES_FORM) {
                end = place + 33;
                if (data.length < end) revert TokensMalformed();
                list.digest = bytes32(_load(data, place + 1));
                return end;
            }
            uint256 count = uint8(word >> 240);
            end = place + 2 + ENTRY_BYTES * count;
            if (data.length < end) revert TokensMalformed();
            _readEntries(list, data, place + 2, count);
        }
    }

    /// @dev Reads entries, which the caller has checked to be there, and hashes them as they are.
    function _readEntries(TokenList memory list, bytes calldata data, uint256 place, uint256 count) private pure {
        list.known = true;
        if (count == 0) return;
        list.length = count;
        uint256[] memory entries = new uint256[](count);
        list.entries = entries;
        bool anyZero;
        bytes32 digest;
        // Each entry goes to its own word of the array; then they are copied, as the 17 bytes each that the hash is of, to fresh memory that is not kept.
        assembly ("memory-safe") {
            let from := add(data.offset, place)
            let to := add(entries, 32)
            for { let end := add(to, shl(5, count)) } lt(to, end) { to := add(to, 32) } {
                let entry := shr(120, calldataload(from))
                anyZero := or(anyZero, iszero(shl(128, entry)))
                mstore(to, entry)
                from := add(from, 17)
            }
            let preimage := mload(0x40)
            mstore8(preimage, 3)
            calldatacopy(add(preimage, 1), add(data.offset, place), mul(17, count))
            digest := keccak256(preimage, add(1, mul(17, count)))
        }
        // An account holds no zero, and the hash after the chunk leaves zeros out: with one in it, the list would be another one.
        if (anyZero) revert TokensMalformed();
        list.digest = digest;
    }

    /// @notice Entries before the chunk, which is about to touch the list for the first time.
    function touch(TokenList memory list, uint256 account) internal pure returns (uint256) {
        if (!list.known) revert TokensMissing(account);
        return list.length;
    }

    /// @notice The amount held of a token, and the place at which it is, or would have to be inserted.
    function find(TokenList memory list, uint256 token) internal pure returns (uint256 amount, uint256 place) {
        uint256[] memory entries = list.entries;
        uint256 high = list.length;
        // Places are below the length. Every payment in a token searches two lists, of up to 255 entries each.
        assembly ("memory-safe") {
            let first := add(entries, 32)
            for {} lt(place, high) {} {
                let middle := shr(1, add(place, high))
                let entry := mload(add(first, shl(5, middle)))
                let there := shr(128, entry)
                if eq(there, token) {
                    place := middle
                    amount := shr(128, shl(128, entry))
                    break
                }
                switch lt(there, token)
                case 1 { place := add(middle, 1) }
                default { high := middle }
            }
        }
    }

    /// @notice Sets the amount of a token, below 2^128, at the place that `find` has just found.
    function set(TokenList memory list, uint256 place, uint256 token, uint256 amount) internal pure {
        if (place == list.length || list.entries[place] >> 128 != token) {
            if (amount == 0) return;
            _makeRoom(list, place);
        }
        list.entries[place] = token << 128 | amount;
        list.changed = true;
    }

    /// @notice The hash of the list; zero for an empty one.
    function hash(TokenList memory list) internal pure returns (bytes32) {
        if (!list.changed) return list.digest;
        uint256[] memory entries = list.entries;
        uint256 count = list.length;
        bytes32 digest;
        // 17 bytes an entry, each the first of a word, in fresh memory that is not kept: there are up to 767 entries.
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            let end := add(preimage, 1)
            mstore8(preimage, 3)
            let entry := add(entries, 32)
            for { let last := add(entry, shl(5, count)) } lt(entry, last) { entry := add(entry, 32) } {
                let value := mload(entry)
                if shl(128, value) {
                    mstore(end, shl(120, value))
                    end := add(end, 17)
                }
            }
            if gt(sub(end, preimage), 1) { digest := keccak256(preimage, sub(end, preimage)) }
        }
        return digest;
    }

    /// @dev A word of which the caller has checked, or is about to check, how much is there.
    function _load(bytes calldata data, uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, place))
        }
    }

    /// @dev Shifts the entries from a place on by one.
    function _makeRoom(TokenList memory list, uint256 place) private pure {
        uint256[] memory from = list.entries;
        uint256[] memory to = list.length < from.length ? from : new uint256[](list.length + GROWTH);
        uint256 before = to.length == from.length ? 0 : place;
        uint256 behind = list.length - place;
        // Copies words between arrays that are long enough, or within one: MCOPY may overlap.
        assembly ("memory-safe") {
            mcopy(add(to, 32), add(from, 32), mul(before, 32))
            mcopy(add(to, mul(add(place, 2), 32)), add(from, mul(add(place, 1), 32)), mul(behind, 32))
        }
        list.entries = to;
        list.length += 1;
    }
}
