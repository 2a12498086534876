// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice The balances of an account other than ETH, while a chunk is executed.
struct TokenList {
    /// Whether the witness gave the entries, and not just their hash.
    bool known;
    /// The hash of entries that are not known.
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

    uint256 private constant HASH_FORM = 0;
    uint256 private constant ENTRIES_FORM = 1;
    uint256 private constant ENTRY_BYTES = 17;
    /// @dev Entries that a full list grows by. Growing copies the list, so not one by one.
    uint256 private constant GROWTH = 16;
    bytes1 private constant PREFIX = 0x03;

    /// @notice Bytes of the list that the data begins with.
    function length(bytes calldata data) internal pure returns (uint256) {
        if (uint8(data[0]) == HASH_FORM) return 33;
        if (uint8(data[0]) != ENTRIES_FORM || data.length < 2) revert TokensMalformed();
        return 2 + ENTRY_BYTES * uint8(data[1]);
    }

    /// @notice Reads the list that the data begins with, all of which is there.
    function read(TokenList memory list, bytes calldata data) internal pure {
        if (uint8(data[0]) == HASH_FORM) {
            list.digest = bytes32(data[1:33]);
            return;
        }
        uint256 count = uint8(data[1]);
        list.known = true;
        list.length = count;
        list.entries = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 from = 2 + ENTRY_BYTES * i;
            list.entries[i] = uint136(bytes17(data[from:from + ENTRY_BYTES]));
        }
    }

    /// @notice Entries before the chunk, which is about to touch the list for the first time.
    function touch(TokenList memory list, uint256 account) internal pure returns (uint256) {
        if (!list.known) revert TokensMissing(account);
        return list.length;
    }

    /// @notice The amount held of a token.
    function amountOf(TokenList memory list, uint256 token) internal pure returns (uint256) {
        (uint256 place, bool found) = _find(list, token);
        return found ? uint128(list.entries[place]) : 0;
    }

    /// @notice Sets the amount of a token, below 2^128.
    function set(TokenList memory list, uint256 token, uint256 amount) internal pure {
        (uint256 place, bool found) = _find(list, token);
        if (!found) {
            if (amount == 0) return;
            _makeRoom(list, place);
        }
        list.entries[place] = token << 128 | amount;
    }

    /// @notice The hash of the list; zero for an empty one.
    function hash(TokenList memory list) internal pure returns (bytes32) {
        if (!list.known) return list.digest;
        bytes memory preimage = new bytes(1 + ENTRY_BYTES * list.length + 32);
        preimage[0] = PREFIX;
        uint256 end = 1;
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 entry = list.entries[i];
            if (uint128(entry) == 0) continue;
            // An entry is the first 17 bytes of the word; there is room for the rest of the last word.
            assembly ("memory-safe") {
                mstore(add(add(preimage, 32), end), shl(120, entry))
            }
            end += ENTRY_BYTES;
        }
        if (end == 1) return 0;
        bytes32 digest;
        assembly ("memory-safe") {
            digest := keccak256(add(preimage, 32), end)
        }
        return digest;
    }

    /// @dev The place of a token, or where it would have to be inserted.
    function _find(TokenList memory list, uint256 token) private pure returns (uint256 low, bool found) {
        uint256 high = list.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            uint256 there = list.entries[middle] >> 128;
            if (there == token) return (middle, true);
            if (there < token) low = middle + 1;
            else high = middle;
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
