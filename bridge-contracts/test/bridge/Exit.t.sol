// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Multiproof} from "../../contracts/libraries/Multiproof.sol";
import {Exits} from "../base/Exits.sol";
import {Caller, Refuser} from "../base/Recipients.sol";

contract ExitTest is Exits {
    uint64 private number;
    uint32 private mine;

    function setUp() public override {
        super.setUp();
        depositEth(alice, 100);
        depositToken(alice, 1000);
        open(feeAccount, 1);
        mine = open(alice, 60);
        hold(mine, tokenId, 1000);
        open(bob, 39);
        number = postFinal();
    }

    function testFuzz_paysTheOwnerWhoeverCalls(address caller) public {
        escapeNow();
        Exit memory made = prepareExit(number, mine, 0);
        vm.expectEmit(address(bridge));
        emit IBridge.Exited(mine, alice, alice, 0, 60);
        vm.prank(caller);
        send(made);

        vm.assertEq(alice.balance, 60);
        vm.assertEq(bridge.custody(address(0)), 40);
        vm.assertTrue(bridge.exited(mine, 0));
        vm.assertFalse(bridge.exited(mine, tokenId));
    }

    function testFuzz_theOwnerChoosesTheRecipient(address recipient) public {
        vm.assume(recipient != address(0) && recipient != address(bridge) && recipient != address(token));
        escapeNow();
        Exit memory made = prepareExit(number, mine, tokenId);
        made.recipient = recipient;
        vm.expectEmit(address(bridge));
        emit IBridge.Exited(mine, alice, recipient, tokenId, 1000);
        vm.prank(alice);
        send(made);
        vm.assertEq(token.balanceOf(recipient), 1000);
        vm.assertEq(bridge.custody(address(token)), 0);
    }

    function test_severalTokensLeaveAtOnce() public {
        escapeNow();
        Exit memory made = prepareExit(number, mine, two(0, tokenId));
        send(made);
        vm.assertEq(alice.balance, 60);
        vm.assertEq(token.balanceOf(alice), 1000);
        vm.assertTrue(bridge.exited(mine, 0));
        vm.assertTrue(bridge.exited(mine, tokenId));
    }

    function testFuzz_everyAccountHasItsProof(uint8 more, uint8 place) public {
        for (uint256 i = 0; i < bound(more, 0, 30); ++i) {
            open(address(uint160(1000 + i)), 0);
        }
        uint32 index = open(account("last"), 1);
        place = uint8(bound(place, 0, 1));
        index = place == 0 ? index : 2;
        uint64 newest = postFinal();
        escapeNow();
        uint256 before = accounts[index].owner.balance;
        send(prepareExit(newest, index, 0));
        vm.assertEq(accounts[index].owner.balance, before + accounts[index].eth);
    }

    function test_lockedAccountsLeaveToo() public {
        accounts[mine].flags = 1;
        uint64 newest = postFinal();
        escapeNow();
        send(prepareExit(newest, mine, 0));
        vm.assertEq(alice.balance, 60);
    }

    function test_revertsTheSecondTime() public {
        escapeNow();
        send(prepareExit(number, mine, 0));
        reverts(prepareExit(number, mine, 0), abi.encodeWithSelector(IBridge.AlreadyExited.selector, mine, 0));
    }

    function test_revertsForATokenTwiceInOneCall() public {
        escapeNow();
        bytes memory reason = abi.encodeWithSelector(IBridge.AlreadyExited.selector, mine, tokenId);
        reverts(prepareExit(number, mine, two(tokenId, tokenId)), reason);
        vm.assertEq(token.balanceOf(alice), 0);
    }

    function testFuzz_revertsForWhatIsNotHeld(uint8 id) public {
        id = uint8(bound(id, 2, 255));
        escapeNow();
        reverts(prepareExit(number, mine, id), abi.encodeWithSelector(IBridge.NothingHeld.selector, mine, id));
    }

    function test_revertsForNoEth() public {
        uint32 empty = open(account("empty"), 0);
        uint64 newest = postFinal();
        escapeNow();
        reverts(prepareExit(newest, empty, 0), abi.encodeWithSelector(IBridge.NothingHeld.selector, empty, 0));
    }

    function testFuzz_revertsForAnothersRecipient(address caller, address recipient) public {
        vm.assume(caller != alice && recipient != alice);
        escapeNow();
        Exit memory made = prepareExit(number, mine, 0);
        made.recipient = recipient;
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotAccountOwner.selector, alice, caller));
        vm.prank(caller);
        send(made);
    }

    function test_revertsBeforeEscape() public {
        reverts(prepareExit(number, mine, 0), abi.encodeWithSelector(IRollup.NotSettled.selector));
    }

    function test_revertsWhileABatchIsPendingAndLeavesUnderItOnceFinal() public {
        accounts[mine].eth = 50;
        uint64 pending = post();
        escapeNow();
        reverts(prepareExit(pending, mine, 0), abi.encodeWithSelector(IRollup.NotSettled.selector));

        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        rollup.finalize(pending, batches[pending]);
        send(prepareExit(pending, mine, 0));
        vm.assertEq(alice.balance, 50);
    }

    function test_leavesUnderTheLastFinalBatchOnceThePendingOneFell() public {
        uint64 pending = post();
        escapeNow();
        revertFrom(pending);
        send(prepareExit(number, mine, 0));
        vm.assertEq(alice.balance, 60);
    }

    function test_revertsForAnOlderFinalBatch() public {
        accounts[mine].eth = 0;
        uint64 newest = postFinal();
        escapeNow();
        accounts[mine].eth = 60;
        reverts(prepareExit(number, mine, 0), abi.encodeWithSelector(IRollup.WrongBatch.selector, newest));
    }

    function test_revertsForAnotherState() public {
        escapeNow();
        Exit memory made = prepareExit(number, mine, 0);
        made.state.baseFee += 1;
        reverts(made, abi.encodeWithSelector(IBridge.WrongState.selector, made.batch.header.stateRoot));
    }

    function testFuzz_revertsForAnIndexBeyondTheLast(uint32 index) public {
        index = uint32(bound(index, 3, type(uint32).max));
        escapeNow();
        Exit memory made = prepareExit(number, mine, 0);
        made.account.index = index;
        reverts(made, abi.encodeWithSelector(IBridge.WrongIndex.selector, index));
    }

    function testFuzz_revertsForAnotherAccount(uint8 field, uint64 change) public {
        escapeNow();
        change = uint64(bound(change, 1, 255));
        field = uint8(bound(field, 0, 6));
        Exit memory made = prepareExit(number, mine, 0);
        if (field == 0) made.account.owner = address(uint160(alice) ^ change);
        if (field == 1) made.account.nonce ^= change;
        if (field == 2) made.account.flags ^= uint8(change);
        if (field == 3) made.account.eth ^= change;
        if (field == 4) made.account.tokens[0].amount ^= change;
        if (field == 5) made.account.tokens[0].token ^= uint8(change);
        if (field == 6) made.account.index = 0;
        made.recipient = made.account.owner;
        vm.expectPartialRevert(IBridge.WrongProof.selector);
        send(made);
    }

    function test_revertsForWrongSiblings() public {
        escapeNow();
        Exit memory made = prepareExit(number, mine, 0);
        made.siblings[0] = keccak256("another");
        vm.expectPartialRevert(IBridge.WrongProof.selector);
        send(made);

        made.siblings = new bytes32[](1);
        reverts(made, abi.encodeWithSelector(Multiproof.SiblingMissing.selector, 1));
        made.siblings = new bytes32[](3);
        reverts(made, abi.encodeWithSelector(Multiproof.SiblingsLeftOver.selector, 2, 3));
    }

    function test_revertsWhenNothingWasEverFinal() public {
        deploy(parameters());
        Exit memory made = prepareExit(number, mine, 0);
        escapeNow();
        reverts(made, abi.encodeWithSelector(IRollup.NotFinal.selector, 0));
    }

    function test_aRefusalLeavesTheBalanceInPlace() public {
        Refuser refuser = new Refuser();
        escapeNow();
        Exit memory made = prepareExit(number, mine, 0);
        made.recipient = address(refuser);
        vm.expectRevert(Refuser.Refused.selector);
        vm.prank(alice);
        send(made);
        vm.assertFalse(bridge.exited(mine, 0));
        vm.assertEq(bridge.custody(address(0)), 100);
    }

    function test_anExitWithinAnExitIsRefused() public {
        Caller caller = new Caller();
        Exit memory made = prepareExit(number, mine, 0);
        Exit memory other = prepareExit(number, 2, 0);
        caller.setUp(
            address(bridge),
            0,
            abi.encodeCall(
                bridge.exit, (other.batch, other.state, other.account, other.siblings, other.tokens, other.recipient)
            )
        );
        made.recipient = address(caller);
        escapeNow();
        vm.prank(alice);
        send(made);
        vm.assertTrue(caller.failure() == bytes4(keccak256("ReentrancyGuardReentrantCall()")));
        vm.assertEq(address(caller).balance, 60);
        vm.assertFalse(bridge.exited(2, 0));
    }

    function reverts(Exit memory made, bytes memory reason) private {
        vm.expectRevert(reason);
        send(made);
    }

    function two(uint8 first, uint8 second) private pure returns (uint8[] memory tokens) {
        tokens = new uint8[](2);
        (tokens[0], tokens[1]) = (first, second);
    }
}
