// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {ISequencerSet} from "../../contracts/interfaces/ISequencerSet.sol";
import {Batch, BatchHeader, Batches} from "../../contracts/libraries/Batches.sol";
import {Escaping} from "../base/Escaping.sol";
import {Caller, Refuser} from "../base/Recipients.sol";

contract WithdrawBondTest is Escaping {
    uint64 private constant UNBONDING = SEQUENCER_DELAY + CHALLENGE_WINDOW + RESPONSE_WINDOW;

    function testFuzz_leavesAfterBothWindows(address payable to) public {
        vm.assume(uint160(address(to)) > 0xffff && to.code.length == 0 && to != address(vm));
        uint256 before = to.balance;
        uint256 until = resign() + UNBONDING;
        vm.warp(until - 1);
        revertsLocked(until);
        vm.warp(until);
        vm.expectEmit(address(rollup));
        emit ISequencerSet.BondWithdrawn(operator, to, BOND);
        vm.prank(operator);
        rollup.withdrawBond(to, batches[0]);

        (uint96 bond,,) = rollup.sequencer(operator);
        vm.assertEq(bond, 0);
        vm.assertEq(to.balance - before, BOND);
        vm.assertEq(address(rollup).balance, 0);
    }

    function test_revertsInTheSet() public {
        revertsLocked(type(uint64).max);
    }

    function test_aRemovalCountsFromItsEffect() public {
        vm.prank(address(timelock));
        rollup.removeSequencer(operator);
        uint256 until = block.timestamp + SEQUENCER_DELAY + UNBONDING;
        vm.warp(until - 1);
        revertsLocked(until);
        vm.warp(until);
        takes(0);
    }

    function test_revertsTheSecondTime() public {
        resign();
        vm.warp(block.timestamp + UNBONDING);
        takes(0);
        vm.expectRevert(ISequencerSet.NothingToWithdraw.selector);
        vm.prank(operator);
        rollup.withdrawBond(payable(operator), batches[0]);
    }

    function testFuzz_revertsForAStranger(address caller) public {
        vm.assume(caller != operator);
        vm.expectRevert(ISequencerSet.NothingToWithdraw.selector);
        vm.prank(caller);
        rollup.withdrawBond(payable(caller), batches[0]);
    }

    function test_revertsWhileItsBatchIsPending() public {
        uint64 number = post();
        resign();
        vm.warp(block.timestamp + 10 * UNBONDING);
        reverts(number, abi.encodeWithSelector(ISequencerSet.BatchPending.selector, number));
        rollup.finalize(number, batches[number]);
        takes(0);
    }

    function test_aFallenBatchHoldsNothingUp() public {
        uint64 number = post();
        resign();
        vm.warp(block.timestamp + UNBONDING);
        // Slashed for it, the bond is gone; what is added by nobody cannot be taken.
        revertFrom(number);
        reverts(0, abi.encodeWithSelector(ISequencerSet.NothingToWithdraw.selector));
    }

    function test_laterBatchesOfOthersHoldNothingUp() public {
        post();
        join(alice);
        uint256 left = resign();
        vm.warp(left + 1);
        postAs(alice, 2);
        vm.warp(left + UNBONDING);
        reverts(1, abi.encodeWithSelector(ISequencerSet.BatchPending.selector, 1));
        rollup.finalize(1, batches[1]);
        takes(2);
    }

    /// @dev A batch in the second of the resignation may be the sequencer's own, earlier in that block.
    function test_aBatchOfTheSameSecondHoldsItUp() public {
        join(alice);
        uint256 left = resign();
        postAs(alice, 1);
        vm.warp(left + UNBONDING);
        reverts(1, abi.encodeWithSelector(ISequencerSet.BatchPending.selector, 1));
    }

    function test_revertsForAnotherBatchThanTheOldestPending() public {
        post();
        post();
        resign();
        vm.warp(block.timestamp + UNBONDING);
        reverts(2, abi.encodeWithSelector(IRollup.WrongBatch.selector, 1));
    }

    function test_aRefusalLeavesTheBond() public {
        address payable refuser = payable(address(new Refuser()));
        resign();
        vm.warp(block.timestamp + UNBONDING);
        vm.expectRevert(Refuser.Refused.selector);
        vm.prank(operator);
        rollup.withdrawBond(refuser, batches[0]);
        takes(0);
    }

    function test_aRecipientThatCallsAgainGetsNoMore() public {
        Caller caller = new Caller();
        vm.prank(address(timelock));
        rollup.addSequencer(address(caller));
        stake(address(caller));
        vm.prank(address(caller));
        rollup.resign();
        vm.warp(block.timestamp + UNBONDING);
        bytes memory again = abi.encodeCall(rollup.withdrawBond, (payable(address(caller)), batches[0]));
        caller.setUp(address(rollup), 0, again);
        vm.prank(address(caller));
        rollup.withdrawBond(payable(address(caller)), batches[0]);
        vm.assertTrue(caller.failure() == ISequencerSet.NothingToWithdraw.selector);
        vm.assertEq(address(caller).balance, BOND);
        vm.assertEq(address(rollup).balance, BOND);
    }

    function resign() private returns (uint256) {
        vm.prank(operator);
        rollup.resign();
        return block.timestamp;
    }

    function join(address account_) private {
        vm.prank(address(timelock));
        rollup.addSequencer(account_);
        stake(account_);
        vm.warp(block.timestamp + SEQUENCER_DELAY);
    }

    function postAs(address sequencer, uint64 number) private {
        BatchHeader memory header = nextHeader();
        (,, uint64 submission,,) = rollup.head();
        vm.prank(sequencer);
        rollup.submitCalldata(sequencer, header, new bytes(496));
        bytes32 data = this.commitment(new bytes(496));
        Batch memory batch = Batch(header, data, uint64(block.timestamp), submission, sequencer);
        batches[number] = batch;
        vm.assertEq(rollup.batchHash(number), Batches.hash(batch));
    }

    function takes(uint64 oldest) private {
        uint256 before = operator.balance;
        vm.prank(operator);
        rollup.withdrawBond(payable(operator), batches[oldest]);
        vm.assertEq(operator.balance - before, BOND);
    }

    function revertsLocked(uint256 until) private {
        reverts(0, abi.encodeWithSelector(ISequencerSet.BondLocked.selector, until));
    }

    function reverts(uint64 oldest, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(operator);
        rollup.withdrawBond(payable(operator), batches[oldest]);
    }
}
