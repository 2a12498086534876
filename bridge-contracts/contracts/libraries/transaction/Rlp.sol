// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fault, InvalidTransaction} from "./Faults.sol";
import {Slices} from "./Slices.sol";

/// @title A strict reader of RLP
/// @dev A value has one encoding. Each function reads the item that `input` begins with, and returns what follows it. Both are slices of
/// `input`, so that nothing outside the surrounding list is ever looked at. As `protocol/src/transaction/rlp.rs` does it.
library Rlp {
    /// Lengths up to this one are part of the first byte.
    uint256 private constant SHORT_LENGTH_MAX = 55;
    uint256 private constant STRING_BASE = 0x80;
    uint256 private constant LIST_BASE = 0xc0;

    /// @notice The next item as bytes.
    function string_(bytes calldata input) internal pure returns (bytes calldata payload, bytes calldata rest) {
        bool isList;
        (payload, rest, isList) = _item(input);
        if (isList) revert InvalidTransaction(Fault.UnexpectedList);
    }

    /// @notice The next item as the payload of a list.
    function list(bytes calldata input) internal pure returns (bytes calldata payload, bytes calldata rest) {
        bool isList;
        (payload, rest, isList) = _item(input);
        if (!isList) revert InvalidTransaction(Fault.ExpectedList);
    }

    /// @notice The next item as an integer.
    function integer(bytes calldata input) internal pure returns (uint256 value, bytes calldata rest) {
        bytes calldata payload;
        (payload, rest) = string_(input);
        uint256 length = payload.length;
        if (length == 0) return (0, rest);
        value = Slices.word(payload);
        if (value >> 248 == 0) revert InvalidTransaction(Fault.LeadingZero);
        if (length > 32) revert InvalidTransaction(Fault.IntegerTooLarge);
        unchecked {
            value >>= 256 - 8 * length;
        }
    }

    /// @notice The header of a list whose items take that many bytes, at most 65,535.
    function listHeader(uint256 length) internal pure returns (bytes memory) {
        if (length <= SHORT_LENGTH_MAX) return abi.encodePacked(uint8(LIST_BASE + length));
        uint8 long = uint8(LIST_BASE + SHORT_LENGTH_MAX);
        if (length <= type(uint8).max) return abi.encodePacked(long + 1, uint8(length));
        return abi.encodePacked(long + 2, uint16(length));
    }

    /// @notice The encoding of an integer.
    function encode(uint64 value) internal pure returns (bytes memory encoded) {
        if (value != 0 && value < STRING_BASE) return abi.encodePacked(uint8(value));
        uint256 length = 0;
        while (uint256(value) >> (8 * length) != 0) ++length;
        encoded = new bytes(1 + length);
        encoded[0] = bytes1(uint8(STRING_BASE + length));
        for (uint256 i = 0; i < length; ++i) {
            encoded[length - i] = bytes1(uint8(value >> (8 * i)));
        }
    }

    function _item(bytes calldata input)
        private
        pure
        returns (bytes calldata payload, bytes calldata rest, bool isList)
    {
        if (input.length == 0) {
            revert InvalidTransaction(Fault.TooFewItems);
        }
        uint256 first = Slices.word(input) >> 248;
        if (first < STRING_BASE) return (Slices.head(input, 1), Slices.tail(input, 1), false);

        uint256 length;
        (length, rest) = _header(input, first);
        if (length > rest.length) revert InvalidTransaction(Fault.Truncated);
        payload = Slices.head(rest, length);
        rest = Slices.tail(rest, length);
        isList = first >= LIST_BASE;
        if (!isList && length == 1 && Slices.word(payload) >> 248 < STRING_BASE) {
            revert InvalidTransaction(Fault.NonCanonicalByte);
        }
    }

    /// @dev The payload's length, below 2^64, and what follows the header.
    function _header(bytes calldata input, uint256 first) private pure returns (uint256 length, bytes calldata rest) {
        unchecked {
            // The low six bits: a length up to 55, or 55 and the number of bytes of the length, 1 to 8.
            uint256 code = first & 0x3f;
            if (code <= SHORT_LENGTH_MAX) return (code, Slices.tail(input, 1));
            uint256 size = code - SHORT_LENGTH_MAX;
            if (input.length <= size) revert InvalidTransaction(Fault.Truncated);
            length = (Slices.word(input) << 8) >> (256 - 8 * size);
            if (length >> (8 * size - 8) == 0 || length <= SHORT_LENGTH_MAX) {
                revert InvalidTransaction(Fault.NonCanonicalLength);
            }
            rest = Slices.tail(input, 1 + size);
        }
    }
}
