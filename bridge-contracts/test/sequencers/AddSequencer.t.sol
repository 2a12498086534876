// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISequencerSet} from "../../contracts/interfaces/ISequencerSet.sol";
import {BatchHeader} from "../../contracts/libraries/Batches.sol";
import {System} from "../base/System.sol";

contract AddSequencerTest is System {
    function testFuzz_takesEffectAfterTheDelay(address account_) public {
        vm.assume(account_ != operator);
        uint64 from = uint64(block.timestamp) + SEQUENCER_DELAY;
        vm.expectEmit(address(rollup));
        emit ISequencerSet.SequencerAdded(account_, from);
        add(account_);

        (uint96 bond, uint64 activeFrom, uint64 activeUntil) = rollup.sequencer(account_);
        vm.assertEq(bond, 0);
        vm.assertEq(activeFrom, from);
        vm.assertEq(activeUntil, type(uint64).max);
        vm.warp(from - 1);
        vm.assertFalse(rollup.isSequencer(account_));
        vm.warp(from);
        vm.assertTrue(rollup.isSequencer(account_));
    }

    function test_theTimelockAddsAfterItsOwnDelay() public {
        bytes memory call = abi.encodeCall(rollup.addSequencer, (alice));
        vm.prank(operator);
        timelock.schedule(address(rollup), 0, call, 0, 0, 1 days);
        vm.warp(block.timestamp + 1 days);
        timelock.execute(address(rollup), 0, call, 0, 0);
        vm.warp(block.timestamp + SEQUENCER_DELAY);
        vm.assertTrue(rollup.isSequencer(alice));
    }

    function test_postsNoEarlierThanItsTime() public {
        add(alice);
        stake(alice);
        vm.warp(block.timestamp + SEQUENCER_DELAY - 1);
        BatchHeader memory header = nextHeader();
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.NotSequencer.selector, alice));
        vm.prank(alice);
        rollup.submitCalldata(alice, header, new bytes(496));

        vm.warp(block.timestamp + 1);
        vm.prank(alice);
        rollup.submitCalldata(alice, header, new bytes(496));
    }

    function test_oneThatLeftMayComeBack() public {
        vm.prank(operator);
        rollup.resign();
        vm.warp(block.timestamp + SEQUENCER_DELAY + CHALLENGE_WINDOW + RESPONSE_WINDOW);
        vm.prank(operator);
        rollup.withdrawBond(payable(bob), batches[0]);
        add(operator);
        vm.assertFalse(rollup.isSequencer(operator));
        vm.warp(block.timestamp + SEQUENCER_DELAY);
        vm.assertTrue(rollup.isSequencer(operator));
    }

    /// @dev Being added again would lock the bond of one that wants to leave.
    function test_revertsForOneWhoseBondIsStillThere() public {
        vm.prank(operator);
        rollup.resign();
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.BondNotWithdrawn.selector, operator));
        add(operator);
    }

    function test_revertsForOneInTheSet() public {
        revertsAlready(operator);
    }

    function test_revertsForOneOnItsWay() public {
        add(alice);
        revertsAlready(alice);
    }

    function test_revertsForOneThatHasNotLeftYet() public {
        vm.prank(address(timelock));
        rollup.removeSequencer(operator);
        vm.warp(block.timestamp + SEQUENCER_DELAY - 1);
        revertsAlready(operator);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.BondNotWithdrawn.selector, operator));
        add(operator);
    }

    function testFuzz_revertsForAnyoneElse(address caller) public {
        vm.assume(caller != address(timelock));
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.NotGovernance.selector, caller));
        vm.prank(caller);
        rollup.addSequencer(caller);
    }

    function add(address account_) private {
        vm.prank(address(timelock));
        rollup.addSequencer(account_);
    }

    function revertsAlready(address account_) private {
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.AlreadySequencer.selector, account_));
        vm.prank(address(timelock));
        rollup.addSequencer(account_);
    }
}
