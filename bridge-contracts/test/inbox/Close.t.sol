// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../../contracts/interfaces/IInbox.sol";
import {System} from "../base/System.sol";

contract CloseTest is System {
    function test_theRollupClosesForGood() public {
        depositEth(alice, 1);
        vm.expectEmit(address(inbox));
        emit IInbox.Closed(1);
        vm.prank(address(rollup));
        inbox.close();
        vm.assertTrue(inbox.closed());
        vm.assertEq(inbox.count(), 1);

        vm.expectRevert(IInbox.InboxClosed.selector);
        inbox.unlock(0);
    }

    function test_closingLeavesTheChainAsItIs() public {
        depositEth(alice, 1);
        (bytes24 before, uint64 time) = inbox.checkpoint(0);
        (bytes24 later,) = inbox.checkpoint(1);
        vm.prank(address(rollup));
        inbox.close();
        (bytes24 stillBefore, uint64 stillTime) = inbox.checkpoint(0);
        (bytes24 stillAfter,) = inbox.checkpoint(1);
        vm.assertEq(bytes32(stillBefore), bytes32(before));
        vm.assertEq(stillTime, time);
        vm.assertEq(bytes32(stillAfter), bytes32(later));
    }

    function testFuzz_revertsForAnyoneElse(address caller) public {
        vm.assume(caller != address(rollup));
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotRollup.selector, caller));
        vm.prank(caller);
        inbox.close();
    }

    function test_escapeCloses() public {
        depositEth(alice, 1);
        vm.warp(block.timestamp + ESCAPE_DELAY);
        vm.expectEmit(address(inbox));
        emit IInbox.Closed(1);
        rollup.escape();
        vm.assertTrue(inbox.closed());
    }
}
