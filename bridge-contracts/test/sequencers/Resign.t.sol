// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISequencerSet} from "../../contracts/interfaces/ISequencerSet.sol";
import {BatchHeader} from "../../contracts/libraries/Batches.sol";
import {System} from "../base/System.sol";

contract ResignTest is System {
    function test_leavesAtOnce() public {
        vm.expectEmit(address(rollup));
        emit ISequencerSet.SequencerRemoved(operator, uint64(block.timestamp));
        vm.prank(operator);
        rollup.resign();
        vm.assertFalse(rollup.isSequencer(operator));

        BatchHeader memory header = nextHeader();
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.NotSequencer.selector, operator));
        vm.prank(operator);
        rollup.submitCalldata(operator, header, new bytes(496));
    }

    function test_comesBeforeARemoval() public {
        vm.prank(address(timelock));
        rollup.removeSequencer(operator);
        vm.prank(operator);
        rollup.resign();
        (,, uint64 activeUntil) = rollup.sequencer(operator);
        vm.assertEq(activeUntil, block.timestamp);
    }

    function test_revertsTheSecondTime() public {
        vm.prank(operator);
        rollup.resign();
        vm.warp(block.timestamp + 1);
        reverts(operator);
    }

    function test_revertsOnceRemoved() public {
        vm.prank(address(timelock));
        rollup.removeSequencer(operator);
        vm.warp(block.timestamp + SEQUENCER_DELAY);
        reverts(operator);
    }

    function testFuzz_revertsForAStranger(address caller) public {
        vm.assume(caller != operator);
        reverts(caller);
    }

    function reverts(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.NotSequencer.selector, caller));
        vm.prank(caller);
        rollup.resign();
    }
}
