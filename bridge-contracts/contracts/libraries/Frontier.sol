// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title Appending to a tree of depth 32 without having it
/// @dev docs/protocol.md, "Trees": the roots of the complete subtrees left of the next leaf, one for each bit set in the count of leaves.
library Frontier {
    uint256 private constant DEPTH = 32;

    /// @notice The peaks given are not one for each bit set in the count.
    error WrongPeakCount(uint256 count, uint256 given);

    struct Tree {
        uint256 count;
        /// By height; zero where the count's bit is clear.
        bytes32[] peaks;
    }

    /// @notice The frontier with these peaks, lowest first. Nothing says yet that there is such a tree: compare the root.
    function read(uint256 count, bytes32[] calldata peaks) internal pure returns (Tree memory tree) {
        tree.count = count;
        tree.peaks = new bytes32[](DEPTH);
        uint256 used = 0;
        for (uint256 height = 0; height < DEPTH; ++height) {
            if (count >> height & 1 == 0) continue;
            if (used == peaks.length) revert WrongPeakCount(count, peaks.length);
            tree.peaks[height] = peaks[used++];
        }
        if (used != peaks.length) revert WrongPeakCount(count, peaks.length);
    }

    /// @notice Appends a leaf. The count stays below 2^32, which the caller has checked.
    function append(Tree memory tree, bytes32 leaf) internal pure {
        bytes32 node = leaf;
        uint256 height = 0;
        for (; tree.count >> height & 1 == 1; ++height) {
            node = Hashes.efficientKeccak256(tree.peaks[height], node);
        }
        tree.peaks[height] = node;
        tree.count += 1;
    }

    /// @notice The root of the tree.
    function root(Tree memory tree) internal pure returns (bytes32 node) {
        bytes32 zero = 0;
        for (uint256 height = 0; height < DEPTH; ++height) {
            node = tree.count >> height & 1 == 1
                ? Hashes.efficientKeccak256(tree.peaks[height], node)
                : Hashes.efficientKeccak256(node, zero);
            zero = Hashes.efficientKeccak256(zero, zero);
        }
    }
}
