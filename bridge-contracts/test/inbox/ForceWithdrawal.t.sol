// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {IInbox} from "../../contracts/interfaces/IInbox.sol";
import {Messages} from "../../contracts/libraries/Messages.sol";
import {Escaping} from "../base/Escaping.sol";

contract ForceWithdrawalTest is Escaping {
    function testFuzz_appends(address sender, uint32 index, bool eth, uint128 amount, address recipient) public {
        vm.assume(recipient != address(0));
        amount = uint128(bound(amount, 1, type(uint128).max));
        bytes memory message = Messages.forcedWithdrawal(sender, index, eth ? 0 : tokenId, amount, recipient);

        vm.expectEmit(address(inbox));
        emit IInbox.MessageSent(0, sender, sender, Messages.accumulate(0, message), message);
        vm.prank(sender);
        vm.assertEq(inbox.forceWithdrawal(index, eth ? address(0) : address(token), amount, recipient), 0);

        vm.assertEq(inbox.count(), 1);
        vm.assertEq(bridge.custody(address(0)), 0);
        vm.assertEq(bridge.custody(address(token)), 0);
        (bytes24 stored,) = inbox.checkpoint(1);
        vm.assertEq(bytes32(stored), bytes32(Messages.accumulate(0, message)));
    }

    function test_revertsOfNothing() public {
        vm.expectRevert(IInbox.ZeroAmount.selector);
        inbox.forceWithdrawal(1, address(0), 0, alice);
    }

    function testFuzz_revertsAbove128Bits(uint256 amount) public {
        amount = bound(amount, uint256(1) << 128, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IInbox.AmountTooLarge.selector, amount));
        inbox.forceWithdrawal(1, address(token), amount, alice);
    }

    function test_revertsForTheZeroRecipient() public {
        vm.expectRevert(IInbox.ZeroReceiver.selector);
        inbox.forceWithdrawal(1, address(0), 1, address(0));
    }

    function testFuzz_revertsForAnUnlistedToken(address other) public {
        vm.assume(other != address(token) && other != address(0));
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotListed.selector, other));
        inbox.forceWithdrawal(1, other, 1, alice);
    }

    function test_revertsOnceClosed() public {
        escapeNow();
        vm.expectRevert(IInbox.InboxClosed.selector);
        inbox.forceWithdrawal(1, address(0), 1, alice);
    }
}
