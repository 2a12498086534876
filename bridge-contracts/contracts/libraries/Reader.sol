// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Reads numbers from a chunk's operations
/// @dev A read past the end gives zero and is remembered in `failed`, so that whoever decodes asks once, at an operation's end.
library Reader {
    struct Cursor {
        /// Followed by at least 32 bytes of memory that this contract has allocated: a read takes whole words.
        bytes data;
        /// The next byte.
        uint256 place;
        /// Whether something was not as it must be.
        bool failed;
    }

    /// @notice A cursor over a copy of the data.
    function over(bytes calldata data, uint256 from) internal pure returns (Cursor memory cursor) {
        cursor.data = bytes.concat(data, bytes32(0));
        bytes memory copy = cursor.data;
        uint256 length = data.length;
        // Cuts off the padding, which stays allocated.
        assembly ("memory-safe") {
            mstore(copy, length)
        }
        cursor.place = from;
    }

    /// @notice The number in the next `count` bytes, 0 to 32.
    function take(Cursor memory cursor, uint256 count) internal pure returns (uint256 value) {
        bytes memory data = cursor.data;
        uint256 place = cursor.place;
        // Both are below 2^10.
        unchecked {
            uint256 end = place + count;
            if (end > data.length) {
                cursor.failed = true;
                return 0;
            }
            cursor.place = end;
        }
        // The word begins inside the data and ends at most 32 bytes behind it, where the padding is.
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, count)), mload(add(add(data, 32), place)))
        }
    }

    /// @notice Whether nothing but zeros is left.
    function restIsZero(Cursor memory cursor) internal pure returns (bool) {
        uint256 left = cursor.data.length - cursor.place;
        uint256 any = take(cursor, left % 32);
        for (uint256 i = 0; i < left / 32; ++i) {
            any |= take(cursor, 32);
        }
        return any == 0;
    }
}
