// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title Proof of several leaves of a tree of depth 32
/// @dev docs/protocol.md, "Multiproofs". Which siblings a proof holds, and where each belongs, follows from the proven
/// indices and the count of leaves: level by level from the leaves, left to right, those nodes that are neither computed
/// from proven leaves nor wholly right of the last leaf. So there are no flags to get wrong, and one proof a claim.
library Multiproof {
    uint256 internal constant DEPTH = 32;

    /// @notice The siblings given are more than the indices call for.
    error SiblingsLeftOver(uint256 used, uint256 given);
    /// @notice The indices call for more siblings than were given.
    error SiblingMissing(uint256 given);

    /// @notice The root of the tree in which `nodes[i]` is the leaf at `indices[i]`. Overwrites both arrays.
    /// @param indices Strictly ascending, each below `count`, at least one; the caller has checked that.
    /// @param count Leaves of the tree, 1 to 2^32 - 1.
    function root(uint256[] memory indices, bytes32[] memory nodes, uint32 count, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32)
    {
        uint256 width = indices.length;
        uint256 used = 0;
        uint256 last = uint256(count) - 1;
        bytes32 zero = 0;
        for (uint256 level = 0; level < DEPTH; ++level) {
            (width, used) = _climb(indices, nodes, width, last, zero, siblings, used);
            zero = Hashes.efficientKeccak256(zero, zero);
            last >>= 1;
        }
        if (used != siblings.length) revert SiblingsLeftOver(used, siblings.length);
        return nodes[0];
    }

    /// @dev One level up: replaces the first `width` nodes by their parents; returns how many those are, and the siblings used so far.
    function _climb(
        uint256[] memory indices,
        bytes32[] memory nodes,
        uint256 width,
        uint256 last,
        bytes32 zero,
        bytes32[] calldata siblings,
        uint256 used
    ) private pure returns (uint256 parents, uint256) {
        // None of these sums can overflow: they count elements of arrays in memory.
        unchecked {
            for (uint256 i = 0; i < width; ++i) {
                uint256 index = indices[i];
                bytes32 node = nodes[i];
                bytes32 sibling;
                if (index & 1 == 0 && i + 1 < width && indices[i + 1] == index + 1) {
                    sibling = nodes[++i];
                } else if (index & 1 == 0 && index == last) {
                    sibling = zero;
                } else {
                    if (used == siblings.length) revert SiblingMissing(used);
                    sibling = siblings[used++];
                }
                nodes[parents] = index & 1 == 0
                    ? Hashes.efficientKeccak256(node, sibling)
                    : Hashes.efficientKeccak256(sibling, node);
                indices[parents++] = index >> 1;
            }
        }
        return (parents, used);
    }
}
