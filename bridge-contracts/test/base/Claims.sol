// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../../contracts/libraries/Batches.sol";
import {State, Withdrawal} from "../../contracts/libraries/States.sol";
import {Escaping} from "./Escaping.sol";
import {Tree} from "./Tree.sol";

/// @title Claims of withdrawals
/// @dev A claim is prepared first and sent then, because proofs take external calls, which `expectRevert` and `prank` would mean.
abstract contract Claims is Escaping {
    struct Claim {
        uint64 number;
        Batch batch;
        State state;
        Withdrawal[] withdrawals;
        bytes32[] siblings;
    }

    /// @notice The claim of these withdrawals (ascending) under batch `number`.
    function prepare(uint64 number, uint32[] memory indices) internal view returns (Claim memory made) {
        made.number = number;
        made.batch = batches[number];
        made.state = states[number];
        made.withdrawals = new Withdrawal[](indices.length);
        uint256[] memory places = new uint256[](indices.length);
        for (uint256 i = 0; i < indices.length; ++i) {
            made.withdrawals[i] = withdrawals[indices[i]];
            places[i] = indices[i];
        }
        made.siblings = Tree.siblings(leavesOf(made.state.withdrawalCount), places);
    }

    /// @notice The claim of one withdrawal.
    function prepare(uint64 number, uint32 index) internal view returns (Claim memory) {
        uint32[] memory indices = new uint32[](1);
        indices[0] = index;
        return prepare(number, indices);
    }

    /// @notice The claim of the withdrawals `from` to `to`, both included.
    function prepare(uint64 number, uint32 from, uint32 to) internal view returns (Claim memory) {
        uint32[] memory indices = new uint32[](to - from + 1);
        for (uint32 i = 0; i < indices.length; ++i) {
            indices[i] = from + i;
        }
        return prepare(number, indices);
    }

    function send(Claim memory made) internal returns (uint256 paid) {
        return bridge.claim(made.number, made.batch, made.state, made.withdrawals, made.siblings);
    }

    /// @dev A later batch may have more withdrawals than the one that is claimed from.
    function leavesOf(uint32 count) private view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint32 i = 0; i < count; ++i) {
            leaves[i] = this.leaf(withdrawals[i]);
        }
    }
}
