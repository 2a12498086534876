// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Two marks for each index of a withdrawal: claimed, and advanced
/// @dev A word holds both for 128 indices, the claimed ones in its lower half. So a claim, which needs both, reads one word, and claims of
/// neighbours share it.
library Marks {
    struct Map {
        mapping(uint256 => uint256) words;
    }

    uint256 private constant INDICES = 128;

    /// @notice Whether a withdrawal with that index was claimed, and whether one was advanced.
    function get(Map storage map, uint32 index) internal view returns (bool claimed, bool advanced) {
        uint256 word = map.words[index / INDICES] >> (index % INDICES);
        return (word & 1 != 0, word >> INDICES & 1 != 0);
    }

    function setClaimed(Map storage map, uint32 index) internal {
        map.words[index / INDICES] |= claimedBit(index);
    }

    function unsetClaimed(Map storage map, uint32 index) internal {
        map.words[index / INDICES] &= ~claimedBit(index);
    }

    function setAdvanced(Map storage map, uint32 index) internal {
        map.words[index / INDICES] |= claimedBit(index) << INDICES;
    }

    function claimedBit(uint32 index) private pure returns (uint256) {
        return 1 << (index % INDICES);
    }
}
