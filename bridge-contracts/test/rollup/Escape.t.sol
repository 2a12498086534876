// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {BatchHeader} from "../../contracts/libraries/Batches.sol";
import {Escaping} from "../base/Escaping.sol";

contract EscapeTest is Escaping {
    function testFuzz_anyoneEscapesWhenAMessageWaited(address caller) public {
        uint256 from = sendOne() + ESCAPE_DELAY;
        vm.warp(from - 1);
        revertsTooEarly(from);
        vm.warp(from);
        vm.expectEmit(address(rollup));
        emit IRollup.Escaped(0);
        vm.prank(caller);
        rollup.escape();
        hasEscaped();
    }

    function test_revertsWhileNoMessageWaits() public {
        vm.warp(block.timestamp + 1000 days);
        vm.expectRevert(IRollup.NoMessageWaits.selector);
        rollup.escape();
    }

    function test_revertsWhenAllMessagesAreConsumed() public {
        depositEth(alice, 1);
        post();
        vm.warp(block.timestamp + 1000 days);
        vm.expectRevert(IRollup.NoMessageWaits.selector);
        rollup.escape();
    }

    function test_aConsumedMessageDoesNotWait() public {
        sendOne();
        vm.warp(block.timestamp + ESCAPE_DELAY - 1);
        post();
        uint256 from = sendOne() + ESCAPE_DELAY;
        vm.warp(from - 1);
        revertsTooEarly(from);
    }

    /// @dev Batches keep coming, but leave a message out.
    function test_aMessageThatBatchesLeaveOutIsEnough() public {
        uint256 from = sendOne() + ESCAPE_DELAY;
        for (uint256 i = 0; i < 3; ++i) {
            vm.warp(from - 3 + i);
            // The batch's own clock stands still, so that nothing forces the message in.
            post(frozen());
        }
        revertsTooEarly(from);
        vm.warp(from);
        rollup.escape();
        hasEscaped();
    }

    /// @dev The sequencer has been silent for long; then a message comes, and waits as long as a batch may leave it out.
    function test_silenceIsEnoughOnceAMessageWasIgnored() public {
        post();
        vm.warp(block.timestamp + ESCAPE_DELAY);
        uint256 from = sendOne() + FORCE_INCLUSION_WINDOW;
        revertsTooEarly(from);
        vm.warp(from - 1);
        revertsTooEarly(from);
        vm.warp(from);
        rollup.escape();
        hasEscaped();
    }

    /// @dev The message comes early in the silence.
    function test_anIgnoredMessageIsNotEnoughBeforeTheSilenceIsLong() public {
        post();
        uint256 from = block.timestamp + ESCAPE_DELAY;
        vm.warp(from - FORCE_INCLUSION_WINDOW - 1);
        sendOne();
        vm.warp(from - 1);
        revertsTooEarly(from);
        vm.warp(from);
        rollup.escape();
        hasEscaped();
    }

    function test_nobodyEndsAnIdleRollupByOneMessage() public {
        vm.warp(block.timestamp + 1000 days);
        uint256 from = sendOne() + FORCE_INCLUSION_WINDOW;
        revertsTooEarly(from);
    }

    function test_notWithinADayOfARevert() public {
        sendOne();
        post();
        vm.warp(block.timestamp + ESCAPE_DELAY + 1);
        revertFrom(1);
        uint256 from = block.timestamp + 1 days;
        revertsTooEarly(from);
        vm.warp(from - 1);
        revertsTooEarly(from);
        vm.warp(from);
        rollup.escape();
        hasEscaped();
    }

    /// @dev Batches that leave the message out are felled one a day, each with a day of grace.
    function test_revertsDoNotPutItOffForEver() public {
        uint256 longest = sendOne() + ESCAPE_DELAY + CHALLENGE_WINDOW + RESPONSE_WINDOW + 2 days;
        for (uint256 i = 0; i < 20; ++i) {
            stake(operator);
            uint64 number = post(frozen());
            vm.warp(block.timestamp + 1 days - 1);
            revertFrom(number);
        }
        vm.assertGe(block.timestamp, longest, "the grace of the last revert is not over");
        rollup.escape();
        hasEscaped();
    }

    function test_aBatchWithinTheGraceEndsIt() public {
        sendOne();
        post();
        vm.warp(block.timestamp + ESCAPE_DELAY + 1);
        revertFrom(1);
        stake(operator);
        post();
        vm.warp(block.timestamp + 1 days);
        vm.expectRevert(IRollup.NoMessageWaits.selector);
        rollup.escape();
    }

    function test_anEarlyRevertPutsNothingOff() public {
        post();
        uint256 from = sendOne() + ESCAPE_DELAY;
        revertFrom(1);
        vm.warp(from - 1);
        revertsTooEarly(from);
        vm.warp(from);
        rollup.escape();
    }

    function test_revertsTheSecondTime() public {
        escapeNow();
        vm.expectRevert(IRollup.InEscapeMode.selector);
        rollup.escape();
    }

    function revertsTooEarly(uint256 from) private {
        vm.expectRevert(abi.encodeWithSelector(IRollup.TooEarly.selector, from));
        rollup.escape();
    }

    function hasEscaped() private view {
        (,,,, bool escaped) = rollup.head();
        vm.assertTrue(escaped);
        vm.assertTrue(inbox.closed());
    }

    function sendOne() private returns (uint256) {
        inbox.lock(0);
        return block.timestamp;
    }

    function frozen() private view returns (BatchHeader memory header) {
        header = nextHeader(0);
        header.timestamp = 1_700_000_000;
    }
}
