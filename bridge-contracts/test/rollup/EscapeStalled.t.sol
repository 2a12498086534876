// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {BatchHeader} from "../../contracts/libraries/Batches.sol";
import {Escaping} from "../base/Escaping.sol";

contract EscapeStalledTest is Escaping {
    uint256 private sent;

    function setUp() public override {
        super.setUp();
        depositEth(alice, 1);
        sent = block.timestamp;
    }

    function testFuzz_withoutAnyBatch(address caller) public {
        vm.warp(sent + MAX_STALL - 1);
        reverts(0, abi.encodeWithSelector(IRollup.TooEarly.selector, sent + MAX_STALL));
        vm.warp(sent + MAX_STALL);
        vm.expectEmit(address(rollup));
        emit IRollup.Escaped(0);
        vm.prank(caller);
        rollup.escapeStalled(batches[0]);
        hasEscaped();
    }

    function test_whenFinalBatchesLeaveAMessageOut() public {
        post(nextHeader(0));
        vm.warp(sent + CHALLENGE_WINDOW);
        rollup.finalize(1, batches[1]);
        vm.warp(sent + MAX_STALL);
        rollup.escapeStalled(batches[0]);
        hasEscaped();
    }

    function test_whenAChallengeIsNeverAnswered() public {
        uint64 number = post();
        vm.prank(disputes);
        rollup.openChallenge(number, batches[number]);
        vm.warp(sent + MAX_STALL);
        rollup.escapeStalled(batches[number]);
        hasEscaped();
    }

    function test_whenTheMessageWasConsumedTooLateToBecomeFinal() public {
        vm.warp(sent + MAX_STALL - CHALLENGE_WINDOW + 1);
        BatchHeader memory header = nextHeader();
        uint64 number = post(header);
        vm.warp(sent + MAX_STALL);
        rollup.escapeStalled(batches[number]);
        hasEscaped();
    }

    function test_revertsWhenTheBatchCanBeFinal() public {
        vm.warp(sent + MAX_STALL - CHALLENGE_WINDOW);
        uint64 number = post();
        vm.warp(sent + MAX_STALL);
        reverts(number, abi.encodeWithSelector(IRollup.CanBeFinal.selector, number));
        rollup.finalize(number, batches[number]);
        reverts(number, abi.encodeWithSelector(IRollup.NoMessageWaits.selector));
    }

    /// @dev Finalising the batch that can be final is not enough if the message is in a later one.
    function test_theOldestPendingBatchDecides() public {
        post(nextHeader(0));
        vm.warp(sent + MAX_STALL - 1);
        uint64 second = post();
        vm.warp(sent + MAX_STALL);
        reverts(1, abi.encodeWithSelector(IRollup.CanBeFinal.selector, 1));
        rollup.finalize(1, batches[1]);
        rollup.escapeStalled(batches[second]);
        hasEscaped();
    }

    function test_revertsForAnotherBatchThanTheOldest() public {
        post();
        post();
        vm.warp(sent + MAX_STALL);
        reverts(2, abi.encodeWithSelector(IRollup.WrongBatch.selector, 1));
    }

    function test_revertsWhenNoMessageWaits() public {
        postFinal();
        vm.warp(sent + 10 * MAX_STALL);
        reverts(1, abi.encodeWithSelector(IRollup.NoMessageWaits.selector));
    }

    function test_revertsOnceEscaped() public {
        escapeNow();
        vm.warp(sent + MAX_STALL);
        reverts(0, abi.encodeWithSelector(IRollup.InEscapeMode.selector));
    }

    function reverts(uint64 number, bytes memory reason) private {
        vm.expectRevert(reason);
        rollup.escapeStalled(batches[number]);
    }

    function hasEscaped() private view {
        (,,,, bool escaped) = rollup.head();
        vm.assertTrue(escaped);
        vm.assertTrue(inbox.closed());
    }
}
