// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISequencerSet} from "../../contracts/interfaces/ISequencerSet.sol";
import {System} from "../base/System.sol";
import {Caller, Refuser} from "../base/Recipients.sol";

contract WithdrawRewardTest is System {
    function testFuzz_theProverTakesIt(address prover, bool elsewhere) public {
        vm.assume(prover != account("elsewhere"));
        vm.assume(uint160(prover) > 0xffff && prover.code.length == 0 && prover != address(vm));
        slashFor(prover);
        address payable to = payable(elsewhere ? account("elsewhere") : prover);
        uint256 before = to.balance;
        vm.expectEmit(address(rollup));
        emit ISequencerSet.RewardWithdrawn(prover, to, BOND / 2);
        vm.prank(prover);
        rollup.withdrawReward(to);
        vm.assertEq(to.balance - before, BOND / 2);
        vm.assertEq(rollup.reward(prover), 0);
    }

    function test_rewardsAddUp() public {
        slashFor(bob);
        stake(operator);
        slashFor(bob);
        vm.assertEq(rollup.reward(bob), BOND);
        vm.prank(bob);
        rollup.withdrawReward(payable(bob));
        vm.assertEq(bob.balance, BOND);
    }

    function test_revertsTheSecondTime() public {
        slashFor(bob);
        vm.startPrank(bob);
        rollup.withdrawReward(payable(bob));
        vm.expectRevert(ISequencerSet.NothingToWithdraw.selector);
        rollup.withdrawReward(payable(bob));
    }

    function testFuzz_revertsForAnyoneElse(address caller) public {
        vm.assume(caller != bob);
        slashFor(bob);
        vm.expectRevert(ISequencerSet.NothingToWithdraw.selector);
        vm.prank(caller);
        rollup.withdrawReward(payable(caller));
    }

    function test_aRefusalLeavesTheReward() public {
        address payable refuser = payable(address(new Refuser()));
        slashFor(bob);
        vm.expectRevert(Refuser.Refused.selector);
        vm.prank(bob);
        rollup.withdrawReward(refuser);
        vm.assertEq(rollup.reward(bob), BOND / 2);
    }

    function test_aRecipientThatCallsAgainGetsNoMore() public {
        Caller caller = new Caller();
        slashFor(address(caller));
        stake(operator);
        bytes memory again = abi.encodeCall(rollup.withdrawReward, (payable(address(caller))));
        caller.setUp(address(rollup), 0, again);
        vm.prank(address(caller));
        rollup.withdrawReward(payable(address(caller)));
        vm.assertTrue(caller.failure() == ISequencerSet.NothingToWithdraw.selector);
        vm.assertEq(address(caller).balance, BOND / 2);
        vm.assertEq(address(rollup).balance, BOND);
    }

    function slashFor(address prover) private {
        vm.prank(disputes);
        rollup.slash(operator, prover);
    }
}
