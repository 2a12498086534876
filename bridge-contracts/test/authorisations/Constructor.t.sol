// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AuthorisationDisputes} from "../../contracts/AuthorisationDisputes.sol";
import {IAuthorisationDisputes} from "../../contracts/interfaces/IAuthorisationDisputes.sol";
import {IDispute} from "../../contracts/interfaces/IDispute.sol";
import {Authorising} from "../base/Authorising.sol";

contract AuthorisationConstructorTest is Authorising {
    function test_keepsItsParameters() public view {
        vm.assertEq(authorisations.rollup(), address(rollup));
        vm.assertEq(authorisations.BOND_FLOOR(), BOND_FLOOR);
    }

    function test_revertsWhereTheRollupDoesNotListIt() public {
        vm.expectRevert(IDispute.NotListed.selector);
        new AuthorisationDisputes(address(rollup), address(0xda), BOND_FLOOR);
    }

    function test_revertsWithoutAFloor() public {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        // Slot of `isDisputes`, as the getter shows.
        vm.store(address(rollup), keccak256(abi.encode(next, uint256(9))), bytes32(uint256(1)));
        vm.assertTrue(rollup.isDisputes(next));
        vm.expectRevert(IAuthorisationDisputes.NoBondFloor.selector);
        new AuthorisationDisputes(address(rollup), address(0xda), 0);
    }
}
