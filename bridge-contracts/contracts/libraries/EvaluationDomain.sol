// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Where a blob's polynomial takes the values that the blob lists
/// @dev docs/protocol.md, "Blobs". Element i of a blob is the value at ROOT^r, where r is i with its 12 bits in reverse order. The 16 elements of chunk
/// c are therefore the values at the points a * u^k, where a is the point of the first one and u = ROOT^256 has order 16: a coset, on which
/// X^16 - a^16 vanishes.
library EvaluationDomain {
    /// The order of the field of scalars of BLS12-381.
    uint256 internal constant MODULUS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    /// Elements of a chunk.
    uint256 internal constant CHUNK_ELEMENTS = 16;
    /// Bytes that an element carries, behind a top byte of zero.
    uint256 internal constant PAYLOAD_BYTES = 31;

    uint256 private constant BITS = 12;
    /// 7^((MODULUS - 1) / 4096), of order 4096, as EIP-4844 has it, and inverses of its powers of lower order.
    uint256 private constant ROOT = 0x564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306;
    uint256 private constant INVERSE_ROOT = 0x391b2856c609b4784ae25ffab9dc59865046d17864183203961a252dd8543362;
    uint256 private constant INVERSE_ROOT_16 = 0x3b25b475ab91194b687a73c92f188612fc010d53ccb225425e544cdf4c887948;
    uint256 private constant INVERSE_ROOT_8 = 0x60b9f524ccbc6d03787d7d083f1b189fc54913cc6b4e0c269fc8017d5166afd3;
    uint256 private constant INVERSE_ROOT_4 = 0x73eda753299d7d47a5e80b39939ed33467baa40089fb5bfefffeffff00000001;
    uint256 private constant INVERSE_ROOT_2 = MODULUS - 1;
    /// -1/16 in the field: 16 times it is MODULUS - 1.
    uint256 private constant NEGATED_SIXTEENTH = (MODULUS - 1) / 16;

    /// @notice The point of an element, counted from 0 within its blob.
    function point(uint256 element) internal pure returns (uint256) {
        return _power(ROOT, _reversed(element));
    }

    /// @notice a^16 of a chunk, counted from 0 within its blob: X^16 minus it vanishes at the points of the chunk's elements.
    function shift(uint256 chunk) internal pure returns (uint256) {
        return _power(ROOT, 16 * _reversed(CHUNK_ELEMENTS * chunk));
    }

    /// @notice The polynomial of degree below 16 that has a chunk's elements as its values at their points, negated: its coefficients
    /// from the lowest one, each below MODULUS.
    /// @param chunk Its number, from 0 within its blob.
    /// @param payload Its 496 bytes. The caller has checked that there are as many.
    function negatedInterpolation(uint256 chunk, bytes calldata payload)
        internal
        pure
        returns (uint256[CHUNK_ELEMENTS] memory coefficients)
    {
        // The last word reaches beyond the payload by the byte that the shift drops. The array has a word for each element.
        assembly ("memory-safe") {
            let element := payload.offset
            let to := coefficients
            for { let end := add(to, mul(32, CHUNK_ELEMENTS)) } lt(to, end) { to := add(to, 32) } {
                mstore(to, shr(8, calldataload(element)))
                element := add(element, PAYLOAD_BYTES)
            }
        }
        // An inverse Fourier transform. Elements are in bit-reversed order already, so coefficients come out in theirs.
        _layer(coefficients, 1, INVERSE_ROOT_2);
        _layer(coefficients, 2, INVERSE_ROOT_4);
        _layer(coefficients, 4, INVERSE_ROOT_8);
        _layer(coefficients, 8, INVERSE_ROOT_16);
        // So far they are those of I(a X), 16 times too large.
        uint256 inverse = _power(INVERSE_ROOT, _reversed(CHUNK_ELEMENTS * chunk));
        uint256 scale = NEGATED_SIXTEENTH;
        // It counts to 16.
        unchecked {
            for (uint256 i = 0; i < CHUNK_ELEMENTS; ++i) {
                coefficients[i] = mulmod(coefficients[i], scale, MODULUS);
                scale = mulmod(scale, inverse, MODULUS);
            }
        }
    }

    /// @dev Joins transforms of `half` values to transforms of twice as many, with a root of unity of that order. This is where most of the gas goes
    /// that precompiles do not take.
    function _layer(uint256[CHUNK_ELEMENTS] memory values, uint256 half, uint256 root) private pure {
        uint256 twiddle = 1;
        // These count to 16.
        unchecked {
            for (uint256 first = 0; first < half; ++first) {
                for (uint256 i = first; i < CHUNK_ELEMENTS; i += 2 * half) {
                    // i + half stays below 16, and the difference above zero, because a product is below MODULUS.
                    assembly ("memory-safe") {
                        let low := add(values, shl(5, i))
                        let high := add(low, shl(5, half))
                        let left := mload(low)
                        let right := mulmod(mload(high), twiddle, MODULUS)
                        mstore(low, addmod(left, right, MODULUS))
                        mstore(high, addmod(left, sub(MODULUS, right), MODULUS))
                    }
                }
                twiddle = mulmod(twiddle, root, MODULUS);
            }
        }
    }

    /// @dev The 12 bits of an element's number in reverse order.
    function _reversed(uint256 element) private pure returns (uint256 reversed) {
        // It counts to 12.
        unchecked {
            for (uint256 bit = 0; bit < BITS; ++bit) {
                reversed = (reversed << 1) | ((element >> bit) & 1);
            }
        }
    }

    function _power(uint256 base, uint256 exponent) private pure returns (uint256 power) {
        power = 1;
        for (; exponent != 0; exponent >>= 1) {
            if (exponent & 1 == 1) power = mulmod(power, base, MODULUS);
            base = mulmod(base, base, MODULUS);
        }
    }
}
