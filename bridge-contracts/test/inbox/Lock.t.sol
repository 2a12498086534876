// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../../contracts/interfaces/IInbox.sol";
import {Messages} from "../../contracts/libraries/Messages.sol";
import {Escaping} from "../base/Escaping.sol";

contract LockTest is Escaping {
    function testFuzz_appends(address sender, uint32 index) public {
        depositEth(alice, 1);
        (bytes24 before,) = inbox.checkpoint(1);
        bytes memory message = Messages.lock(sender, index);
        bytes24 accumulator = Messages.accumulate(before, message);

        vm.expectEmit(address(inbox));
        emit IInbox.MessageSent(1, sender, sender, accumulator, message);
        vm.prank(sender);
        vm.assertEq(inbox.lock(index), 1);

        vm.assertEq(inbox.count(), 2);
        (bytes24 stored, uint64 next) = inbox.checkpoint(2);
        vm.assertEq(bytes32(stored), bytes32(accumulator));
        vm.assertEq(next, 0);
    }

    function test_revertsOnceClosed() public {
        escapeNow();
        vm.expectRevert(IInbox.InboxClosed.selector);
        inbox.lock(1);
    }
}
