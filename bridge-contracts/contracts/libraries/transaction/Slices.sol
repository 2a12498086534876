// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Slices of calldata without the compiler's checks
/// @dev The readers of transactions compare every length with what is left before they slice, because a fault there has a name. The compiler checks
/// once more, for 145 gas a slice and 86 a word. Without that the answer to a challenge takes 98,000 gas instead of 106,000 for a plain
/// transfer, and 231,000 instead of 261,000 for a payout to 64. None of these functions looks at lengths: the callers have.
library Slices {
    // A slice's two halves are two variables, and slither sees one.
    // slither-disable-start write-after-write

    /// @notice The first 32 bytes. What lies beyond the end of `input` is no part of it, and anything: callers drop it.
    function word(bytes calldata input) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(input.offset)
        }
    }

    /// @notice The first `length` bytes, at most as many as there are.
    function head(bytes calldata input, uint256 length) internal pure returns (bytes calldata slice) {
        assembly ("memory-safe") {
            slice.offset := input.offset
            slice.length := length
        }
    }

    /// @notice What follows the first `start` bytes, at most as many as there are.
    function tail(bytes calldata input, uint256 start) internal pure returns (bytes calldata slice) {
        assembly ("memory-safe") {
            slice.offset := add(input.offset, start)
            slice.length := sub(input.length, start)
        }
    }
    // slither-disable-end write-after-write
}
