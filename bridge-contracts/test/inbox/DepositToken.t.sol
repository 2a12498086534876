// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {IInbox} from "../../contracts/interfaces/IInbox.sol";
import {Messages} from "../../contracts/libraries/Messages.sol";
import {Escaping} from "../base/Escaping.sol";
import {Token} from "../base/Token.sol";

contract DepositTokenTest is Escaping {
    function testFuzz_depositAppendsAndFunds(address to, uint128 amount, bool lock) public {
        vm.assume(to != address(0) && to != address(bridge));
        amount = uint128(bound(amount, 1, type(uint128).max));
        address sender = lock ? to : alice;
        fund(sender, amount);
        bytes memory message = Messages.deposit(to, tokenId, amount, lock);
        bytes24 accumulator = Messages.accumulate(0, message);

        vm.expectEmit(address(inbox));
        emit IInbox.MessageSent(0, to, sender, accumulator, message);
        vm.prank(sender);
        uint64 index = inbox.depositToken(address(token), to, amount, lock);

        vm.assertEq(index, 0);
        vm.assertEq(inbox.count(), 1);
        vm.assertEq(bridge.custody(address(token)), amount);
        vm.assertEq(bridge.custody(address(0)), 0);
        vm.assertEq(token.balanceOf(address(bridge)), amount);
        vm.assertEq(token.balanceOf(address(inbox)), 0);
        (bytes24 stored, uint64 next) = inbox.checkpoint(1);
        vm.assertEq(bytes32(stored), bytes32(accumulator));
        vm.assertEq(next, 0);
    }

    function test_theSecondTokenHasItsOwnNumberAndCustody() public {
        Token other = new Token(18);
        vm.prank(address(timelock));
        uint8 id = bridge.listToken(address(other));
        other.mint(alice, 5);
        depositToken(alice, 7);

        vm.startPrank(alice);
        other.approve(address(bridge), 5);
        (bytes24 before,) = inbox.checkpoint(1);
        bytes memory message = Messages.deposit(alice, 2, 5, false);
        vm.expectEmit(address(inbox));
        emit IInbox.MessageSent(1, alice, alice, Messages.accumulate(before, message), message);
        inbox.depositToken(address(other), alice, 5, false);

        vm.assertEq(id, 2);
        vm.assertEq(bridge.custody(address(other)), 5);
        vm.assertEq(bridge.custody(address(token)), 7);
    }

    function test_revertsOfNothing() public {
        vm.expectRevert(IInbox.ZeroAmount.selector);
        inbox.depositToken(address(token), alice, 0, false);
    }

    function testFuzz_revertsAbove128Bits(uint256 amount) public {
        amount = bound(amount, uint256(1) << 128, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IInbox.AmountTooLarge.selector, amount));
        inbox.depositToken(address(token), alice, amount, false);
    }

    function test_revertsForTheZeroReceiver() public {
        vm.expectRevert(IInbox.ZeroReceiver.selector);
        inbox.depositToken(address(token), address(0), 1, false);
    }

    function testFuzz_revertsLockingAnother(address to, address sender) public {
        vm.assume(to != address(0) && to != sender);
        vm.expectRevert(abi.encodeWithSelector(IInbox.LockOfAnother.selector, to, sender));
        vm.prank(sender);
        inbox.depositToken(address(token), to, 1, true);
    }

    function testFuzz_revertsForAnUnlistedToken(address other) public {
        vm.assume(other != address(token));
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotListed.selector, other));
        inbox.depositToken(other, alice, 1, false);
    }

    function test_revertsForEthAsAToken() public {
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotListed.selector, address(0)));
        inbox.depositToken(address(0), alice, 1, false);
    }

    function test_revertsWithoutAllowance() public {
        token.mint(alice, 5);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(bridge), 0, 5));
        vm.prank(alice);
        inbox.depositToken(address(token), alice, 5, false);
        vm.assertEq(bridge.custody(address(token)), 0);
        vm.assertEq(inbox.count(), 0);
    }

    function test_anAllowanceIsNotOthersToUse() public {
        fund(alice, 5);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(bridge), 0, 5));
        vm.prank(bob);
        inbox.depositToken(address(token), bob, 5, false);
        vm.assertEq(token.balanceOf(alice), 5);
    }

    function test_revertsWhenCustodyIsFull() public {
        depositToken(alice, type(uint128).max);
        fund(bob, 1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.CustodyFull.selector, address(token)));
        vm.prank(bob);
        inbox.depositToken(address(token), bob, 1, false);
    }

    function test_revertsOnceClosed() public {
        escapeNow();
        fund(alice, 1);
        vm.expectRevert(IInbox.InboxClosed.selector);
        vm.prank(alice);
        inbox.depositToken(address(token), alice, 1, false);
        vm.assertEq(bridge.custody(address(token)), 0);
        vm.assertEq(token.balanceOf(alice), 1);
    }

    function fund(address sender, uint128 amount) private {
        token.mint(sender, amount);
        vm.prank(sender);
        token.approve(address(bridge), amount);
    }
}
