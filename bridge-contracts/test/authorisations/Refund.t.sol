// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Demand} from "../../contracts/libraries/Demands.sol";
import {AuthorisationDisputes} from "../../contracts/AuthorisationDisputes.sol";
import {IAuthorisationDisputes} from "../../contracts/interfaces/IAuthorisationDisputes.sol";
import {Authorising} from "../base/Authorising.sol";

contract RefundTest is Authorising {
    bytes[] private raws;
    IAuthorisationDisputes.Challenge private opened;

    function setUp() public override {
        super.setUp();
        raws.push(transfer(0));
        raws.push(transfer(1));
        post();
        opened = challenge(postAuthorised(raws), demandOf(1, raws[1]));
    }

    function test_theChallengerOfAFallenBatchGetsItsBond() public {
        revertFrom(2);
        refunds();
    }

    function test_alsoWhenAnEarlierBatchFell() public {
        revertFrom(1);
        refunds();
    }

    function test_alsoWhenAnotherBatchHasTheNumber() public {
        revertFrom(1);
        stake(operator);
        post();
        vm.assertEq(postAuthorised(raws), 2);
        post();
        refunds();
    }

    function testFuzz_beforeAndAfterTheDeadline(uint32 later) public {
        revertFrom(2);
        vm.warp(block.timestamp + later);
        refunds();
    }

    function test_alsoWhenAnotherUnansweredChallengeFelledIt() public {
        Demand memory forged = Demand(0, keccak256("forged"), BASE_FEE);
        IAuthorisationDisputes.Challenge memory second = challenge(2, forged);
        vm.warp(second.deadline);
        fell(second);
        authorisations.refund(opened);
        vm.assertEq(authorisations.balance(challenger), uint256(opened.bond) + second.bond);
    }

    function test_revertsWhileTheBatchStands() public {
        bytes memory reason = abi.encodeWithSelector(IAuthorisationDisputes.Stands.selector, opened.batchHash);
        vm.expectRevert(reason);
        authorisations.refund(opened);
        vm.warp(opened.deadline);
        vm.expectRevert(reason);
        authorisations.refund(opened);
        fell(opened);
    }

    function test_revertsWhenItHasEnded() public {
        answer(opened, raws);
        revertFrom(2);
        vm.expectRevert(abi.encodeWithSelector(IAuthorisationDisputes.NotOpen.selector, idOf(opened)));
        authorisations.refund(opened);
    }

    function test_revertsTheSecondTime() public {
        revertFrom(2);
        refunds();
        vm.expectRevert(abi.encodeWithSelector(IAuthorisationDisputes.NotOpen.selector, idOf(opened)));
        authorisations.refund(opened);
    }

    /// @dev Whoever asks.
    function refunds() private {
        vm.expectEmit(address(authorisations));
        emit IAuthorisationDisputes.Refunded(idOf(opened));
        vm.prank(bob);
        authorisations.refund(opened);
        vm.assertEq(authorisations.balance(challenger), opened.bond);
        vm.assertEq(authorisations.balance(bob), 0);
    }
}
