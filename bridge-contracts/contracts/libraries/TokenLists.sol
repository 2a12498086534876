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

    uint256 private constant ENTRIES_FORM = 1;
    uint256 private constant ENTRY_BYTES = 17;
    /// @dev Entries that a full list grows by. Growing copies the list, so not one by one.
    uint256 private constant GROWTH = 16;

    /// @notice Reads the list that begins at a place of a witness's accounts, and returns where it ends.
    function read(TokenList memory list, bytes calldata data, uint256 place) internal pure returns (uint256 end) {
        if (data.length < place + 2) revert TokensMalformed();
        uint256 word = _load(data, place);
        bool known = word >> 248 == ENTRIES_FORM;
        uint256 count = known ? uint8(word >> 240) : 0;
        end = place + (known ? 2 + ENTRY_BYTES * count : 33);
        if (word >> 249 != 0 || data.length < end) revert TokensMalformed();
        list.known = known;
        if (!known) {
            list.digest = bytes32(_load(data, place + 1));
            return end;
        }
        list.length = count;
        list.entries = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 entry = _load(data, place + 2 + ENTRY_BYTES * i) >> 120;
            // An account holds no zero, and the hash leaves zeros out: with them in it, the list would be another one with the same hash.
            if (uint128(entry) == 0) revert TokensMalformed();
            list.entries[i] = entry;
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
        uint256[] memory entries = list.entries;
        uint256 count = list.length;
        bytes32 digest;
        // 17 bytes an entry, each the first of a word, in fresh memory that is not kept: up to 767 entries are hashed, twice.
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

    /// @dev The place of a token, or where it would have to be inserted.
    function _find(TokenList memory list, uint256 token) private pure returns (uint256 low, bool found) {
        uint256[] memory entries = list.entries;
        uint256 high = list.length;
        // Both stay below the length.
        unchecked {
            while (low < high) {
                uint256 middle = (low + high) / 2;
                uint256 there = entries[middle] >> 128;
                if (there == token) return (middle, true);
                if (there < token) low = middle + 1;
                else high = middle;
            }
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
