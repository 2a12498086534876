// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAuthorisationDisputes} from "../../contracts/interfaces/IAuthorisationDisputes.sol";
import {Authorising} from "../base/Authorising.sol";
import {ListProofs} from "../base/ListProofs.sol";
import {Caller, Refuser} from "../base/Recipients.sol";

contract WithdrawTest is Authorising {
    bytes[] private raws;
    uint64 private number;

    function setUp() public override {
        super.setUp();
        raws.push(transfer(0));
        raws.push(transfer(1));
        number = postAuthorised(raws);
    }

    function test_bondsAddUpAndAreTakenOnce() public {
        uint256 bonds = earn(answerer, 0) + earn(answerer, 1);
        vm.expectEmit(address(authorisations));
        emit IAuthorisationDisputes.Withdrawn(answerer, bob, bonds);
        vm.startPrank(answerer);
        authorisations.withdraw(payable(bob));
        vm.assertEq(bob.balance, bonds);
        vm.expectRevert(IAuthorisationDisputes.NothingToWithdraw.selector);
        authorisations.withdraw(payable(bob));
    }

    function testFuzz_revertsForAnyoneElse(address caller) public {
        vm.assume(caller != answerer);
        earn(answerer, 0);
        vm.expectRevert(IAuthorisationDisputes.NothingToWithdraw.selector);
        vm.prank(caller);
        authorisations.withdraw(payable(caller));
    }

    function test_aRefusalLeavesTheBond() public {
        address payable refuser = payable(address(new Refuser()));
        uint256 bond = earn(answerer, 0);
        vm.expectRevert(Refuser.Refused.selector);
        vm.prank(answerer);
        authorisations.withdraw(refuser);
        vm.assertEq(authorisations.balance(answerer), bond);
    }

    function test_aRecipientThatCallsAgainGetsNoMore() public {
        Caller caller = new Caller();
        uint256 bond = earn(address(caller), 0);
        challenge(number, demandOf(1, raws[1]));
        bytes memory again = abi.encodeCall(authorisations.withdraw, (payable(address(caller))));
        caller.setUp(address(authorisations), 0, again);
        vm.prank(address(caller));
        authorisations.withdraw(payable(address(caller)));
        vm.assertTrue(caller.failure() == IAuthorisationDisputes.NothingToWithdraw.selector);
        vm.assertEq(address(caller).balance, bond);
    }

    /// @dev While it is paid, it may do what anyone may do between two transactions.
    function test_aRecipientThatAnswersWhenItIsPaidEarnsThatBondToo() public {
        Caller caller = new Caller();
        uint256 first = earn(address(caller), 0);
        IAuthorisationDisputes.Challenge memory second = challenge(number, demandOf(1, raws[1]));
        bytes32[] memory proof = ListProofs.proofOf(hashesOf(raws), 1);
        caller.setUp(address(authorisations), 0, abi.encodeCall(authorisations.answer, (second, raws[1], proof)));
        vm.prank(address(caller));
        authorisations.withdraw(payable(address(caller)));
        vm.assertTrue(caller.succeeded());
        vm.assertEq(address(caller).balance, first);
        vm.assertEq(authorisations.balance(address(caller)), second.bond);
    }

    function earn(address account_, uint32 place) private returns (uint256) {
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demandOf(place, raws[place]));
        bytes32[] memory proof = ListProofs.proofOf(hashesOf(raws), place);
        vm.prank(account_);
        authorisations.answer(opened, raws[place], proof);
        return opened.bond;
    }
}
