// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Multiproof} from "../../contracts/libraries/Multiproof.sol";
import {Test} from "../base/Test.sol";
import {Tree} from "../base/Tree.sol";

/// @title Multiproofs against whole trees
/// @dev Any choice of the leaves of a small tree: paths that join at once and far up, with and without the last leaf.
contract MultiproofTest is Test {
    function testFuzz_bothRoots(uint256 seed, uint8 count, uint8 share) public view {
        (bytes32[] memory leaves, uint256[] memory paths) = draw(seed, count, share);
        bytes32[] memory siblings = Tree.siblings(leaves, chosen(paths));
        (bytes32 before, bytes32 afterwards) = this.roots(paths, uint32(leaves.length), siblings);
        vm.assertEq(before, Tree.root(leaves));
        vm.assertEq(afterwards, Tree.root(changed(leaves, paths)));
    }

    function testFuzz_oneSiblingMoreOrLess(uint256 seed, uint8 count, uint8 share) public {
        (bytes32[] memory leaves, uint256[] memory paths) = draw(seed, count, share);
        bytes32[] memory siblings = Tree.siblings(leaves, chosen(paths));
        uint256 right = siblings.length;
        bytes32[] memory longer = new bytes32[](right + 1);
        vm.expectRevert(abi.encodeWithSelector(Multiproof.SiblingsLeftOver.selector, right, right + 1));
        this.roots(paths, uint32(leaves.length), longer);
        if (right == 0) return;
        bytes32[] memory shorter = new bytes32[](right - 1);
        vm.expectRevert(abi.encodeWithSelector(Multiproof.SiblingMissing.selector, right - 1));
        this.roots(paths, uint32(leaves.length), shorter);
    }

    function testFuzz_anotherSibling(uint256 seed, uint8 count, uint8 share, uint256 which) public view {
        (bytes32[] memory leaves, uint256[] memory paths) = draw(seed, count, share);
        bytes32[] memory siblings = Tree.siblings(leaves, chosen(paths));
        if (siblings.length == 0) return;
        siblings[which % siblings.length] ^= bytes32(uint256(1));
        (bytes32 before, bytes32 afterwards) = this.roots(paths, uint32(leaves.length), siblings);
        vm.assertTrue(before != Tree.root(leaves), "before");
        vm.assertTrue(afterwards != Tree.root(changed(leaves, paths)), "afterwards");
    }

    function roots(uint256[] memory paths, uint32 count, bytes32[] calldata siblings)
        external
        pure
        returns (bytes32, bytes32)
    {
        return Multiproof.roots(paths, count, siblings);
    }

    /// @dev Up to 256 leaves, and the paths of some of them, at least one, each with another leaf after.
    function draw(uint256 seed, uint8 count, uint8 share)
        private
        pure
        returns (bytes32[] memory leaves, uint256[] memory paths)
    {
        leaves = new bytes32[](uint256(count) + 1);
        uint256[] memory indices = new uint256[](leaves.length);
        uint256 width = 0;
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = keccak256(abi.encode(seed, i));
            if (uint8(uint256(leaves[i])) <= share) indices[width++] = i;
        }
        if (width == 0) indices[width++] = seed % leaves.length;
        paths = new uint256[](Multiproof.WORDS * width);
        for (uint256 i = 0; i < width; ++i) {
            bytes32 leaf = leaves[indices[i]];
            Multiproof.setPath(paths, i, indices[i], leaf, ~leaf);
        }
    }

    function chosen(uint256[] memory paths) private pure returns (uint256[] memory indices) {
        indices = new uint256[](paths.length / Multiproof.WORDS);
        for (uint256 i = 0; i < indices.length; ++i) {
            indices[i] = paths[Multiproof.WORDS * i];
        }
    }

    /// @dev The leaves after the change, by the paths' indices.
    function changed(bytes32[] memory leaves, uint256[] memory paths) private pure returns (bytes32[] memory other) {
        other = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            other[i] = leaves[i];
        }
        for (uint256 i = 0; i < paths.length; i += Multiproof.WORDS) {
            other[paths[i]] = ~leaves[paths[i]];
        }
    }
}
