// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {IInbox} from "../../contracts/interfaces/IInbox.sol";
import {Messages} from "../../contracts/libraries/Messages.sol";
import {Hook, HookedToken} from "./Hooked.sol";
import {Weird} from "./Weird.sol";

/// @dev Harmless: whoever is told of a transfer can do what anyone may do between two transactions, and nothing with the bridge's funds.
contract ReentrantTest is Weird {
    bytes4 private constant REENTRANT = bytes4(keccak256("ReentrancyGuardReentrantCall()"));

    Hook private hook;

    function make() internal override returns (address) {
        return address(new HookedToken());
    }

    function setUp() public override {
        super.setUp();
        vm.deal(address(this), 100);
        hook = new Hook{value: 100}(HookedToken(weird), address(bridge));
        HookedToken(weird).mint(address(hook), 2 * AMOUNT);
        deposit(AMOUNT);
    }

    function test_aTokenDepositWithinADepositIsRefused() public {
        depositDuring(address(inbox), 0, abi.encodeCall(inbox.depositToken, (weird, address(hook), 1, false)));
        vm.assertTrue(hook.failure() == REENTRANT);
        depositedOnce();
    }

    function test_anEthDepositWithinADepositComesFirst() public {
        (bytes24 accumulator,) = inbox.checkpoint(3);
        depositDuring(address(inbox), 5, abi.encodeCall(inbox.depositEth, (address(hook), true)));
        vm.assertTrue(hook.succeeded());
        vm.assertEq(inbox.count(), 5);
        accumulator = Messages.accumulate(accumulator, Messages.deposit(address(hook), 0, 5, true));
        accumulator = Messages.accumulate(accumulator, Messages.deposit(address(hook), weirdId, AMOUNT, false));
        (bytes24 stored,) = inbox.checkpoint(5);
        vm.assertEq(bytes32(stored), bytes32(accumulator));
        vm.assertEq(bridge.custody(weird), 2 * AMOUNT);
        vm.assertEq(bridge.custody(address(0)), 55);
    }

    function test_aLockWithinADepositComesFirst() public {
        depositDuring(address(inbox), 0, abi.encodeCall(inbox.lock, (7)));
        vm.assertTrue(hook.succeeded());
        vm.assertEq(inbox.count(), 5);
        vm.assertEq(bridge.custody(weird), 2 * AMOUNT);
    }

    function test_aClaimWithinADepositIsRefused() public {
        Claim memory made = claimBetween(100);
        depositDuring(address(bridge), 0, claimCall(made));
        vm.assertTrue(hook.failure() == REENTRANT);
        depositedOnce();
        paysAll(made);
    }

    function test_aListingWithinADepositIsRefused() public {
        depositDuring(address(bridge), 0, abi.encodeCall(bridge.listToken, (address(hook))));
        vm.assertTrue(hook.failure() == IBridge.NotGovernance.selector);
        depositedOnce();
    }

    function test_finalityWithinADepositIsAsEver() public {
        uint64 number = post();
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        depositDuring(address(rollup), 0, abi.encodeCall(rollup.finalize, (number, batches[number])));
        vm.assertTrue(hook.succeeded());
        depositedOnce();
    }

    /// @dev The deposit would be the first message after the close.
    function test_escapeWithinADepositEndsTheDeposit() public {
        vm.warp(block.timestamp + ESCAPE_DELAY);
        hook.setUp(address(rollup), 0, abi.encodeCall(rollup.escape, ()));
        vm.expectRevert(IInbox.InboxClosed.selector);
        hook.run(address(inbox), abi.encodeCall(inbox.depositToken, (weird, address(hook), AMOUNT, false)));
        vm.assertFalse(inbox.closed());
        vm.assertEq(bridge.custody(weird), AMOUNT);
    }

    function test_aClaimWithinAPaymentIsRefused() public {
        withdraw(alice, address(hook), weirdId, 10);
        withdraw(alice, address(hook), weirdId, 20);
        Claim memory made = prepare(postFinal(), 0, 1);
        paidDuring(made, claimCall(made), address(bridge));
        vm.assertTrue(hook.failure() == REENTRANT);
    }

    function test_aDepositWithinAPaymentIsRefused() public {
        withdraw(alice, address(hook), weirdId, 10);
        withdraw(alice, address(hook), weirdId, 20);
        Claim memory made = prepare(postFinal(), 0, 1);
        paidDuring(made, abi.encodeCall(inbox.depositToken, (weird, address(hook), 10, false)), address(inbox));
        vm.assertTrue(hook.failure() == REENTRANT);
    }

    /// @dev Tokens sent back while they are paid hide the loss: the payment fails, and can be claimed again.
    function test_aGiftWithinAPaymentFailsIt() public {
        withdraw(alice, address(hook), weirdId, 10);
        withdraw(alice, alice, weirdId, 20);
        Claim memory made = prepare(postFinal(), 0, 1);
        hook.setUp(weird, 0, abi.encodeWithSignature("transfer(address,uint256)", address(bridge), 10));
        vm.assertEq(send(made), 1);
        vm.assertFalse(bridge.claimed(0));
        vm.assertEq(bridge.custody(weird), AMOUNT - 20);
    }

    function test_anExitWithinAnExitIsRefused() public {
        uint32 index = open(address(hook), 5);
        hold(index, weirdId, 30);
        uint64 number = postFinal();
        Exit memory made = prepareExit(number, index, weirdId);
        Exit memory other = prepareExit(number, index, 0);
        hook.setUp(
            address(bridge),
            0,
            abi.encodeCall(
                bridge.exit, (other.batch, other.state, other.account, other.siblings, other.tokens, other.recipient)
            )
        );
        escapeNow();
        send(made);
        vm.assertTrue(hook.failure() == REENTRANT);
        vm.assertEq(bridge.custody(weird), AMOUNT - 30);
        vm.assertEq(bridge.custody(address(0)), 50);
        send(other);
        vm.assertEq(bridge.custody(address(0)), 45);
    }

    function test_aRefundWithinARefundIsRefused() public {
        uint64 index = inbox.count();
        HookedToken(weird).mint(alice, AMOUNT);
        vm.startPrank(alice);
        HookedToken(weird).approve(address(bridge), AMOUNT);
        inbox.depositToken(weird, address(hook), 10, false);
        inbox.depositToken(weird, address(hook), 20, false);
        vm.stopPrank();
        escapeNow();
        bytes memory other = abi.encodeCall(inbox.refund, (index + 1, address(hook), weirdId, 20, false));
        hook.setUp(address(inbox), 0, other);
        inbox.refund(index, address(hook), weirdId, 10, false);
        vm.assertTrue(hook.failure() == REENTRANT);
        vm.assertFalse(inbox.refunded(index + 1));
        vm.assertEq(bridge.custody(weird), AMOUNT + 20);
    }

    function depositDuring(address target, uint256 value, bytes memory data) private {
        hook.setUp(target, value, data);
        hook.run(address(inbox), abi.encodeCall(inbox.depositToken, (weird, address(hook), AMOUNT, false)));
        vm.assertEq(hook.calls(), 1);
    }

    function depositedOnce() private view {
        vm.assertEq(inbox.count(), 4);
        vm.assertEq(bridge.custody(weird), 2 * AMOUNT);
        vm.assertEq(HookedToken(weird).balanceOf(address(bridge)), 2 * AMOUNT);
    }

    function paidDuring(Claim memory made, bytes memory data, address target) private {
        hook.setUp(target, 0, data);
        vm.assertEq(send(made), 2);
        vm.assertEq(bridge.custody(weird), AMOUNT - 30);
        vm.assertEq(HookedToken(weird).balanceOf(address(hook)), 2 * AMOUNT + 30);
    }

    function claimCall(Claim memory made) private view returns (bytes memory) {
        return abi.encodeCall(bridge.claim, (made.number, made.batch, made.state, made.withdrawals, made.siblings));
    }
}
