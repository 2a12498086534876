// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {IInbox} from "../../contracts/interfaces/IInbox.sol";
import {Escaping} from "../base/Escaping.sol";
import {Refuser} from "../base/Recipients.sol";

contract RefundTest is Escaping {
    function testFuzz_ethGoesBackToItsReceiver(uint128 amount, address caller) public {
        amount = uint128(bound(amount, 1, type(uint128).max));
        uint64 index = depositEth(alice, amount);
        escapeNow();

        vm.expectEmit(address(inbox));
        emit IInbox.DepositRefunded(index, alice, 0, amount);
        vm.prank(caller);
        inbox.refund(index, alice, 0, amount, false);

        vm.assertEq(alice.balance, amount);
        vm.assertEq(bridge.custody(address(0)), 0);
        vm.assertTrue(inbox.refunded(index));
    }

    function testFuzz_tokensGoBackToTheirReceiver(uint128 amount, bool lock) public {
        amount = uint128(bound(amount, 1, type(uint128).max));
        token.mint(alice, amount);
        vm.startPrank(alice);
        token.approve(address(bridge), amount);
        uint64 index = inbox.depositToken(address(token), alice, amount, lock);
        vm.stopPrank();
        escapeNow();

        vm.expectEmit(address(inbox));
        emit IInbox.DepositRefunded(index, alice, tokenId, amount);
        inbox.refund(index, alice, tokenId, amount, lock);

        vm.assertEq(token.balanceOf(alice), amount);
        vm.assertEq(bridge.custody(address(token)), 0);
    }

    function test_consumedDepositsStayAndLaterOnesLeave() public {
        depositEth(alice, 5);
        postFinal();
        uint64 second = depositEth(bob, 7);
        escapeNow();

        vm.expectRevert(abi.encodeWithSelector(IInbox.DepositConsumed.selector, 0, 1));
        inbox.refund(0, alice, 0, 5, false);

        inbox.refund(second, bob, 0, 7, false);
        vm.assertEq(bob.balance, 7);
        vm.assertEq(bridge.custody(address(0)), 5);
        vm.assertFalse(inbox.refunded(0));
    }

    function test_aDepositThatOnlyAFallenBatchConsumedLeaves() public {
        uint64 index = depositEth(alice, 5);
        uint64 number = post();
        escapeNow();
        vm.expectRevert(IInbox.NotSettled.selector);
        inbox.refund(index, alice, 0, 5, false);

        revertFrom(number);
        inbox.refund(index, alice, 0, 5, false);
        vm.assertEq(alice.balance, 5);
    }

    function test_revertsBeforeEscape() public {
        uint64 index = depositEth(alice, 5);
        vm.expectRevert(IInbox.NotSettled.selector);
        inbox.refund(index, alice, 0, 5, false);
    }

    function test_revertsWhileABatchIsPending() public {
        uint64 number = post();
        uint64 index = depositEth(alice, 5);
        escapeNow();
        vm.expectRevert(IInbox.NotSettled.selector);
        inbox.refund(index, alice, 0, 5, false);

        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        rollup.finalize(number, batches[number]);
        inbox.refund(index, alice, 0, 5, false);
        vm.assertEq(alice.balance, 5);
    }

    function test_revertsTheSecondTime() public {
        uint64 index = depositEth(alice, 5);
        depositEth(bob, 5);
        escapeNow();
        inbox.refund(index, alice, 0, 5, false);
        vm.expectRevert(abi.encodeWithSelector(IInbox.AlreadyRefunded.selector, index));
        inbox.refund(index, alice, 0, 5, false);
        vm.assertEq(alice.balance, 5);
        vm.assertEq(bridge.custody(address(0)), 5);
    }

    function testFuzz_revertsForOtherContents(uint256 which, uint256 seed) public {
        uint64 index = depositEth(alice, 5);
        escapeNow();
        which = bound(which, 0, 3);
        address to = which == 0 ? address(uint160(bound(seed, 0, type(uint160).max))) : alice;
        uint8 id = which == 1 ? uint8(bound(seed, 1, 255)) : 0;
        uint128 amount = which == 2 ? uint128(bound(seed, 0, type(uint128).max)) : 5;
        vm.assume(!(which == 0 && to == alice) && !(which == 2 && amount == 5));

        vm.expectRevert(abi.encodeWithSelector(IInbox.WrongMessage.selector, index));
        inbox.refund(index, to, id, amount, which == 3);
    }

    function test_revertsForAMessageThatIsNoDeposit() public {
        vm.prank(alice);
        inbox.forceWithdrawal(1, address(0), 5, alice);
        escapeNow();
        vm.expectRevert(abi.encodeWithSelector(IInbox.WrongMessage.selector, 0));
        inbox.refund(0, alice, 0, 5, false);
    }

    function testFuzz_revertsBeyondTheLastMessage(uint64 index) public {
        depositEth(alice, 5);
        escapeNow();
        index = uint64(bound(index, 2, type(uint64).max));
        vm.expectRevert(abi.encodeWithSelector(IInbox.UnknownMessage.selector, index));
        inbox.refund(index, alice, 0, 5, false);
    }

    function test_aReceiverThatRefusesCanBeRefundedLater() public {
        Refuser refuser = new Refuser();
        uint64 index = depositEth(address(refuser), 5);
        escapeNow();
        vm.expectRevert(Refuser.Refused.selector);
        inbox.refund(index, address(refuser), 0, 5, false);
        vm.assertFalse(inbox.refunded(index));
        vm.assertEq(bridge.custody(address(0)), 5);

        refuser.accept();
        inbox.refund(index, address(refuser), 0, 5, false);
        vm.assertEq(address(refuser).balance, 5);
        vm.assertTrue(inbox.refunded(index));
    }

    function test_nobodyElseIsHeldUpByARefusal() public {
        Refuser refuser = new Refuser();
        uint64 first = depositEth(address(refuser), 5);
        uint64 second = depositEth(alice, 7);
        escapeNow();
        vm.expectRevert(Refuser.Refused.selector);
        inbox.refund(first, address(refuser), 0, 5, false);
        inbox.refund(second, alice, 0, 7, false);
        vm.assertEq(alice.balance, 7);
    }
}
