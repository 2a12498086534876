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

    bytes1 private constant LEAF_PREFIX = 0x00;
    /// @dev Bytes of an account in a witness up to its token list: index, owner, nonce, flags, eth.
    uint256 private constant FIXED_BYTES = 49;
    uint256 private constant FEE_ACCOUNT = 0;

    /// @notice Reads the accounts of a witness: docs/disputes.md, "Witness".
    function read(bytes calldata accounts, uint256 accountCount) internal pure returns (Table memory table) {
        uint256 count = _count(accounts);
        table.entries = new Entry[](count + Limits.CHUNK_ACCOUNTS);
        table.accountCount = accountCount;
        uint256 place = 0;
        uint256 next = 0;
        for (uint256 i = 0; i < count; ++i) {
            Entry memory entry = table.entries[i];
            place = _read(entry, accounts, place);
            if (entry.index < next || entry.index >= accountCount) revert AccountOutOfPlace(entry.index);
            next = entry.index + 1;
            entry.before = leaf(entry);
        }
        if (count == 0 || table.entries[0].index != FEE_ACCOUNT) revert AccountOutOfPlace(FEE_ACCOUNT);
        table.given = count;
        table.length = count;
        table.entries[0].touched = true;
        table.touched = 1;
    }

    /// @notice The fee account.
    function feeAccount(Table memory table) internal pure returns (Entry memory) {
        return table.entries[0];
    }

    /// @notice The account at an index.
    function get(Table memory table, uint256 index) internal pure returns (Entry memory) {
        (uint256 place, bool found) = _find(table, index);
        if (!found) revert AccountMissing(index);
        return table.entries[place];
    }

    /// @notice Counts an account, and its tokens, against the limits of the chunk.
    /// @return account The account.
    /// @return within False when it is one too many; the account is of no use then.
    function touch(Table memory table, uint256 index, bool tokens)
        internal
        pure
        returns (Entry memory account, bool within)
    {
        (uint256 place, bool found) = _find(table, index);
        if (!found) {
            // Whatever is at that index, the chunk has not touched it before.
            if (table.touched == Limits.CHUNK_ACCOUNTS) return (account, false);
            revert AccountMissing(index);
        }
        account = table.entries[place];
        if (!account.touched) {
            if (table.touched == Limits.CHUNK_ACCOUNTS) return (account, false);
            account.touched = true;
            table.touched += 1;
        }
        if (tokens && !account.tokensTouched) {
            account.tokensTouched = true;
            table.tokenEntries += account.tokens.touch(index);
        }
        return (account, table.tokenEntries <= Limits.CHUNK_TOKEN_ENTRIES);
    }

    /// @notice Adds an account with the next index.
    /// @return within False when it is one too many.
    function create(Table memory table, address owner, bool tokens) internal pure returns (Entry memory, bool within) {
        if (table.touched == Limits.CHUNK_ACCOUNTS) return (table.entries[0], false);
        Entry memory entry = table.entries[table.length++];
        entry.index = table.accountCount++;
        entry.owner = owner;
        entry.touched = true;
        entry.tokensTouched = tokens;
        entry.tokens.known = true;
        table.touched += 1;
        return (entry, true);
    }

    /// @notice Whether the entry at a place is an account of that address.
    function holds(Table memory table, uint256 place, address owner) internal pure returns (bool) {
        return place < table.length && table.entries[place].owner == owner;
    }

    /// @notice The root of the tree of accounts before the chunk, from the accounts of the witness alone.
    function rootBefore(Table memory table, uint256 accountCount, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32)
    {
        return _root(table, table.given, accountCount, siblings, false);
    }

    /// @notice The roots before and after the chunk. A leaf that the chunk appended was an empty one before; the siblings, which the
    /// chunk did not touch, are the same.
    function roots(Table memory table, bytes32[] calldata siblings) internal pure returns (bytes32, bytes32) {
        return (
            _root(table, table.length, table.accountCount, siblings, false),
            _root(table, table.length, table.accountCount, siblings, true)
        );
    }

    /// @notice The leaf of an account as it is now.
    function leaf(Entry memory entry) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                LEAF_PREFIX, entry.owner, uint64(entry.nonce), entry.locked, uint128(entry.eth), entry.tokens.hash()
            )
        );
    }

    function _root(Table memory table, uint256 length, uint256 count, bytes32[] calldata siblings, bool now_)
        private
        pure
        returns (bytes32)
    {
        uint256[] memory indices = new uint256[](length);
        bytes32[] memory leaves = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) {
            Entry memory entry = table.entries[i];
            indices[i] = entry.index;
            // What was not touched has not changed.
            leaves[i] = now_ && entry.touched ? leaf(entry) : entry.before;
        }
        return Multiproof.root(indices, leaves, uint32(count), siblings);
    }

    function _find(Table memory table, uint256 index) private pure returns (uint256 low, bool found) {
        uint256 high = table.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            uint256 there = table.entries[middle].index;
            if (there == index) return (middle, true);
            if (there < index) low = middle + 1;
            else high = middle;
        }
    }

    function _count(bytes calldata accounts) private pure returns (uint256 count) {
        for (uint256 place = 0; place < accounts.length; ++count) {
            if (accounts.length - place <= FIXED_BYTES) revert AccountsMalformed(place);
            place += FIXED_BYTES;
            place += TokenLists.length(accounts[place:]);
            if (place > accounts.length) revert AccountsMalformed(place);
        }
    }

    function _read(Entry memory entry, bytes calldata accounts, uint256 place) private pure returns (uint256) {
        bytes calldata fields = accounts[place:];
        entry.index = uint32(bytes4(fields[0:4]));
        entry.owner = address(bytes20(fields[4:24]));
        entry.nonce = uint64(bytes8(fields[24:32]));
        uint8 flags = uint8(fields[32]);
        if (flags > 1) revert AccountsMalformed(place);
        entry.locked = flags == 1;
        entry.eth = uint128(bytes16(fields[33:49]));
        bytes calldata list = fields[FIXED_BYTES:];
        entry.tokens.read(list);
        return place + FIXED_BYTES + TokenLists.length(list);
    }
}
