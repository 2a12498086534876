// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {ISequencerSet} from "../../contracts/interfaces/ISequencerSet.sol";
import {Batch, Batches} from "../../contracts/libraries/Batches.sol";
import {Escaping} from "../base/Escaping.sol";

contract RevertFromTest is Escaping {
    function setUp() public override {
        super.setUp();
        for (uint128 i = 1; i <= 4; ++i) {
            depositEth(alice, i);
            post();
            vm.warp(block.timestamp + 1 hours);
        }
    }

    function testFuzz_theBatchAndAllLaterOnesFall(uint64 number) public {
        number = uint64(bound(number, 1, 4));
        vm.expectEmit(address(rollup));
        emit IRollup.BatchesReverted(number, rollup.batchHash(number), bob, 1);
        vm.expectEmit(address(rollup));
        emit ISequencerSet.Slashed(operator, bob, BOND - BOND / 2, BOND / 2);
        vm.prank(disputes);
        rollup.revertFrom(number, batches[number], batches[number - 1], bob);

        (uint64 head, uint64 inboxCount, uint64 submissions, uint64 postedAt, bool escaped) = rollup.head();
        vm.assertEq(head, number - 1);
        vm.assertEq(inboxCount, number - 1);
        vm.assertEq(submissions, 4);
        vm.assertEq(postedAt, number == 1 ? 1_700_000_000 : batches[number - 1].postedAt);
        vm.assertFalse(escaped);
        vm.assertEq(rollup.headHeaderHash(), number == 1 ? bytes32(0) : batches[number].header.parent);
        vm.assertEq(rollup.forks(), 1);
        for (uint64 i = 1; i < number; ++i) {
            rollup.requirePending(i, batches[i]);
        }
        for (uint64 i = number; i <= 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRollup.NotPending.selector, i));
            rollup.requirePending(i, batches[i]);
        }
    }

    function test_thePosterIsSlashedAndTheProverRewarded() public {
        uint256 burnt = address(0).balance;
        revertFrom(2);
        (uint96 bond,,) = rollup.sequencer(operator);
        vm.assertEq(bond, 0);
        vm.assertEq(rollup.reward(account("prover")), BOND / 2);
        vm.assertEq(address(0).balance, burnt + BOND - BOND / 2);
        vm.assertEq(address(rollup).balance, BOND / 2);
    }

    function test_aSecondRevertWithoutABondRewardsNothing() public {
        revertFrom(3);
        revertFrom(2);
        vm.assertEq(rollup.forks(), 2);
        vm.assertEq(rollup.reward(account("prover")), BOND / 2);
    }

    function test_numbersAreTakenAgainAndSubmissionsAreNot() public {
        Batch memory fallen = batches[3];
        revertFrom(3);
        stake(operator);
        vm.assertEq(post(), 3);
        vm.assertEq(batches[3].submissionId, 4);
        vm.assertEq(batches[3].header.parent, Batches.headerHash(batches[2].header));
        rollup.requirePending(3, batches[3]);
        vm.expectRevert(abi.encodeWithSelector(IRollup.WrongBatch.selector, 3));
        rollup.requirePending(3, fallen);
        vm.expectRevert(abi.encodeWithSelector(IRollup.NotPending.selector, 4));
        rollup.requirePending(4, batches[4]);
    }

    function test_theInboxIsConsumedAgain() public {
        revertFrom(2);
        stake(operator);
        post(nextHeader(1));
        (, uint64 inboxCount,,,) = rollup.head();
        vm.assertEq(inboxCount, 1);
        post(nextHeader(4));
        (, inboxCount,,,) = rollup.head();
        vm.assertEq(inboxCount, 4);
    }

    function test_whatIsFinalStays() public {
        vm.warp(batches[2].postedAt + CHALLENGE_WINDOW);
        rollup.finalize(2, batches[2]);
        reverts(2, 1, abi.encodeWithSelector(IRollup.NotPending.selector, 2));
        reverts(1, 0, abi.encodeWithSelector(IRollup.NotPending.selector, 1));
        revertFrom(3);
        (uint64 number,) = rollup.finality();
        vm.assertEq(number, 2);
        (uint64 head,,,,) = rollup.head();
        vm.assertEq(head, 2);
    }

    /// @dev Past its window a batch that nobody finalised can still fall: a dispute may have taken that long.
    function test_aPendingBatchFallsAfterItsWindow() public {
        vm.warp(block.timestamp + 10 * CHALLENGE_WINDOW);
        revertFrom(1);
        (uint64 head,,,,) = rollup.head();
        vm.assertEq(head, 0);
    }

    function test_anyParentForTheFirst() public {
        vm.prank(disputes);
        rollup.revertFrom(1, batches[1], batches[4], bob);
        (uint64 head, uint64 inboxCount,, uint64 postedAt,) = rollup.head();
        vm.assertEq(head, 0);
        vm.assertEq(inboxCount, 0);
        vm.assertEq(postedAt, 1_700_000_000);
    }

    function testFuzz_revertsForAnyoneElse(address caller) public {
        vm.assume(caller != disputes);
        vm.expectRevert(abi.encodeWithSelector(IRollup.NotDisputes.selector, caller));
        vm.prank(caller);
        rollup.revertFrom(2, batches[2], batches[1], caller);
    }

    function test_revertsForAnotherBatchOrParent() public {
        reverts(2, 2, abi.encodeWithSelector(IRollup.WrongBatch.selector, 1));
        vm.expectRevert(abi.encodeWithSelector(IRollup.WrongBatch.selector, 2));
        vm.prank(disputes);
        rollup.revertFrom(2, batches[3], batches[1], bob);
    }

    function test_revertsForABatchThatIsNotThere() public {
        reverts(0, 0, abi.encodeWithSelector(IRollup.NotPending.selector, 0));
        reverts(5, 4, abi.encodeWithSelector(IRollup.NotPending.selector, 5));
        revertFrom(3);
        reverts(3, 2, abi.encodeWithSelector(IRollup.NotPending.selector, 3));
    }

    function test_disputesRunOnAfterEscape() public {
        escapeNow();
        revertFrom(1);
        (uint64 head,,,, bool escaped) = rollup.head();
        vm.assertEq(head, 0);
        vm.assertTrue(escaped);
        (bool settled, uint64 consumed) = rollup.settlement();
        vm.assertTrue(settled);
        vm.assertEq(consumed, 0);
    }

    function reverts(uint64 number, uint64 parent, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(disputes);
        rollup.revertFrom(number, batches[number], batches[parent], bob);
        vm.assertEq(rollup.reward(bob), 0);
    }
}
