// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Proofs of list roots, the plain way
/// @dev By whole levels, apart from `ListRoot`, so that a mistake in one shows.
library ListProofs {
    /// @notice The siblings of the hash at `index`, from the leaves up.
    function proofOf(bytes32[] memory hashes, uint256 index) internal pure returns (bytes32[] memory proof) {
        uint256 depth = 0;
        while ((uint256(1) << depth) < hashes.length) {
            ++depth;
        }
        bytes32[] memory level = new bytes32[](uint256(1) << depth);
        for (uint256 i = 0; i < hashes.length; ++i) {
            level[i] = hashes[i];
        }
        proof = new bytes32[](depth);
        for (uint256 height = 0; height < depth; ++height) {
            proof[height] = level[(index >> height) ^ 1];
            for (uint256 i = 0; i < level.length / 2; ++i) {
                level[i] = keccak256(bytes.concat(level[2 * i], level[2 * i + 1]));
            }
        }
    }

    /// @notice The root of a list of `count` hashes in which `proof` leads from the leaf at `index`. For lists too long to make.
    function rootFrom(bytes32 leaf, uint32 index, uint32 count, bytes32[] memory proof)
        internal
        pure
        returns (bytes32 node)
    {
        node = leaf;
        for (uint256 height = 0; height < proof.length; ++height) {
            bytes memory pair =
                (index >> height) & 1 == 0 ? bytes.concat(node, proof[height]) : bytes.concat(proof[height], node);
            node = keccak256(pair);
        }
        return keccak256(abi.encodePacked(uint8(4), count, node));
    }
}
