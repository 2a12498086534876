// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Escaping} from "../base/Escaping.sol";

contract OpenChallengeTest is Escaping {
    function testFuzz_countsChallengesOfABatch(uint8 count) public {
        uint64 number = post();
        bytes32 hash = rollup.batchHash(number);
        count = uint8(bound(count, 1, 30));
        for (uint64 i = 1; i <= count; ++i) {
            vm.expectEmit(address(rollup));
            emit IRollup.ChallengeOpened(number, hash, i);
            challenge(number);
        }
        vm.assertEq(rollup.openChallenges(hash), count);
    }

    function testFuzz_opensWithinTheWindowOnly(uint64 late) public {
        uint64 number = post();
        uint256 end = block.timestamp + CHALLENGE_WINDOW;
        vm.warp(end - 1);
        challenge(number);
        vm.warp(end);
        reverts(number, abi.encodeWithSelector(IRollup.WindowClosed.selector, end));
        vm.warp(end + bound(late, 1, 1000 days));
        reverts(number, abi.encodeWithSelector(IRollup.WindowClosed.selector, end));
    }

    function test_finalityWaitsForTheAnswer() public {
        uint64 number = post();
        challenge(number);
        challenge(number);
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        notFinal(number, number);
        close(number);
        notFinal(number, number);
        close(number);
        rollup.finalize(number, batches[number]);
    }

    function test_batchesBeforeTheChallengedOneBecomeFinal() public {
        for (uint256 i = 0; i < 5; ++i) {
            post();
        }
        challenge(3);
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        notFinal(5, 3);
        notFinal(3, 3);
        rollup.finalize(2, batches[2]);
        notFinal(4, 3);
        close(3);
        rollup.finalize(5, batches[5]);
        (uint64 newest,) = rollup.finality();
        vm.assertEq(newest, 5);
    }

    function testFuzz_theOldestOpenOneHoldsUp(uint8 first, uint8 second, uint8 asked) public {
        for (uint256 i = 0; i < 8; ++i) {
            post();
        }
        first = uint8(bound(first, 1, 8));
        second = uint8(bound(second, 1, 8));
        asked = uint8(bound(asked, 1, 8));
        challenge(first);
        challenge(second);
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        uint8 oldest = first < second ? first : second;
        if (asked < oldest) rollup.finalize(asked, batches[asked]);
        else notFinal(asked, oldest);
    }

    function test_challengesOfFallenBatchesAreVoid() public {
        post();
        uint64 number = post();
        challenge(number);
        bytes32 fallen = rollup.batchHash(number);
        revertFrom(number);
        stake(operator);
        vm.assertEq(post(), number);
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        rollup.finalize(number, batches[number]);
        vm.assertEq(rollup.openChallenges(fallen), 1);
    }

    function test_aChallengeBeforeTheFallenOneStaysOpen() public {
        for (uint256 i = 0; i < 3; ++i) {
            post();
        }
        challenge(1);
        challenge(3);
        revertFrom(3);
        stake(operator);
        post();
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        notFinal(3, 1);
        close(1);
        rollup.finalize(3, batches[3]);
    }

    function testFuzz_revertsForAnyoneElse(address caller) public {
        vm.assume(caller != disputes);
        uint64 number = post();
        vm.expectRevert(abi.encodeWithSelector(IRollup.NotDisputes.selector, caller));
        vm.prank(caller);
        rollup.openChallenge(number, batches[number]);
    }

    function test_revertsForAFinalBatch() public {
        uint64 number = postFinal();
        reverts(number, abi.encodeWithSelector(IRollup.NotPending.selector, number));
    }

    function test_revertsForAnotherBatch() public {
        post();
        post();
        batches[1] = batches[2];
        reverts(1, abi.encodeWithSelector(IRollup.WrongBatch.selector, 1));
        reverts(3, abi.encodeWithSelector(IRollup.NotPending.selector, 3));
    }

    function challenge(uint64 number) private {
        vm.prank(disputes);
        rollup.openChallenge(number, batches[number]);
    }

    function close(uint64 number) private {
        bytes32 hash = rollup.batchHash(number);
        vm.prank(disputes);
        rollup.closeChallenge(hash);
    }

    function notFinal(uint64 number, uint64 because) private {
        vm.expectRevert(abi.encodeWithSelector(IRollup.ChallengePending.selector, because));
        rollup.finalize(number, batches[number]);
    }

    function reverts(uint64 number, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(disputes);
        rollup.openChallenge(number, batches[number]);
    }
}
