// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Demand} from "../../contracts/libraries/Demands.sol";
import {AuthorisationDisputes} from "../../contracts/AuthorisationDisputes.sol";
import {IAuthorisationDisputes} from "../../contracts/interfaces/IAuthorisationDisputes.sol";
import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Authorising} from "../base/Authorising.sol";

/// @dev What a challenge is opened with is proven elsewhere; here it is given.
contract OpenTest is Authorising {
    uint64 private number;
    bytes[] private raws;

    function setUp() public override {
        super.setUp();
        for (uint64 i = 0; i < 5; ++i) {
            raws.push(transfer(i));
        }
        number = postAuthorised(raws);
    }

    function testFuzz_keepsItsHashAndSaysAll(Demand memory demand, uint128 bond, uint32 later) public {
        vm.warp(block.timestamp + bound(later, 0, CHALLENGE_WINDOW - 1));
        bond = uint128(bound(bond, BOND_FLOOR, 1_000_000 ether));
        IAuthorisationDisputes.Challenge memory opened = expected(number, demand, bond);
        vm.assertEq(authorisations.record(idOf(opened)), bytes32(0));
        vm.expectEmit(address(authorisations));
        emit IAuthorisationDisputes.Challenged(idOf(opened), opened);
        vm.expectEmit(address(rollup));
        emit IRollup.ChallengeOpened(number, opened.batchHash, 1);
        open(demand, bond);
        vm.assertEq(authorisations.record(idOf(opened)), keccak256(abi.encode(opened)));
        vm.assertEq(rollup.openChallenges(opened.batchHash), 1);
        vm.assertEq(address(authorisations).balance, bond);
    }

    function test_everyOperationOnceASubmission() public {
        Demand memory demand = demandOf(2, raws[2]);
        challenge(number, demand);
        challenge(number, demandOf(3, raws[3]));
        // Whatever is demanded of it.
        demand.digest = keccak256("another");
        reverts(demand, BOND_FLOOR, abi.encodeWithSelector(IAuthorisationDisputes.AlreadyChallenged.selector, idAt(2)));
        vm.assertEq(rollup.openChallenges(rollup.batchHash(number)), 2);
    }

    function test_notAgainAfterTheAnswer() public {
        Demand memory demand = demandOf(2, raws[2]);
        answer(challenge(number, demand), raws);
        reverts(demand, BOND_FLOOR, abi.encodeWithSelector(IAuthorisationDisputes.AlreadyChallenged.selector, idAt(2)));
    }

    function test_theNextSubmissionCanBeChallenged() public {
        Demand memory demand = demandOf(2, raws[2]);
        challenge(number, demand);
        revertFrom(number);
        stake(operator);
        vm.assertEq(postAuthorised(raws), number);
        challenge(number, demand);
    }

    function testFuzz_theBondPaysForAnAnswerAtFourTimesTheBaseFee(uint64 fee, uint256 sent) public {
        vm.fee(fee);
        uint256 costliest = 4 * authorisations.ANSWER_GAS() * fee;
        uint256 required = costliest > BOND_FLOOR ? costliest : BOND_FLOOR;
        vm.assertEq(authorisations.requiredBond(), required);
        Demand memory demand = demandOf(0, raws[0]);
        bytes memory reason = abi.encodeWithSelector(IAuthorisationDisputes.BondTooSmall.selector, required);
        reverts(demand, bound(sent, 0, required - 1), reason);
        reverts(demand, required - 1, reason);
        open(demand, required);
    }

    function test_revertsWhenTheWindowHasClosed() public {
        Demand memory demand = demandOf(0, raws[0]);
        uint256 end = block.timestamp + CHALLENGE_WINDOW;
        vm.warp(end);
        reverts(demand, BOND_FLOOR, abi.encodeWithSelector(IRollup.WindowClosed.selector, end));
        vm.warp(end - 1);
        open(demand, BOND_FLOOR);
    }

    function test_revertsForABatchThatIsNotPending() public {
        Demand memory demand = demandOf(0, raws[0]);
        revertFrom(number);
        reverts(demand, BOND_FLOOR, abi.encodeWithSelector(IRollup.NotPending.selector, number));
        stake(operator);
        vm.assertEq(post(), number);
        delete batches[number];
        reverts(demand, BOND_FLOOR, abi.encodeWithSelector(IRollup.WrongBatch.selector, number));
    }

    function idAt(uint32 place) private view returns (bytes32) {
        return keccak256(abi.encodePacked(rollup.batchHash(number), place));
    }

    function open(Demand memory demand, uint256 bond) private {
        vm.deal(challenger, bond);
        vm.prank(challenger);
        authorisations.open{value: bond}(number, batches[number], demand);
    }

    function reverts(Demand memory demand, uint256 bond, bytes memory reason) private {
        vm.deal(challenger, bond);
        vm.expectRevert(reason);
        vm.prank(challenger);
        authorisations.open{value: bond}(number, batches[number], demand);
    }
}
