// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Escaping} from "../base/Escaping.sol";

contract CloseChallengeTest is Escaping {
    uint64 private number;
    bytes32 private hash;

    function setUp() public override {
        super.setUp();
        number = post();
        hash = rollup.batchHash(number);
        vm.startPrank(disputes);
        rollup.openChallenge(number, batches[number]);
        rollup.openChallenge(number, batches[number]);
        vm.stopPrank();
    }

    function test_closesOneAtATime() public {
        for (uint64 left = 2; left > 0; --left) {
            vm.expectEmit(address(rollup));
            emit IRollup.ChallengeClosed(hash, left - 1);
            vm.prank(disputes);
            rollup.closeChallenge(hash);
            vm.assertEq(rollup.openChallenges(hash), left - 1);
        }
        vm.expectRevert(abi.encodeWithSelector(IRollup.NoChallenge.selector, hash));
        vm.prank(disputes);
        rollup.closeChallenge(hash);
    }

    function test_closesLongAfterTheWindow() public {
        vm.warp(block.timestamp + 10 * CHALLENGE_WINDOW);
        vm.prank(disputes);
        rollup.closeChallenge(hash);
        vm.assertEq(rollup.openChallenges(hash), 1);
    }

    function test_closesOfAFallenBatch() public {
        revertFrom(number);
        vm.prank(disputes);
        rollup.closeChallenge(hash);
        vm.assertEq(rollup.openChallenges(hash), 1);
    }

    function testFuzz_revertsForABatchWithoutOne(bytes32 other) public {
        vm.assume(other != hash);
        vm.expectRevert(abi.encodeWithSelector(IRollup.NoChallenge.selector, other));
        vm.prank(disputes);
        rollup.closeChallenge(other);
    }

    function testFuzz_revertsForAnyoneElse(address caller) public {
        vm.assume(caller != disputes);
        vm.expectRevert(abi.encodeWithSelector(IRollup.NotDisputes.selector, caller));
        vm.prank(caller);
        rollup.closeChallenge(hash);
    }
}
