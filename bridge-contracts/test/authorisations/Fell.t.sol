// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Demand} from "../../contracts/libraries/Demands.sol";
import {AuthorisationDisputes} from "../../contracts/AuthorisationDisputes.sol";
import {IAuthorisationDisputes} from "../../contracts/interfaces/IAuthorisationDisputes.sol";
import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Authorising} from "../base/Authorising.sol";

contract FellTest is Authorising {
    bytes[] private raws;
    IAuthorisationDisputes.Challenge private opened;

    function setUp() public override {
        super.setUp();
        raws.push(transfer(0));
        raws.push(transfer(1));
        post();
        opened = challenge(postAuthorised(raws), forged(1));
        post();
    }

    function test_theBatchFallsAndTheChallengerIsPaid() public {
        vm.warp(opened.deadline);
        vm.expectEmit(address(authorisations));
        emit IAuthorisationDisputes.Unanswered(idOf(opened), opened.batchHash);
        vm.expectEmit(address(rollup));
        emit IRollup.BatchesReverted(2, opened.batchHash, challenger, 1);
        // Whoever says so.
        vm.prank(bob);
        fell(opened);
        (uint64 head,,,,) = rollup.head();
        vm.assertEq(head, 1);
        vm.assertEq(authorisations.balance(challenger), opened.bond);
        vm.assertEq(rollup.reward(challenger), BOND / 2);
        vm.assertEq(authorisations.record(idOf(opened)), bytes32(uint256(1)));
    }

    function test_fromTheDeadlineOn() public {
        bytes memory early = abi.encodeWithSelector(IAuthorisationDisputes.TooEarly.selector, opened.deadline);
        reverts(opened, early);
        vm.warp(opened.deadline - 1);
        reverts(opened, early);
        vm.warp(opened.deadline);
        fell(opened);
    }

    function test_anyTimeAfterTheDeadline() public {
        vm.warp(opened.deadline + 1000 days);
        vm.expectRevert(abi.encodeWithSelector(IRollup.ChallengePending.selector, 2));
        rollup.finalize(2, batches[2]);
        fell(opened);
    }

    function test_theFirstBatchHasNoParent() public {
        Demand memory demand = forged(0);
        IAuthorisationDisputes.Challenge memory first = challenge(1, demand);
        vm.warp(first.deadline);
        authorisations.fell(first, batches[1], batches[3]);
        (uint64 head,,,,) = rollup.head();
        vm.assertEq(head, 0);
    }

    function test_revertsIfItWasAnswered() public {
        IAuthorisationDisputes.Challenge memory honest = challenge(2, demandOf(0, raws[0]));
        answer(honest, raws);
        vm.warp(honest.deadline);
        reverts(honest, abi.encodeWithSelector(IAuthorisationDisputes.NotOpen.selector, idOf(honest)));
    }

    function test_revertsTheSecondTime() public {
        vm.warp(opened.deadline);
        fell(opened);
        reverts(opened, abi.encodeWithSelector(IAuthorisationDisputes.NotOpen.selector, idOf(opened)));
    }

    /// @dev The one that took its number is another batch, and nobody challenged it.
    function test_revertsForTheSuccessorOfAFallenBatch() public {
        revertFrom(2);
        stake(operator);
        vm.assertEq(postAuthorised(raws), 2);
        vm.warp(opened.deadline);
        reverts(opened, abi.encodeWithSelector(IAuthorisationDisputes.HasFallen.selector, opened.batchHash));
        rollup.requirePending(2, batches[2]);
    }

    function test_revertsForAnotherBatchOrParent() public {
        vm.warp(opened.deadline);
        vm.expectRevert(abi.encodeWithSelector(IRollup.WrongBatch.selector, 2));
        authorisations.fell(opened, batches[3], batches[1]);
        vm.expectRevert(abi.encodeWithSelector(IRollup.WrongBatch.selector, 1));
        authorisations.fell(opened, batches[2], batches[2]);
        fell(opened);
    }

    function test_fellsAfterEscape() public {
        escapeNow();
        vm.warp(block.timestamp + 10 * RESPONSE_WINDOW);
        fell(opened);
        (uint64 head,,,,) = rollup.head();
        vm.assertEq(head, 1);
    }

    /// @dev Nobody has signed what it demands.
    function forged(uint32 place) private pure returns (Demand memory) {
        return Demand(place, keccak256("forged"), BASE_FEE);
    }

    function reverts(IAuthorisationDisputes.Challenge memory given, bytes memory reason) private {
        vm.expectRevert(reason);
        fell(given);
    }
}
