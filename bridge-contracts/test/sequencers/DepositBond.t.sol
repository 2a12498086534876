// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISequencerSet} from "../../contracts/interfaces/ISequencerSet.sol";
import {System} from "../base/System.sol";

contract DepositBondTest is System {
    function testFuzz_anyoneAdds(address from, uint96 amount) public {
        vm.assume(from != address(rollup));
        amount = uint96(bound(amount, 0, type(uint96).max - BOND));
        vm.deal(from, amount);
        vm.expectEmit(address(rollup));
        emit ISequencerSet.BondDeposited(operator, from, amount);
        vm.prank(from);
        rollup.depositBond{value: amount}(operator);
        (uint96 bond,,) = rollup.sequencer(operator);
        vm.assertEq(bond, BOND + amount);
        vm.assertEq(address(rollup).balance, BOND + amount);
    }

    function testFuzz_revertsAbove96Bits(uint256 amount) public {
        amount = bound(amount, uint256(type(uint96).max) - BOND + 1, type(uint128).max);
        vm.deal(address(this), amount);
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.BondTooLarge.selector, BOND + amount));
        rollup.depositBond{value: amount}(operator);
    }

    function test_forOneOnItsWay() public {
        vm.prank(address(timelock));
        rollup.addSequencer(alice);
        stake(alice);
        (uint96 bond,,) = rollup.sequencer(alice);
        vm.assertEq(bond, BOND);
    }

    function testFuzz_revertsForAStranger(address account_) public {
        vm.assume(account_ != operator);
        reverts(account_);
    }

    function test_revertsForOneThatLeft() public {
        vm.prank(operator);
        rollup.resign();
        reverts(operator);
    }

    function reverts(address account_) private {
        vm.deal(address(this), 1);
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.NotSequencer.selector, account_));
        rollup.depositBond{value: 1}(account_);
    }
}
