// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title Proof of several leaves of a tree of depth 32
/// @dev docs/protocol.md, "Multiproofs". Which siblings a proof holds, and where each belongs, follows from the proven
/// indices and the count of leaves: level by level from the leaves, left to right, those nodes that are neither computed
/// from proven leaves nor wholly right of the last leaf. So there are no flags to get wrong, and one proof a claim.
library Multiproof {
    uint256 internal constant DEPTH = 32;
    /// Words of a path.
    uint256 internal constant WORDS = 3;

    /// @notice The siblings given are more than the indices call for.
    error SiblingsLeftOver(uint256 used, uint256 given);
    /// @notice The indices call for more siblings than were given.
    error SiblingMissing(uint256 given);

    /// @notice The root of the tree in which `nodes[i]` is the leaf at `indices[i]`.
    /// @param indices Strictly ascending, each below `count`, at least one; the caller has checked that.
    /// @param count Leaves of the tree, 1 to 2^32 - 1.
    function root(uint256[] memory indices, bytes32[] memory nodes, uint32 count, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 found)
    {
        uint256[] memory paths = new uint256[](WORDS * indices.length);
        for (uint256 i = 0; i < indices.length; ++i) {
            setPath(paths, i, indices[i], nodes[i], nodes[i]);
        }
        (found,) = roots(paths, count, siblings);
    }

    /// @notice Sets the path of a leaf that has two values, in the tree before and in the tree after some change.
    /// @param paths Three words for each leaf.
    function setPath(uint256[] memory paths, uint256 place, uint256 index, bytes32 before, bytes32 afterwards)
        internal
        pure
    {
        paths[WORDS * place] = index;
        paths[WORDS * place + 1] = uint256(before);
        paths[WORDS * place + 2] = uint256(afterwards);
    }

    /// @notice The roots of two trees that differ in these leaves alone. Overwrites the paths.
    /// @param paths By `setPath`, strictly ascending by index, each below `count`, at least one; the caller has checked that.
    function roots(uint256[] memory paths, uint32 count, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 before, bytes32 afterwards)
    {
        uint256 width = paths.length / WORDS;
        uint256 last = uint256(count) - 1;
        bytes32 zero = 0;
        uint256 begin;
        assembly ("memory-safe") {
            begin := siblings.offset
        }
        uint256 end = begin;
        for (uint256 level = 0; level < DEPTH; ++level) {
            (width, end) = _climb(paths, width, last, zero, end);
            zero = Hashes.efficientKeccak256(zero, zero);
            last >>= 1;
        }
        uint256 used = (end - begin) / 32;
        if (used > siblings.length) revert SiblingMissing(siblings.length);
        if (used < siblings.length) revert SiblingsLeftOver(used, siblings.length);
        return (bytes32(paths[1]), bytes32(paths[2]));
    }

    /// @dev One level up: replaces the first `width` nodes by their parents; returns how many those are, and where in the calldata the next
    /// sibling is. There may be none: then what follows in the calldata, or nothing, is taken for siblings, and the caller, who counts them,
    /// refuses the proof. The worst one climbs 2,300 nodes: in assembly each costs half of what it costs in Solidity, for two trees at once.
    function _climb(uint256[] memory paths, uint256 width, uint256 last, bytes32 zero, uint256 sibling)
        private
        pure
        returns (uint256, uint256)
    {
        uint256 parents;
        // Reads nodes ahead of where it writes parents. Hashes in the scratch space.
        assembly ("memory-safe") {
            let node := add(paths, 32)
            let end := add(node, mul(width, 96))
            let parent := node
            for {} lt(node, end) {} {
                let index := mload(node)
                let next := add(node, 96)
                switch and(index, 1)
                case 1 {
                    mstore(0, calldataload(sibling))
                    sibling := add(sibling, 32)
                    mstore(32, mload(add(node, 32)))
                    mstore(add(parent, 32), keccak256(0, 64))
                    mstore(32, mload(add(node, 64)))
                }
                default {
                    switch and(lt(next, end), eq(mload(next), add(index, 1)))
                    case 1 {
                        mstore(0, mload(add(node, 32)))
                        mstore(32, mload(add(next, 32)))
                        let afterwards := mload(add(node, 64))
                        mstore(add(parent, 32), keccak256(0, 64))
                        mstore(0, afterwards)
                        mstore(32, mload(add(next, 64)))
                        next := add(next, 96)
                    }
                    default {
                        mstore(32, zero)
                        if xor(index, last) {
                            mstore(32, calldataload(sibling))
                            sibling := add(sibling, 32)
                        }
                        mstore(0, mload(add(node, 32)))
                        let afterwards := mload(add(node, 64))
                        mstore(add(parent, 32), keccak256(0, 64))
                        mstore(0, afterwards)
                    }
                }
                mstore(add(parent, 64), keccak256(0, 64))
                mstore(parent, shr(1, index))
                parent := add(parent, 96)
                node := next
            }
            parents := div(sub(parent, add(paths, 32)), 96)
        }
        return (parents, sibling);
    }
}
