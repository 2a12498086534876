// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISequencerSet} from "../../contracts/interfaces/ISequencerSet.sol";
import {System} from "../base/System.sol";

contract RemoveSequencerTest is System {
    function test_takesEffectAfterTheDelay() public {
        uint64 until = uint64(block.timestamp) + SEQUENCER_DELAY;
        vm.expectEmit(address(rollup));
        emit ISequencerSet.SequencerRemoved(operator, until);
        remove(operator);

        (,, uint64 activeUntil) = rollup.sequencer(operator);
        vm.assertEq(activeUntil, until);
        vm.warp(until - 1);
        vm.assertTrue(rollup.isSequencer(operator));
        post();
        vm.warp(until);
        vm.assertFalse(rollup.isSequencer(operator));
    }

    function testFuzz_oneOnItsWayNeverArrives(uint256 later) public {
        uint256 arrival = block.timestamp + SEQUENCER_DELAY;
        vm.prank(address(timelock));
        rollup.addSequencer(alice);
        vm.warp(bound(later, block.timestamp, arrival - 1));
        remove(alice);
        vm.warp(arrival);
        vm.assertFalse(rollup.isSequencer(alice));
    }

    function test_revertsForAStranger() public {
        reverts(alice);
    }

    function test_revertsForOneThatResigned() public {
        vm.prank(operator);
        rollup.resign();
        reverts(operator);
    }

    function testFuzz_neverPutsOffAnEarlierEnd(uint32 later) public {
        remove(operator);
        vm.warp(block.timestamp + bound(later, 0, SEQUENCER_DELAY));
        (,, uint64 before) = rollup.sequencer(operator);
        reverts(operator);
        (,, uint64 activeUntil) = rollup.sequencer(operator);
        vm.assertEq(activeUntil, before);
    }

    function testFuzz_revertsForAnyoneElse(address caller) public {
        vm.assume(caller != address(timelock));
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.NotGovernance.selector, caller));
        vm.prank(caller);
        rollup.removeSequencer(operator);
    }

    function remove(address account_) private {
        vm.prank(address(timelock));
        rollup.removeSequencer(account_);
    }

    function reverts(address account_) private {
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.NotSequencer.selector, account_));
        vm.prank(address(timelock));
        rollup.removeSequencer(account_);
    }
}
