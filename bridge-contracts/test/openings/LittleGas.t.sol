// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../../contracts/libraries/Batches.sol";
import {Kzg} from "../../contracts/libraries/Kzg.sol";
import {Cases} from "./Cases.sol";
import {Opener} from "./Opener.sol";

/// @title With too little gas, nothing is proven
/// @dev A call gets at most 63/64 of the gas that is left, so a precompile can fail for want of gas while its caller goes on.
contract LittleGasTest is Cases {
    uint256 private constant ENOUGH = 600_000;

    function test_chunk() public view {
        ChunkCase memory c = chunkCase("the last chunk is partial: chunk 258");
        Batch memory batch = inBlobs(c.versioned_hashes, c.chunk_count);
        bytes memory right = abi.encodeCall(Opener.chunk, (batch, c.number, proofOf(c)));
        c.chunk[495] = 0x01;
        both(right, abi.encodeCall(Opener.chunk, (batch, c.number, proofOf(c))));
    }

    function test_claimedRoot() public view {
        RootCase memory c = rootCases()[0];
        Batch memory batch = inBlobs(c.versioned_hashes, c.chunk_count);
        bytes memory right = abi.encodeCall(Opener.claimedRoot, (batch, c.number, proofOf(c)));
        c.start[61] ^= 0x01;
        both(right, abi.encodeCall(Opener.claimedRoot, (batch, c.number, proofOf(c))));
    }

    function test_malformedElement() public view {
        ElementCase memory c = elementCase(true);
        Batch memory batch = inBlobs(c.versioned_hashes, c.chunk_count);
        bytes memory right = abi.encodeCall(Opener.malformedElement, (batch, c.number, proofOf(c)));
        c.value ^= bytes32(uint256(1));
        both(right, abi.encodeCall(Opener.malformedElement, (batch, c.number, proofOf(c))));
    }

    /// @dev Of the right proof, the answer is the same with all gas that suffices, and there is a least such gas. The wrong one never holds.
    function both(bytes memory right, bytes memory wrong) private view {
        (bool success, bytes memory expected) = address(opener).staticcall{gas: ENOUGH}(right);
        vm.assertTrue(success, "enough");
        uint256 successes = 0;
        uint256 failures = 0;
        for (uint256 limit = ENOUGH; limit > 1000; limit -= limit / 40) {
            bytes memory answer;
            (success, answer) = address(opener).staticcall{gas: limit}(right);
            if (success) {
                vm.assertEq(failures, 0);
                vm.assertEq(answer, expected);
                ++successes;
            } else {
                saysNothing(answer);
                ++failures;
            }
            (success,) = address(opener).staticcall{gas: limit}(wrong);
            vm.assertFalse(success, "wrong");
        }
        vm.assertGe(successes, 20, "successes");
        vm.assertGe(failures, 100, "failures");
    }

    /// @dev Either the gas ended, or a precompile failed: that nothing is said of the proof.
    function saysNothing(bytes memory answer) private pure {
        if (answer.length == 0) return;
        vm.assertEq(bytes32(bytes4(answer)), bytes32(Kzg.PrecompileFailed.selector), "an error that says more");
    }
}
