// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {ISequencerSet} from "../../contracts/interfaces/ISequencerSet.sol";
import {System} from "../base/System.sol";

contract SlashTest is System {
    function testFuzz_halfIsBurntAndHalfIsTheProvers(uint96 more, address prover) public {
        uint96 bond = uint96(bound(more, 0, type(uint96).max - BOND)) + BOND;
        vm.deal(address(this), bond);
        rollup.depositBond{value: bond - BOND}(operator);
        uint256 burnt = address(0).balance;

        vm.expectEmit(address(rollup));
        emit ISequencerSet.Slashed(operator, prover, bond - bond / 2, bond / 2);
        vm.prank(disputes);
        rollup.slash(operator, prover);

        (uint96 left,,) = rollup.sequencer(operator);
        vm.assertEq(left, 0);
        vm.assertEq(rollup.reward(prover), bond / 2);
        vm.assertEq(address(0).balance - burnt, bond - bond / 2);
        vm.assertEq(address(rollup).balance, bond / 2);
        vm.assertTrue(rollup.isSequencer(operator));
    }

    function test_batchesStand() public {
        uint64 number = post();
        vm.prank(disputes);
        rollup.slash(operator, bob);
        rollup.requirePending(number, batches[number]);
        vm.assertEq(rollup.forks(), 0);
    }

    function test_aSequencerThatLeftIsSlashedWhileItsBondStays() public {
        vm.prank(operator);
        rollup.resign();
        vm.warp(block.timestamp + CHALLENGE_WINDOW + RESPONSE_WINDOW);
        vm.prank(disputes);
        rollup.slash(operator, bob);
        vm.expectRevert(ISequencerSet.NothingToWithdraw.selector);
        vm.prank(operator);
        rollup.withdrawBond(payable(operator), batches[0]);
    }

    function test_ofNobodyTakesNothing() public {
        vm.expectEmit(address(rollup));
        emit ISequencerSet.Slashed(alice, bob, 0, 0);
        vm.prank(disputes);
        rollup.slash(alice, bob);
        vm.assertEq(rollup.reward(bob), 0);
    }

    function testFuzz_revertsForAnyoneElse(address caller) public {
        vm.assume(caller != disputes);
        vm.expectRevert(abi.encodeWithSelector(IRollup.NotDisputes.selector, caller));
        vm.prank(caller);
        rollup.slash(operator, caller);
    }
}
