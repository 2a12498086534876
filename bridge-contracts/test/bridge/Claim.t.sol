// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Claims} from "../base/Claims.sol";

/// @title Claims that pay
contract ClaimTest is Claims {
    function setUp() public override {
        super.setUp();
        depositEth(alice, 100 ether);
        depositToken(alice, 1_000_000);
    }

    function testFuzz_paysEth(uint128 amount, address caller) public {
        amount = uint128(bound(amount, 1, 100 ether));
        Claim memory made = prepare(finalWith(0, amount), 0);

        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalPaid(0, bob, alice, 0, amount);
        vm.prank(caller);
        vm.assertEq(send(made), 1);

        vm.assertEq(bob.balance, amount);
        vm.assertEq(address(bridge).balance, 100 ether - amount);
        vm.assertEq(bridge.custody(address(0)), 100 ether - amount);
        vm.assertEq(bridge.custody(address(token)), 1_000_000);
        vm.assertTrue(bridge.claimed(0));
    }

    function testFuzz_paysTokens(uint128 amount) public {
        amount = uint128(bound(amount, 1, 1_000_000));
        Claim memory made = prepare(finalWith(tokenId, amount), 0);

        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalPaid(0, bob, alice, tokenId, amount);
        vm.assertEq(send(made), 1);

        vm.assertEq(token.balanceOf(bob), amount);
        vm.assertEq(token.balanceOf(address(bridge)), 1_000_000 - amount);
        vm.assertEq(bridge.custody(address(token)), 1_000_000 - amount);
        vm.assertEq(bridge.custody(address(0)), 100 ether);
    }

    function test_paysAllOfCustody() public {
        depositEth(bob, type(uint128).max - 100 ether);
        send(prepare(finalWith(0, type(uint128).max), 0));
        vm.assertEq(bridge.custody(address(0)), 0);
        vm.assertEq(bob.balance, type(uint128).max);
    }

    function test_finalisesTheBatchIfItCan() public {
        withdraw(alice, bob, 0, 5);
        uint64 number = post();
        Claim memory made = prepare(number, 0);
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        vm.expectEmit(address(rollup));
        emit IRollup.BatchFinalized(number, rollup.batchHash(number), made.batch.header.stateRoot);
        send(made);
        (uint64 newest,) = rollup.finality();
        vm.assertEq(newest, number);
        vm.assertEq(bob.balance, 5);
    }

    function testFuzz_paysAnySubset(uint8 count, uint256 mask) public {
        count = uint8(bound(count, 1, 40));
        mask = bound(mask, 1, (uint256(1) << count) - 1);
        for (uint128 i = 0; i < count; ++i) {
            withdraw(alice, bob, i % 2 == 0 ? 0 : tokenId, i + 1);
        }
        Claim memory made = prepare(postFinal(), chosen(mask));
        uint256 paid = send(made);

        uint256 eth = 0;
        uint256 tokens = 0;
        for (uint32 i = 0; i < count; ++i) {
            bool in_ = (mask >> i) & 1 == 1;
            vm.assertEq(bridge.claimed(i), in_);
            if (in_ && i % 2 == 0) eth += i + 1;
            if (in_ && i % 2 == 1) tokens += i + 1;
        }
        vm.assertEq(paid, made.withdrawals.length);
        vm.assertEq(bob.balance, eth);
        vm.assertEq(token.balanceOf(bob), tokens);
        vm.assertEq(bridge.custody(address(0)), 100 ether - eth);
        vm.assertEq(bridge.custody(address(token)), 1_000_000 - tokens);
    }

    function test_skipsThoseThatWerePaid() public {
        for (uint128 i = 0; i < 4; ++i) {
            withdraw(alice, bob, 0, uint128(10) ** i);
        }
        uint64 number = postFinal();
        send(prepare(number, 1, 2));
        vm.assertEq(bob.balance, 110);
        vm.assertEq(send(prepare(number, 0, 3)), 2);
        vm.assertEq(bob.balance, 1111);
    }

    function test_theSameWithdrawalIsPaidOnceUnderAllRoots() public {
        withdraw(alice, bob, 0, 5);
        uint64 first = postFinal();
        withdraw(alice, bob, 0, 7);
        uint64 second = postFinal();
        send(prepare(first, 0));
        Claim memory again = prepare(second, 0);
        vm.expectRevert(IBridge.NothingPaid.selector);
        send(again);
        vm.assertEq(send(prepare(second, 0, 1)), 1);
        vm.assertEq(bob.balance, 12);
    }

    function test_anOldFinalRootStillPays() public {
        withdraw(alice, bob, 0, 5);
        uint64 first = postFinal();
        for (uint256 i = 0; i < 3; ++i) {
            withdraw(alice, bob, 0, 1);
            postFinal();
        }
        send(prepare(first, 0));
        vm.assertEq(bob.balance, 5);
    }

    function test_theRootsAfterARevertPay() public {
        uint64 first = finalWith(0, 5);
        withdraw(alice, bob, 0, 99);
        uint64 second = post();
        Claim memory fallen = prepare(second, 1);
        revertFrom(second);
        withdrawals.pop();
        withdraw(alice, bob, 0, 7);
        stake(operator);
        vm.assertEq(postFinal(), second);

        vm.expectRevert(abi.encodeWithSelector(IRollup.WrongBatch.selector, second));
        send(fallen);
        send(prepare(second, 1));
        send(prepare(first, 0));
        vm.assertEq(bob.balance, 12);
    }

    function test_claimsGoOnAfterEscape() public {
        uint64 number = finalWith(0, 5);
        escapeNow();
        send(prepare(number, 0));
        vm.assertEq(bob.balance, 5);
    }

    function finalWith(uint8 id, uint128 amount) private returns (uint64) {
        withdraw(alice, bob, id, amount);
        return postFinal();
    }

    function chosen(uint256 mask) private pure returns (uint32[] memory indices) {
        uint256 size = 0;
        for (uint256 bits = mask; bits != 0; bits &= bits - 1) {
            ++size;
        }
        indices = new uint32[](size);
        uint256 filled = 0;
        for (uint32 i = 0; filled < size; ++i) {
            if ((mask >> i) & 1 == 1) indices[filled++] = i;
        }
    }
}
