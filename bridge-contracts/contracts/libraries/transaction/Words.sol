// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fault, InvalidTransaction} from "./Faults.sol";
import {Slices} from "./Slices.sol";

/// @title The arguments of a call: words, one after the other, read strictly
/// @dev Each function reads the word that `input` begins with, and returns what follows it. The compiler's own decoder would take several
/// encodings of one value, and refuse others with an empty revert. As `protocol/src/transaction/abi.rs` does it.
library Words {
    /// @notice The next word.
    function word(bytes calldata input) internal pure returns (uint256, bytes calldata rest) {
        if (input.length < 32) revert InvalidTransaction(Fault.CallTooShort);
        return (Slices.word(input), Slices.tail(input, 32));
    }

    /// @notice The next word as an address.
    function address_(bytes calldata input) internal pure returns (address, bytes calldata rest) {
        uint256 value;
        (value, rest) = word(input);
        if (value > type(uint160).max) revert InvalidTransaction(Fault.AddressHighBytes);
        return (address(uint160(value)), rest);
    }

    /// @notice The next word as the L1 address of a token.
    function token(bytes calldata input) internal pure returns (address listed, bytes calldata rest) {
        (listed, rest) = address_(input);
        if (listed == address(0)) revert InvalidTransaction(Fault.TokenIsZero);
    }

    /// @notice The next word as an amount.
    function amount(bytes calldata input) internal pure returns (uint128, bytes calldata rest) {
        uint256 value;
        (value, rest) = word(input);
        if (value > type(uint128).max) revert InvalidTransaction(Fault.AmountTooLarge);
        return (uint128(value), rest);
    }

    /// @notice The next word as an offset, which has one canonical value.
    function offset(bytes calldata input, uint256 canonical) internal pure returns (bytes calldata rest) {
        uint256 value;
        (value, rest) = word(input);
        if (value != canonical) revert InvalidTransaction(Fault.OffsetNotCanonical);
    }

    /// @notice Ends the reading: nothing follows.
    function end(bytes calldata input) internal pure {
        if (input.length != 0) revert InvalidTransaction(Fault.CallTrailingBytes);
    }
}
