// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The encoding of amounts
/// @dev docs/protocol.md, "Amounts".
library Amounts {
    /// Decimals of a token that can be listed, at most: 10^38 is the largest power of ten below 2^128.
    uint8 internal constant MAX_DECIMALS = 38;

    uint256 private constant SHORT_MANTISSAS = 9_000;
    uint256 private constant SHORT_EXPONENTS = 7;
    uint256 private constant ZERO_CODE = SHORT_MANTISSAS * SHORT_EXPONENTS;
    uint256 private constant FIRST_GENERAL = ZERO_CODE + 1;
    uint256 private constant MANTISSA_BYTES = 16;
    uint256 private constant LAST_CODE = ZERO_CODE + 39 * MANTISSA_BYTES;

    /// @notice The exponent of ten that short amounts of a token count from.
    function baseExponent(uint8 decimals) internal pure returns (uint8) {
        uint8 half = decimals / 2;
        return decimals >= half + 6 ? decimals - 6 : half;
    }

    /// @notice Bytes of mantissa after a code; zero for codes that mean nothing.
    function mantissaBytes(uint256 code) internal pure returns (uint256) {
        if (code < FIRST_GENERAL || code > LAST_CODE) return 0;
        return (code - FIRST_GENERAL) % MANTISSA_BYTES + 1;
    }

    /// @notice The amount that a code and its mantissa name. Not valid if they are not the one encoding of an amount below 2^128.
    /// @param mantissa Of as many bytes as the code calls for.
    /// @param base The token's base exponent, 0 to 32.
    function decode(uint256 code, uint256 mantissa, uint256 base) internal pure returns (uint256 amount, bool valid) {
        // The largest product is 2^128 times 10^38, which fits a word.
        unchecked {
            if (code < ZERO_CODE) {
                uint256 rank = code % SHORT_MANTISSAS;
                amount = (rank + rank / 9 + 1) * 10 ** (base + code / SHORT_MANTISSAS);
                return (amount, amount <= type(uint128).max);
            }
            if (code == ZERO_CODE) return (0, true);
            if (code > LAST_CODE) return (0, false);
            uint256 exponent = (code - FIRST_GENERAL) / MANTISSA_BYTES;
            amount = mantissa * 10 ** exponent;
            bool shortest = mantissa >> (8 * (mantissaBytes(code) - 1)) != 0 && mantissa % 10 != 0;
            bool short = mantissa <= 9_999 && exponent >= base && exponent < base + SHORT_EXPONENTS;
            return (amount, shortest && !short && amount <= type(uint128).max);
        }
    }
}
