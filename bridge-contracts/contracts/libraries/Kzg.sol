// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EvaluationDomain} from "./EvaluationDomain.sol";
import {TrustedSetup} from "./TrustedSetup.sol";

/// @title Values of a blob, by its versioned hash
/// @dev Each function returns if the values are the blob's, and reverts in every other case: a wrong value, a malformed point, too little gas
/// and a chain without the precompiles cannot be told apart here. So a caller learns that something is so, and never that it is not.
library Kzg {
    /// Bytes of a point of G1 as EIP-2537 takes it, and compressed.
    uint256 internal constant POINT_BYTES = 128;
    uint256 internal constant COMPRESSED_BYTES = 48;

    address private constant POINT_EVALUATION = address(0x0a);
    address private constant G1_MSM = address(0x0c);
    address private constant PAIRING = address(0x0f);

    /// These precompiles burn all gas that they are given when they fail. This bounds what a wrong proof costs its sender. It is not
    /// the exact price, because this code cannot be changed, and a fork that raised a price would put an end to all disputes.
    uint256 private constant PRICE_RISE = 4;
    uint256 private constant POINT_EVALUATION_GAS = PRICE_RISE * 50_000;
    /// EIP-2537: 12,000 for each of 18 points, less a discount.
    uint256 private constant MSM_GAS = PRICE_RISE * 18 * 12_000 * 669 / 1000;
    /// EIP-2537, for two pairs.
    uint256 private constant PAIRING_GAS = PRICE_RISE * (2 * 32_600 + 37_700);

    /// (p - 1) / 2 for the order p of the field of coordinates: its upper 128 and lower 256 bits.
    uint256 private constant HALF_HIGH = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    bytes1 private constant VERSION = 0x01;
    /// Top bits of a compressed point: one that says so, one for infinity, one for the larger y.
    uint128 private constant COMPRESSED = uint128(1) << 127;
    uint128 private constant INFINITY = uint128(1) << 126;
    uint128 private constant LARGER = uint128(1) << 125;

    /// @notice A point of another length than it should have.
    error WrongPointLength(uint256 length);
    /// @notice The commitment is that of another blob.
    error WrongCommitment(bytes32 versionedHash);
    /// @notice A point that is none, a proof that does not hold, or too little gas.
    error PrecompileFailed(address precompile);
    /// @notice The proof does not hold for these values.
    error WrongOpening();

    /// @notice That the elements of a chunk are `payload`, 31 bytes each behind a zero byte.
    /// @dev With f the blob's polynomial, I the one that interpolates the chunk, and A = a^16, the prover has divided f - I by X^16 - A, which works if
    /// and only if they agree on the coset. The quotient q times X^16 is f - I + A q; that is held at tau: e(C - [I] + A [q], G2) = e([q], [tau^16]).
    /// @param versionedHash The blob's.
    /// @param chunk The chunk's number, from 0 within the blob.
    /// @param payload 496 bytes. The caller has checked that there are as many.
    /// @param commitment To the blob, 128 bytes.
    /// @param proof The commitment to the quotient, 128 bytes.
    function verifyChunk(
        bytes32 versionedHash,
        uint256 chunk,
        bytes calldata payload,
        bytes calldata commitment,
        bytes calldata proof
    ) internal view {
        _checkLength(commitment, POINT_BYTES);
        _checkLength(proof, POINT_BYTES);
        // The bytes are a point with coordinates below p, and in the right subgroup, or the precompile fails.
        bytes memory dividend = _call(G1_MSM, MSM_GAS, _summands(chunk, payload, commitment, proof), POINT_BYTES);
        bytes32 given = sha256(_compress(commitment));
        if (_versioned(given) != versionedHash) revert WrongCommitment(versionedHash);
        bytes memory pairs = abi.encodePacked(dividend, TrustedSetup.NEGATED_GENERATOR, proof, TrustedSetup.POWER_16);
        if (uint256(bytes32(_call(PAIRING, PAIRING_GAS, pairs, 32))) != 1) revert WrongOpening();
    }

    /// @notice That an element of a blob has that value.
    /// @param versionedHash The blob's.
    /// @param element The element's number, from 0 within the blob.
    /// @param commitment To the blob, 48 bytes.
    /// @param proof The commitment to the quotient, 48 bytes.
    function verifyElement(
        bytes32 versionedHash,
        uint256 element,
        uint256 value,
        bytes calldata commitment,
        bytes calldata proof
    ) internal view {
        _checkLength(commitment, COMPRESSED_BYTES);
        _checkLength(proof, COMPRESSED_BYTES);
        // The precompile holds the commitment against the hash, and refuses a value that is not below the field's order.
        bytes memory input = abi.encodePacked(versionedHash, EvaluationDomain.point(element), value, commitment, proof);
        _call(POINT_EVALUATION, POINT_EVALUATION_GAS, input, 64);
    }

    /// @dev What G1MSM sums to C - [I] + A [q]: the powers of tau by I's coefficients, negated, then the two points.
    function _summands(uint256 chunk, bytes calldata payload, bytes calldata commitment, bytes calldata proof)
        private
        pure
        returns (bytes memory input)
    {
        input = abi.encodePacked(TrustedSetup.POWERS, commitment, uint256(1), proof, EvaluationDomain.shift(chunk));
        uint256[16] memory coefficients = EvaluationDomain.negatedInterpolation(chunk, payload);
        // A scalar comes after the 128 bytes of its point, and all 16 lie within POWERS.
        assembly ("memory-safe") {
            let to := add(input, 160)
            let scalar := coefficients
            for { let end := add(scalar, 512) } lt(scalar, end) { scalar := add(scalar, 32) } {
                mstore(to, mload(scalar))
                to := add(to, 160)
            }
        }
    }

    /// @dev The 48 bytes that stand for a point of 128: x, and which of the two y.
    function _compress(bytes calldata point) private pure returns (bytes memory) {
        uint256 xHigh = uint256(bytes32(point));
        uint256 xLow = uint256(bytes32(point[32:]));
        uint256 yHigh = uint256(bytes32(point[64:]));
        uint256 yLow = uint256(bytes32(point[96:]));
        uint128 flags = COMPRESSED;
        if ((xHigh | xLow | yHigh | yLow) == 0) flags |= INFINITY;
        if (yHigh > HALF_HIGH || (yHigh == HALF_HIGH && yLow > HALF_LOW)) flags |= LARGER;
        return abi.encodePacked(flags | uint128(xHigh), xLow);
    }

    function _versioned(bytes32 hash) private pure returns (bytes32) {
        return VERSION | ((hash << 8) >> 8);
    }

    function _checkLength(bytes calldata point, uint256 length) private pure {
        if (point.length != length) revert WrongPointLength(point.length);
    }

    /// @dev Where there is no precompile, the call succeeds and returns nothing.
    function _call(address precompile, uint256 gas_, bytes memory input, uint256 length)
        private
        view
        returns (bytes memory output)
    {
        bool success;
        (success, output) = precompile.staticcall{gas: gas_}(input);
        if (!success || output.length != length) revert PrecompileFailed(precompile);
    }
}
