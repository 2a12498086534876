// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title Roots of lists whose length is known
/// @dev docs/protocol.md, "Trees". The root commits to the count, and the length of a proof follows from the count and is
/// never the prover's choice: a listed hash may be that of 64 bytes, which is also what an inner node hashes.
library ListRoot {
    bytes1 private constant PREFIX = 0x04;

    /// @notice The root of a list. Overwrites the array.
    function root(bytes32[] memory hashes) internal pure returns (bytes32) {
        uint32 count = uint32(hashes.length);
        bytes32 zero = 0;
        uint256 width = hashes.length;
        while (width > 1) {
            uint256 half = (width + 1) / 2;
            for (uint256 i = 0; i < half; ++i) {
                bytes32 right = 2 * i + 1 < width ? hashes[2 * i + 1] : zero;
                hashes[i] = Hashes.efficientKeccak256(hashes[2 * i], right);
            }
            zero = Hashes.efficientKeccak256(zero, zero);
            width = half;
        }
        return keccak256(abi.encodePacked(PREFIX, count, count == 0 ? bytes32(0) : hashes[0]));
    }

    /// @notice Whether `leaf` is at `index` of the list of `count` hashes with this root. False for a proof of another length.
    function contains(bytes32 listRoot, uint32 count, uint32 index, bytes32 leaf, bytes32[] calldata proof)
        internal
        pure
        returns (bool)
    {
        if (index >= count) return false;
        bytes32 node = leaf;
        uint256 level = 0;
        for (; uint256(1) << level < count; ++level) {
            if (level == proof.length) return false;
            bytes32 sibling = proof[level];
            node = (index >> level) & 1 == 0
                ? Hashes.efficientKeccak256(node, sibling)
                : Hashes.efficientKeccak256(sibling, node);
        }
        return level == proof.length && keccak256(abi.encodePacked(PREFIX, count, node)) == listRoot;
    }
}
