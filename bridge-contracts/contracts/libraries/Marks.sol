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

    /// @notice Whether a withdrawal with that index is marked as claimed.
    function isClaimed(Map storage map, uint32 index) internal view returns (bool) {
        return map.words[index / INDICES] & claimedBit(index) != 0;
    }

    /// @notice Marks the index as claimed.
    /// @return isNew Whether it was not marked so before.
    /// @return isAdvanced Whether a withdrawal with that index was advanced.
    function claim(Map storage map, uint32 index) internal returns (bool isNew, bool isAdvanced) {
        uint256 bit = claimedBit(index);
        uint256 word = map.words[index / INDICES];
        isNew = word & bit == 0;
        isAdvanced = word & (bit << INDICES) != 0;
        if (isNew) map.words[index / INDICES] = word | bit;
    }

    /// @notice Takes the mark as claimed back.
    function unclaim(Map storage map, uint32 index) internal {
        map.words[index / INDICES] &= ~claimedBit(index);
    }

    /// @notice Marks that a withdrawal with that index was advanced.
    function advance(Map storage map, uint32 index) internal {
        map.words[index / INDICES] |= claimedBit(index) << INDICES;
    }

    function claimedBit(uint32 index) private pure returns (uint256) {
        return 1 << (index % INDICES);
    }
}
