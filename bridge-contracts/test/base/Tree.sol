// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Trees of depth 32, the plain way
/// @dev Written apart from `Multiproof`, by whole levels, so that a mistake in one shows.
library Tree {
    uint256 private constant DEPTH = 32;

    /// @notice The root of the tree with these leaves.
    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        bytes32[] memory level = leaves;
        for (uint256 height = 0; height < DEPTH; ++height) {
            level = parents(level, height);
        }
        return level.length == 0 ? zero(DEPTH) : level[0];
    }

    /// @notice The siblings that prove the leaves at `indices` (ascending), in the order of docs/protocol.md, "Multiproofs".
    function siblings(bytes32[] memory leaves, uint256[] memory indices) internal pure returns (bytes32[] memory) {
        bytes32[] memory found = new bytes32[](DEPTH * indices.length);
        uint256 count = 0;
        bytes32[] memory level = leaves;
        bool[] memory known = new bool[](leaves.length);
        for (uint256 i = 0; i < indices.length; ++i) {
            known[indices[i]] = true;
        }
        for (uint256 height = 0; height < DEPTH; ++height) {
            bool[] memory above = new bool[]((level.length + 1) / 2);
            for (uint256 i = 0; i < level.length; ++i) {
                if (!known[i]) continue;
                above[i / 2] = true;
                uint256 sibling = i ^ 1;
                if (sibling < level.length && !known[sibling]) found[count++] = level[sibling];
            }
            level = parents(level, height);
            known = above;
        }
        return first(found, count);
    }

    /// @notice The siblings that prove one leaf.
    function siblings(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory) {
        uint256[] memory indices = new uint256[](1);
        indices[0] = index;
        return siblings(leaves, indices);
    }

    /// @notice The root of an empty tree of that height.
    function zero(uint256 height) internal pure returns (bytes32 node) {
        for (uint256 i = 0; i < height; ++i) {
            node = keccak256(abi.encode(node, node));
        }
    }

    function parents(bytes32[] memory level, uint256 height) private pure returns (bytes32[] memory above) {
        above = new bytes32[]((level.length + 1) / 2);
        for (uint256 i = 0; i < above.length; ++i) {
            bytes32 right = 2 * i + 1 < level.length ? level[2 * i + 1] : zero(height);
            above[i] = keccak256(abi.encode(level[2 * i], right));
        }
    }

    function first(bytes32[] memory all, uint256 count) private pure returns (bytes32[] memory some) {
        some = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            some[i] = all[i];
        }
    }
}
