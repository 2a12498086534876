// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {IInbox} from "../../contracts/interfaces/IInbox.sol";
import {Messages} from "../../contracts/libraries/Messages.sol";
import {Escaping} from "../base/Escaping.sol";

contract DepositEthTest is Escaping {
    function testFuzz_depositAppendsAndFunds(address to, uint128 amount, bool lock) public {
        // The bridge would pay itself.
        vm.assume(to != address(0) && to != address(bridge));
        amount = uint128(bound(amount, 1, type(uint128).max));
        address sender = lock ? to : alice;
        vm.deal(sender, amount);
        bytes memory message = Messages.deposit(to, 0, amount, lock);
        bytes24 accumulator = Messages.accumulate(0, message);

        vm.expectEmit(address(inbox));
        emit IInbox.MessageSent(0, to, sender, accumulator, message);
        vm.prank(sender);
        uint64 index = inbox.depositEth{value: amount}(to, lock);

        vm.assertEq(index, 0);
        vm.assertEq(inbox.count(), 1);
        vm.assertEq(bridge.custody(address(0)), amount);
        vm.assertEq(address(bridge).balance, amount);
        vm.assertEq(address(inbox).balance, 0);
        vm.assertEq(sender.balance, 0);
        (bytes24 stored, uint64 next) = inbox.checkpoint(1);
        vm.assertEq(bytes32(stored), bytes32(accumulator));
        vm.assertEq(next, 0);
        (, next) = inbox.checkpoint(0);
        vm.assertEq(next, block.timestamp);
    }

    function testFuzz_depositsChain(uint64 first, uint64 second, uint32 pause) public {
        depositEth(alice, uint128(first) + 1);
        vm.warp(block.timestamp + pause);
        vm.assertEq(depositEth(bob, uint128(second) + 1), 1);

        bytes24 chain = Messages.accumulate(0, Messages.deposit(alice, 0, uint128(first) + 1, false));
        chain = Messages.accumulate(chain, Messages.deposit(bob, 0, uint128(second) + 1, false));
        (bytes24 stored,) = inbox.checkpoint(2);
        vm.assertEq(bytes32(stored), bytes32(chain));
        (, uint64 secondTime) = inbox.checkpoint(1);
        vm.assertEq(secondTime, block.timestamp);
        vm.assertEq(bridge.custody(address(0)), uint256(first) + second + 2);
    }

    function test_custodyOfTheLastWeiFits() public {
        depositEth(alice, type(uint128).max - 1);
        depositEth(bob, 1);
        vm.assertEq(bridge.custody(address(0)), type(uint128).max);
    }

    function test_revertsWhenCustodyIsFull() public {
        depositEth(alice, type(uint128).max);
        vm.deal(bob, 1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.CustodyFull.selector, address(0)));
        vm.prank(bob);
        inbox.depositEth{value: 1}(bob, false);
        vm.assertEq(inbox.count(), 1);
    }

    function test_revertsOfNothing() public {
        vm.expectRevert(IInbox.ZeroAmount.selector);
        inbox.depositEth(alice, false);
    }

    function testFuzz_revertsAbove128Bits(uint256 amount) public {
        amount = bound(amount, uint256(1) << 128, type(uint256).max);
        vm.deal(alice, amount);
        vm.expectRevert(abi.encodeWithSelector(IInbox.AmountTooLarge.selector, amount));
        vm.prank(alice);
        inbox.depositEth{value: amount}(alice, false);
    }

    function test_revertsForTheZeroReceiver() public {
        vm.deal(alice, 1);
        vm.expectRevert(IInbox.ZeroReceiver.selector);
        vm.prank(alice);
        inbox.depositEth{value: 1}(address(0), false);
    }

    function testFuzz_revertsLockingAnother(address to, address sender) public {
        vm.assume(to != address(0) && to != sender);
        vm.deal(sender, 1);
        vm.expectRevert(abi.encodeWithSelector(IInbox.LockOfAnother.selector, to, sender));
        vm.prank(sender);
        inbox.depositEth{value: 1}(to, true);
    }

    function test_revertsOnceClosed() public {
        escapeNow();
        vm.deal(alice, 1);
        vm.expectRevert(IInbox.InboxClosed.selector);
        vm.prank(alice);
        inbox.depositEth{value: 1}(alice, false);
        vm.assertEq(bridge.custody(address(0)), 0);
    }
}
