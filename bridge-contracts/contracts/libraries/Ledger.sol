// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Limits} from "./Limits.sol";
import {Multiproof} from "./Multiproof.sol";
import {TokenList, TokenLists} from "./TokenLists.sol";

/// @notice An account while a chunk is executed.
struct Entry {
    uint256 index;
    address owner;
    uint256 nonce;
    bool locked;
    uint256 eth;
    TokenList tokens;
    /// Whether the chunk has touched it, and its tokens.
    bool touched;
    bool tokensTouched;
    /// The leaf before the chunk; zero for an account that the chunk created, where the tree was empty.
    bytes32 before;
}

/// @notice The accounts that a chunk touches, strictly ascending by index: those of the witness, then those that it creates.
struct Table {
    Entry[] entries;
    /// By an index's remainder, the place of one of the entries with that remainder, if there is one.
    bytes guesses;
    /// Entries of the witness.
    uint256 given;
    /// Entries in use.
    uint256 length;
    /// Accounts of the state, those that the chunk created so far included.
    uint256 accountCount;
    /// Counted against the limits of a chunk.
    uint256 touched;
    uint256 tokenEntries;
}

/// @title Accounts while a chunk is executed
/// @dev What the witness says of them is believed at first, and held against the state root when the chunk has been executed: nothing
/// may follow from an execution before that.
library Ledger {
    using TokenLists for TokenList;

    /// @notice The witness's accounts are not strictly ascending, or beyond the account count, or the fee account is not the first.
    error AccountOutOfPlace(uint256 index);
    /// @notice The witness lacks an account that the chunk touches.
    error AccountMissing(uint256 index);
    /// @notice The witness's accounts end within one, or have flags that no account has.
    error AccountsMalformed(uint256 place);

    /// @dev Bytes of an account in a witness up to its token list: index, owner, nonce, flags, eth.
    uint256 private constant FIXED_BYTES = 49;
    uint256 private constant FEE_ACCOUNT = 0;
    /// @dev More entries than a chunk can touch and a witness can need: those that it touches, and a holder.
    uint256 private constant ROOM = Limits.CHUNK_ACCOUNTS + 1;
    /// @dev In memory: an entry, where in it its token list is pointed to, and the list without its entries.
    uint256 private constant ENTRY_BYTES = 9 * 32;
    uint256 private constant TOKENS = 5 * 32;
    uint256 private constant LIST_BYTES = 5 * 32;
    /// @dev Guesses of where an account is: a prime, so that indices at equal distances hardly ever share one.
    uint256 private constant GUESSES = 1021;

    /// @notice Reads the accounts of a witness: docs/disputes.md, "Accounts".
    function read(bytes calldata accounts, uint256 accountCount) internal pure returns (Table memory table) {
        table.entries = _room();
        table.guesses = new bytes(GUESSES);
        table.accountCount = accountCount;
        uint256 place = 0;
        uint256 next = 0;
        while (place < accounts.length) {
            if (table.length == ROOM) revert AccountsMalformed(place);
            Entry memory entry = table.entries[_add(table)];
            place = _read(entry, accounts, place);
            uint256 index = entry.index;
            if (index < next || index >= accountCount) revert AccountOutOfPlace(index);
            next = index + 1;
            _guess(table, index, table.length - 1);
        }
        if (table.length == 0 || table.entries[0].index != FEE_ACCOUNT) revert AccountOutOfPlace(FEE_ACCOUNT);
        table.given = table.length;
        table.entries[0].touched = true;
        table.touched = 1;
    }

    /// @notice The place of the account with an index.
    function placeOf(Table memory table, uint256 index) internal pure returns (uint256 place) {
        bool found;
        (place, found) = _find(table, index);
        if (!found) revert AccountMissing(index);
    }

    /// @notice Counts an account, and its tokens, against the limits of the chunk.
    /// @return place Where the account is among the entries: a place and no entry, because Solidity makes a new one for what a function returns.
    /// @return within False when it is one too many; the place is of no use then.
    function touch(Table memory table, uint256 index, bool tokens) internal pure returns (uint256 place, bool within) {
        bool found;
        (place, found) = _find(table, index);
        uint256 touched = table.touched;
        // Of one that is not there it is clear all the same that the chunk has not touched it before.
        if (!found && touched != Limits.CHUNK_ACCOUNTS) revert AccountMissing(index);
        if (!found) return (0, false);
        Entry memory account = table.entries[place];
        // These count to the limits of a chunk, and a list has at most 255 entries.
        unchecked {
            if (!account.touched) {
                if (touched == Limits.CHUNK_ACCOUNTS) return (0, false);
                account.touched = true;
                table.touched = touched + 1;
            }
            if (!tokens) return (place, true);
            if (!account.tokensTouched) {
                account.tokensTouched = true;
                table.tokenEntries += account.tokens.touch(index);
            }
        }
        return (place, table.tokenEntries <= Limits.CHUNK_TOKEN_ENTRIES);
    }

    /// @notice Adds an account with the next index.
    /// @return place Where it is among the entries.
    /// @return within False when it is one too many.
    function create(Table memory table, address owner, bool tokens) internal pure returns (uint256 place, bool within) {
        if (table.touched == Limits.CHUNK_ACCOUNTS) return (0, false);
        place = _add(table);
        Entry memory entry = table.entries[place];
        entry.index = table.accountCount++;
        _guess(table, entry.index, place);
        entry.owner = owner;
        entry.touched = true;
        entry.tokensTouched = tokens;
        entry.tokens.known = true;
        table.touched += 1;
        return (place, true);
    }

    /// @notice Whether the entry at a place is an account of that address.
    function holds(Table memory table, uint256 place, address owner) internal pure returns (bool) {
        return place < table.length && table.entries[place].owner == owner;
    }

    /// @notice The root of the tree of accounts before the chunk, from the accounts of the witness alone.
    function rootBefore(Table memory table, uint256 accountCount, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 before)
    {
        (before,) = _roots(table, table.given, accountCount, siblings);
    }

    /// @notice The roots before and after the chunk. A leaf that the chunk appended was an empty one before; the siblings, which the
    /// chunk did not touch, are the same.
    function roots(Table memory table, bytes32[] calldata siblings) internal pure returns (bytes32, bytes32) {
        return _roots(table, table.length, table.accountCount, siblings);
    }

    /// @notice The leaf of an account as it is now.
    function leaf(Entry memory entry) internal pure returns (bytes32 hash) {
        (address owner, uint256 nonce, uint256 eth) = (entry.owner, entry.nonce, entry.eth);
        bool locked = entry.locked;
        bytes32 tokens = entry.tokens.hash();
        // The 78 bytes of docs/protocol.md, in fresh memory that is not kept: up to 224 leaves are hashed. From the last field to the
        // first, since each word that is written spoils the bytes before its field.
        assembly ("memory-safe") {
            let preimage := add(mload(0x40), 32)
            mstore(add(preimage, 14), eth)
            mstore8(add(preimage, 29), locked)
            mstore(sub(preimage, 3), nonce)
            mstore(sub(preimage, 11), owner)
            mstore8(preimage, 0)
            mstore(add(preimage, 46), tokens)
            hash := keccak256(preimage, 78)
        }
    }

    function _roots(Table memory table, uint256 length, uint256 count, bytes32[] calldata siblings)
        private
        pure
        returns (bytes32, bytes32)
    {
        uint256[] memory paths = new uint256[](Multiproof.WORDS * length);
        Entry[] memory entries = table.entries;
        for (uint256 i = 0; i < length; ++i) {
            Entry memory entry = entries[i];
            // What was not touched has not changed.
            bytes32 afterwards = entry.touched ? leaf(entry) : entry.before;
            Multiproof.setPath(paths, i, entry.index, entry.before, afterwards);
        }
        return Multiproof.roots(paths, uint32(count), siblings);
    }

    /// @dev The place of an index. There are two searches a transfer, so it guesses first: that nearly always hits, unless somebody chose the accounts
    /// so that it does not. Then both cost an eighth more than the search alone.
    function _find(Table memory table, uint256 index) private pure returns (uint256 place, bool found) {
        Entry[] memory entries = table.entries;
        bytes memory guesses = table.guesses;
        // An index is the first word of an entry. Where nothing was remembered there is a zero, which is the place of the fee account.
        assembly ("memory-safe") {
            place := byte(0, mload(add(add(guesses, 32), mod(index, GUESSES))))
            found := eq(index, mload(mload(add(entries, shl(5, add(place, 1))))))
        }
        if (!found) return _search(table, index);
    }

    /// @dev The place of an index by bisection.
    function _search(Table memory table, uint256 index) private pure returns (uint256 low, bool found) {
        Entry[] memory entries = table.entries;
        uint256 high = table.length;
        // All places are below the length.
        assembly ("memory-safe") {
            let first := add(entries, 32)
            for {} lt(low, high) {} {
                let middle := shr(1, add(low, high))
                let there := mload(mload(add(first, shl(5, middle))))
                if eq(there, index) {
                    low := middle
                    found := 1
                    break
                }
                switch lt(there, index)
                case 1 { low := add(middle, 1) }
                default { high := middle }
            }
        }
    }

    /// @dev Room for entries of which none is there yet: each place is written before it is read.
    function _room() private pure returns (Entry[] memory entries) {
        uint256 size = ROOM + Limits.CHUNK_ACCOUNTS;
        // Solidity would make an entry for each place.
        assembly ("memory-safe") {
            entries := mload(0x40)
            mstore(entries, size)
            mstore(0x40, add(entries, mul(add(size, 1), 32)))
        }
    }

    /// @dev Adds an entry, all zeros, and returns its place. The caller has checked that there is room.
    function _add(Table memory table) private pure returns (uint256 place) {
        place = table.length;
        Entry[] memory entries = table.entries;
        // Solidity would write word by word. An entry, and behind it its token list, whose own list is the empty one at 0x60. Behind the calldata there
        // are zeros.
        assembly ("memory-safe") {
            let entry := mload(0x40)
            let list := add(entry, ENTRY_BYTES)
            let end := add(list, LIST_BYTES)
            mstore(0x40, end)
            calldatacopy(entry, calldatasize(), sub(end, entry))
            mstore(add(entry, TOKENS), list)
            mstore(sub(end, 32), 0x60)
            mstore(add(entries, shl(5, add(place, 1))), entry)
        }
        unchecked {
            table.length = place + 1;
        }
    }

    /// @dev Reads the account at a place into an entry that is all zeros. Returns where it ends.
    function _read(Entry memory entry, bytes calldata accounts, uint256 place) private pure returns (uint256 end) {
        uint256 first;
        uint256 second;
        unchecked {
            if (accounts.length - place < FIXED_BYTES) revert AccountsMalformed(place);
            // Two words, of which 49 bytes are there, as was just checked.
            assembly ("memory-safe") {
                first := calldataload(add(accounts.offset, place))
                second := calldataload(add(accounts.offset, add(place, 32)))
            }
            if (second >> 249 != 0) revert AccountsMalformed(place);
            end = entry.tokens.read(accounts, place + FIXED_BYTES);
        }
        entry.index = first >> 224;
        entry.owner = address(uint160(first >> 64));
        entry.nonce = uint64(first);
        entry.locked = second >> 248 != 0;
        entry.eth = uint128(second >> 120);
        bytes32 tokens = entry.tokens.digest;
        bytes32 before;
        // The leaf is of the same fields in the same order, without the index: 45 bytes between a zero and the hash of the tokens. Fresh memory that is
        // not kept.
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mstore8(preimage, 0)
            calldatacopy(add(preimage, 1), add(add(accounts.offset, place), 4), 45)
            mstore(add(preimage, 46), tokens)
            before := keccak256(preimage, 78)
        }
        entry.before = before;
    }

    /// @dev Remembers where the account with an index is, in place of any other with the same remainder.
    function _guess(Table memory table, uint256 index, uint256 place) private pure {
        bytes memory guesses = table.guesses;
        // See `_find`. A place fits a byte.
        assembly ("memory-safe") {
            mstore8(add(add(guesses, 32), mod(index, GUESSES)), place)
        }
    }
}
