// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Proof of several leaves of a tree of depth 32
/// @dev docs/protocol.md, "Multiproofs". Which siblings a proof holds, and where each belongs, follows from the proven
/// indices and the count of leaves: level by level from the leaves, left to right, those nodes that are neither computed
/// from proven leaves nor wholly right of the last leaf. So there are no flags to get wrong, and one proof a claim.
///
/// Two leaves next to each other in a proof share their nodes above the highest bit in which their indices differ, and none below: their paths
/// join at the level of that bit. So it is known beforehand how many siblings each level has. Then each path is climbed by itself, from the left, up
/// to the join with the next one, and takes from each level's siblings the first one left. The worst proof has 2,300 nodes for each of two
/// trees: this keeps a path's nodes on the stack, where they cost half of what they cost in memory.
library Multiproof {
    uint256 internal constant DEPTH = 32;
    /// Words of a path: the leaf's index, its value before and after, and where its path joins the next one.
    uint256 internal constant WORDS = 4;

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
    /// @param paths Four words for each leaf.
    /// @param place Below the number of leaves; the caller has checked that.
    function setPath(uint256[] memory paths, uint256 place, uint256 index, bytes32 before, bytes32 afterwards)
        internal
        pure
    {
        assembly ("memory-safe") {
            let path := add(add(paths, 32), shl(7, place))
            mstore(path, index)
            mstore(add(path, 32), before)
            mstore(add(path, 64), afterwards)
        }
    }

    /// @notice The roots of two trees that differ in these leaves alone. Overwrites the paths.
    /// @param paths By `setPath`, strictly ascending by index, each below `count`, at least one; the caller has checked that.
    function roots(uint256[] memory paths, uint32 count, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 before, bytes32 afterwards)
    {
        uint256 last = uint256(count) - 1;
        // No path joins another yet.
        // slither-disable-next-line uninitialized-local
        uint256[DEPTH] memory levels;
        _countJoins(paths, levels);
        _share(paths, levels, last, siblings);
        uint256 waiting = _climb(paths, levels);
        return _climbLast(paths, levels, waiting, last);
    }

    /// @dev Notes with each path but the last where it joins the next one, as the place of that level among the levels, and counts the joins of each level.
    function _countJoins(uint256[] memory paths, uint256[DEPTH] memory levels) private pure {
        // The word before a path's neighbour is its own fourth. A join's level is below 32, since indices are below 2^32 and differ.
        assembly ("memory-safe") {
            let path := add(paths, 32)
            let index := mload(path)
            for { let end := add(path, shl(5, mload(paths))) } 1 {} {
                path := add(path, 128)
                if iszero(lt(path, end)) { break }
                let next := mload(path)
                // The highest bit in which they differ.
                let differ := xor(index, next)
                let bit := shl(4, lt(0xffff, differ))
                bit := or(bit, shl(3, lt(0xff, shr(bit, differ))))
                bit := or(bit, shl(2, lt(0x0f, shr(bit, differ))))
                bit := or(bit, shl(1, lt(0x03, shr(bit, differ))))
                bit := or(bit, lt(0x01, shr(bit, differ)))
                let level := add(levels, shl(5, bit))
                mstore(level, add(mload(level), 1))
                mstore(sub(path, 32), level)
                index := next
            }
        }
    }

    /// @dev Replaces the number of joins of each level by where in the calldata its siblings begin. Refuses a proof that has not as many as they all need.
    function _share(uint256[] memory paths, uint256[DEPTH] memory levels, uint256 last, bytes32[] calldata siblings)
        private
        pure
    {
        uint256 width = paths.length / WORDS;
        uint256 node = paths[paths.length - WORDS];
        uint256 used;
        // A level has as many nodes as paths have not joined below it. Two that join are each other's sibling, and a left child that the tree's last
        // leaf is under has no sibling. No number is above the count of leaves or below zero.
        assembly ("memory-safe") {
            let level := levels
            for { let end := add(levels, 1024) } lt(level, end) { level := add(level, 32) } {
                let joins := mload(level)
                mstore(level, add(siblings.offset, shl(5, used)))
                used := add(used, sub(width, shl(1, joins)))
                used := sub(used, and(eq(node, last), iszero(and(node, 1))))
                width := sub(width, joins)
                node := shr(1, node)
                last := shr(1, last)
            }
        }
        if (used > siblings.length) revert SiblingMissing(siblings.length);
        if (used < siblings.length) revert SiblingsLeftOver(used, siblings.length);
    }

    /// @dev Climbs all paths but the last to where they join the next one, and leaves them waiting there, at the front of the paths.
    /// @return top Behind the paths that still wait. Each of them joins one further right at a lower level than the one before it does.
    function _climb(uint256[] memory paths, uint256[DEPTH] memory levels) private pure returns (uint256 top) {
        // A path that waits is written over one that was read before, because no more wait than were read. All siblings are there, as `_share` has
        // checked: a path that joins a later one has only nodes that are left of the last leaf. Hashes in the scratch space.
        assembly ("memory-safe") {
            let first := add(paths, 32)
            top := first
            let end := add(first, shl(5, sub(mload(paths), 4)))
            for { let path := first } lt(path, end) { path := add(path, 128) } {
                let index := mload(path)
                let before := mload(add(path, 32))
                let afterwards := mload(add(path, 64))
                let join := mload(add(path, 96))
                let level := levels
                for {} 1 {} {
                    let until := join
                    if lt(first, top) {
                        let other := mload(sub(top, 32))
                        if lt(other, until) { until := other }
                    }
                    // The node goes into the half of the scratch space that its index says, its sibling into the other one.
                    for {} iszero(eq(level, until)) { level := add(level, 32) } {
                        let own := shl(5, and(index, 1))
                        let sibling := mload(level)
                        mstore(level, add(sibling, 32))
                        mstore(sub(32, own), calldataload(sibling))
                        mstore(own, before)
                        before := keccak256(0, 64)
                        mstore(own, afterwards)
                        afterwards := keccak256(0, 64)
                        index := shr(1, index)
                    }
                    if eq(until, join) { break }
                    // It is the right child of what the one that waits for it is the left child of.
                    top := sub(top, 128)
                    mstore(0, mload(add(top, 32)))
                    mstore(32, before)
                    before := keccak256(0, 64)
                    mstore(0, mload(add(top, 64)))
                    mstore(32, afterwards)
                    afterwards := keccak256(0, 64)
                    index := shr(1, index)
                    level := add(level, 32)
                }
                mstore(add(top, 32), before)
                mstore(add(top, 64), afterwards)
                mstore(add(top, 96), join)
                top := add(top, 128)
            }
        }
    }

    /// @dev Climbs the last path to the root. It joins all that still wait, and its nodes may have nothing right of them.
    function _climbLast(uint256[] memory paths, uint256[DEPTH] memory levels, uint256 top, uint256 last)
        private
        pure
        returns (bytes32 before, bytes32 afterwards)
    {
        // Hashes in the scratch space.
        assembly ("memory-safe") {
            let first := add(paths, 32)
            let path := add(first, shl(5, sub(mload(paths), 4)))
            let index := mload(path)
            before := mload(add(path, 32))
            afterwards := mload(add(path, 64))
            let zero := 0
            let level := levels
            for { let end := add(levels, 1024) } lt(level, end) { level := add(level, 32) } {
                // The siblings in both trees.
                let other := zero
                let otherAfterwards := zero
                let joins := 0
                if lt(first, top) { joins := eq(level, mload(sub(top, 32))) }
                switch joins
                case 1 {
                    top := sub(top, 128)
                    other := mload(add(top, 32))
                    otherAfterwards := mload(add(top, 64))
                }
                default {
                    if or(xor(index, last), and(index, 1)) {
                        other := calldataload(mload(level))
                        otherAfterwards := other
                    }
                }
                let own := shl(5, and(index, 1))
                mstore(own, before)
                mstore(sub(32, own), other)
                before := keccak256(0, 64)
                mstore(own, afterwards)
                mstore(sub(32, own), otherAfterwards)
                afterwards := keccak256(0, 64)
                mstore(0, zero)
                mstore(32, zero)
                zero := keccak256(0, 64)
                index := shr(1, index)
                last := shr(1, last)
            }
        }
    }
}
