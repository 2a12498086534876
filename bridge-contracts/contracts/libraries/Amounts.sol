// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What L1 knows of the encoding of amounts
/// @dev docs/protocol.md, "Amounts".
library Amounts {
    /// Decimals of a token that can be listed, at most: 10^38 is the largest power of ten below 2^128.
    uint8 internal constant MAX_DECIMALS = 38;

    /// @notice The exponent of ten that short amounts of a token count from.
    function baseExponent(uint8 decimals) internal pure returns (uint8) {
        uint8 half = decimals / 2;
        return decimals >= half + 6 ? decimals - 6 : half;
    }
}
