// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Multiproof} from "../../contracts/libraries/Multiproof.sol";
import {Withdrawal} from "../../contracts/libraries/States.sol";
import {Claims} from "../base/Claims.sol";

/// @title Claims that revert as a whole
contract ClaimRevertsTest is Claims {
    uint64 private number;

    function setUp() public override {
        super.setUp();
        depositEth(alice, 1000);
        for (uint128 i = 0; i < 5; ++i) {
            withdraw(alice, bob, 0, i + 1);
        }
        number = postFinal();
    }

    function test_revertsForAPendingBatch() public {
        uint64 pending = post();
        Claim memory made = prepare(pending, 0);
        uint256 end = block.timestamp + CHALLENGE_WINDOW;
        vm.warp(end - 1);
        reverts(made, abi.encodeWithSelector(IRollup.WindowOpen.selector, end));
    }

    function test_revertsForABatchThatIsNotThere() public {
        Claim memory made = prepare(number, 0);
        made.number = number + 1;
        reverts(made, abi.encodeWithSelector(IRollup.NotPending.selector, number + 1));
    }

    function test_revertsForGenesis() public {
        Claim memory made = prepare(number, 0);
        made.number = 0;
        reverts(made, abi.encodeWithSelector(IRollup.NotFinal.selector, 0));
    }

    function test_revertsForAnotherBatch() public {
        Claim memory made = prepare(number, 0);
        made.batch.header.stateRoot = keccak256("another");
        reverts(made, abi.encodeWithSelector(IRollup.WrongBatch.selector, number));
    }

    function test_revertsUnderAnOpenChallenge() public {
        uint64 pending = post();
        vm.prank(disputes);
        rollup.openChallenge(pending, batches[pending]);
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        reverts(prepare(pending, 0), abi.encodeWithSelector(IRollup.ChallengePending.selector, pending));
    }

    function testFuzz_revertsForAnotherState(uint8 field, uint64 change) public {
        Claim memory made = prepare(number, 0);
        change = uint64(bound(change, 1, type(uint32).max));
        field = uint8(bound(field, 0, 8));
        if (field == 0) made.state.accountsRoot = bytes32(uint256(change));
        if (field == 1) made.state.withdrawalsRoot = bytes32(uint256(change));
        if (field == 2) made.state.accountCount ^= uint32(change);
        if (field == 3) made.state.withdrawalCount ^= uint32(change);
        if (field == 4) made.state.inboxCount ^= change;
        if (field == 5) made.state.authorisedCount ^= change;
        if (field == 6) made.state.blockNumber ^= change;
        if (field == 7) made.state.timestamp ^= change;
        if (field == 8) made.state.baseFee ^= change;
        reverts(made, abi.encodeWithSelector(IBridge.WrongState.selector, made.batch.header.stateRoot));
    }

    function test_revertsForNoWithdrawal() public {
        Claim memory made = prepare(number, 0);
        made.withdrawals = new Withdrawal[](0);
        made.siblings = new bytes32[](0);
        reverts(made, abi.encodeWithSelector(IBridge.NoWithdrawals.selector));
    }

    function testFuzz_revertsForAnIndexBeyondTheLast(uint32 index) public {
        index = uint32(bound(index, 5, type(uint32).max));
        Claim memory made = prepare(number, 4);
        made.withdrawals[0].index = index;
        reverts(made, abi.encodeWithSelector(IBridge.WrongIndex.selector, index));
    }

    function test_revertsForTheSameIndexTwice() public {
        Claim memory made = prepare(number, 1, 2);
        made.withdrawals[1] = made.withdrawals[0];
        reverts(made, abi.encodeWithSelector(IBridge.WrongIndex.selector, 1));
    }

    function test_revertsForIndicesThatDescend() public {
        Claim memory made = prepare(number, 1, 2);
        (made.withdrawals[0], made.withdrawals[1]) = (made.withdrawals[1], made.withdrawals[0]);
        reverts(made, abi.encodeWithSelector(IBridge.WrongIndex.selector, 1));
    }

    function testFuzz_revertsForAnotherWithdrawal(uint8 field, uint128 change) public {
        Claim memory made = prepare(number, 2);
        change = uint128(bound(change, 1, 255));
        field = uint8(bound(field, 0, 4));
        Withdrawal memory forged = made.withdrawals[0];
        if (field == 0) forged.account = address(uint160(forged.account) ^ uint160(change));
        if (field == 1) forged.recipient = address(uint160(forged.recipient) ^ uint160(change));
        if (field == 2) forged.token ^= uint8(change);
        if (field == 3) forged.amount ^= change;
        // Index 3 calls for as many siblings as index 2, on other sides.
        if (field == 4) forged.index = 3;
        revertsWithWrongProof(made);
    }

    function testFuzz_revertsForAnotherSibling(uint256 place, bytes32 change) public {
        vm.assume(change != 0);
        Claim memory made = prepare(number, 2);
        place = bound(place, 0, made.siblings.length - 1);
        made.siblings[place] ^= change;
        revertsWithWrongProof(made);
    }

    function test_revertsForASiblingTooMany() public {
        Claim memory made = prepare(number, 2);
        bytes32[] memory more = new bytes32[](made.siblings.length + 1);
        for (uint256 i = 0; i < made.siblings.length; ++i) {
            more[i] = made.siblings[i];
        }
        made.siblings = more;
        reverts(made, abi.encodeWithSelector(Multiproof.SiblingsLeftOver.selector, more.length - 1, more.length));
    }

    function test_revertsForASiblingTooFew() public {
        Claim memory made = prepare(number, 2);
        bytes32[] memory fewer = new bytes32[](made.siblings.length - 1);
        for (uint256 i = 0; i < fewer.length; ++i) {
            fewer[i] = made.siblings[i];
        }
        made.siblings = fewer;
        reverts(made, abi.encodeWithSelector(Multiproof.SiblingMissing.selector, fewer.length));
    }

    function test_revertsWhenAllWerePaid() public {
        send(prepare(number, 0, 4));
        reverts(prepare(number, 1, 3), abi.encodeWithSelector(IBridge.NothingPaid.selector));
    }

    function test_revertsForATokenThatIsNotListed() public {
        withdraw(alice, bob, 2, 5);
        uint64 wrong = postFinal();
        reverts(prepare(wrong, 5), abi.encodeWithSelector(IBridge.UnknownToken.selector, 2));
    }

    function reverts(Claim memory made, bytes memory reason) private {
        uint256 before = bob.balance;
        vm.expectRevert(reason);
        send(made);
        vm.assertEq(bob.balance, before);
    }

    /// @dev The root that a wrong proof leads to is of no interest.
    function revertsWithWrongProof(Claim memory made) private {
        vm.expectPartialRevert(IBridge.WrongProof.selector);
        send(made);
        vm.assertFalse(bridge.claimed(2));
    }
}
