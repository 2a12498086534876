// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {System} from "./System.sol";

/// @title The way into escape mode
abstract contract Escaping is System {
    /// @notice Sends a message that no batch consumes and lets it wait for `ESCAPE_DELAY`, then escapes.
    function escapeNow() internal {
        vm.prank(account("stranded"));
        inbox.lock(0);
        vm.warp(block.timestamp + ESCAPE_DELAY);
        rollup.escape();
    }

    /// @notice Has the disputes contract fell a batch and all later ones.
    function revertFrom(uint64 number) internal {
        vm.prank(disputes);
        rollup.revertFrom(number, batches[number], batches[number - 1], account("prover"));
    }
}
