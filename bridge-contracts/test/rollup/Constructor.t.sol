// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bridge} from "../../contracts/Bridge.sol";
import {Inbox} from "../../contracts/Inbox.sol";
import {Rollup} from "../../contracts/Rollup.sol";
import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {State, States} from "../../contracts/libraries/States.sol";
import {System} from "../base/System.sol";

contract ConstructorTest is System {
    function test_keepsItsParameters() public view {
        vm.assertEq(rollup.inbox(), address(inbox));
        vm.assertEq(rollup.bridge(), address(bridge));
        vm.assertEq(rollup.governance(), address(timelock));
        vm.assertEq(rollup.FEE_ACCOUNT(), feeAccount);
        vm.assertEq(rollup.CHALLENGE_WINDOW(), CHALLENGE_WINDOW);
        vm.assertEq(rollup.RESPONSE_WINDOW(), RESPONSE_WINDOW);
        vm.assertEq(rollup.FORCE_INCLUSION_WINDOW(), FORCE_INCLUSION_WINDOW);
        vm.assertEq(rollup.ESCAPE_DELAY(), ESCAPE_DELAY);
        vm.assertEq(rollup.MAX_STALL(), MAX_STALL);
        vm.assertEq(rollup.SEQUENCER_DELAY(), SEQUENCER_DELAY);
        vm.assertEq(rollup.BOND(), BOND);
        vm.assertTrue(rollup.isDisputes(disputes));
        vm.assertFalse(rollup.isDisputes(operator));
        vm.assertTrue(rollup.isSequencer(operator));
    }

    function test_beginsAtGenesis() public view {
        (uint64 number, uint64 inboxCount, uint64 submissions, uint64 postedAt, bool escaped) = rollup.head();
        vm.assertEq(number, 0);
        vm.assertEq(inboxCount, 0);
        vm.assertEq(submissions, 0);
        vm.assertEq(postedAt, block.timestamp);
        vm.assertFalse(escaped);
        (number, inboxCount) = rollup.finality();
        vm.assertEq(number, 0);
        vm.assertEq(inboxCount, 0);
        vm.assertEq(rollup.forks(), 0);
        vm.assertEq(rollup.batchHash(0), bytes32(0));
    }

    function testFuzz_computesTheGenesisRoot(address fee) public {
        vm.assume(fee != address(0));
        IRollup.Parameters memory p = parameters();
        p.feeAccount = fee;
        deploy(p);
        accounts.push().owner = fee;
        State memory state = currentState(0);
        state.timestamp = 0;
        vm.assertEq(rollup.GENESIS_STATE_ROOT(), States.root(state));
    }

    function testFuzz_derivesTheChainId(uint64 l1) public {
        l1 = uint64(bound(l1, 1, type(uint64).max - 1));
        vm.chainId(l1);
        deploy(parameters());
        uint256 place = uint256(keccak256(abi.encodePacked(l1, address(rollup))));
        vm.assertEq(rollup.L2_CHAIN_ID(), 2 ** 32 + place % 2 ** 50);
    }

    function test_anotherDeploymentHasAnotherChainId() public {
        uint64 first = rollup.L2_CHAIN_ID();
        deploy(parameters());
        vm.assertTrue(rollup.L2_CHAIN_ID() != first);
    }

    function testFuzz_takesAChainIdForDevelopment(uint64 id) public {
        IRollup.Parameters memory p = parameters();
        p.developmentChainId = uint64(bound(id, 1, type(uint64).max));
        vm.chainId(31337);
        deploy(p);
        vm.assertEq(rollup.L2_CHAIN_ID(), p.developmentChainId);
    }

    function testFuzz_revertsForADevelopmentIdElsewhere(uint64 l1) public {
        IRollup.Parameters memory p = parameters();
        p.developmentChainId = 51717;
        l1 = uint64(bound(l1, 1, type(uint64).max - 1));
        vm.assume(l1 != 31337);
        vm.chainId(l1);
        revertsInvalid(p);
    }

    function test_revertsForZeros() public {
        for (uint256 field = 0; field < 7; ++field) {
            IRollup.Parameters memory p = parameters();
            if (field == 0) p.challengeWindow = 0;
            if (field == 1) p.responseWindow = 0;
            if (field == 2) p.forceInclusionWindow = 0;
            if (field == 3) p.escapeDelay = 0;
            if (field == 4) p.maxStall = 0;
            if (field == 5) p.sequencerDelay = 0;
            if (field == 6) p.bond = 0;
            revertsInvalid(p);
        }
    }

    function test_revertsWithoutAFeeAccount() public {
        IRollup.Parameters memory p = parameters();
        p.feeAccount = address(0);
        revertsInvalid(p);
    }

    function test_escapeTakesLongerThanForcedInclusion() public {
        IRollup.Parameters memory p = parameters();
        p.escapeDelay = p.forceInclusionWindow;
        revertsInvalid(p);
        p.escapeDelay += 1;
        deploy(p);
    }

    function test_aMessageCanBecomeFinalWithinTheStall() public {
        IRollup.Parameters memory p = parameters();
        p.maxStall = p.forceInclusionWindow + p.challengeWindow + p.responseWindow;
        revertsInvalid(p);
        p.maxStall += 1;
        deploy(p);
    }

    function test_theSetChangesAfterAChallengeAndItsAnswer() public {
        IRollup.Parameters memory p = parameters();
        p.sequencerDelay = p.challengeWindow + p.responseWindow;
        revertsInvalid(p);
        p.sequencerDelay += 1;
        deploy(p);
    }

    function test_announcesTheDisputeContracts() public {
        uint256 nonce = vm.getNonce(address(this));
        vm.expectEmit(vm.computeCreateAddress(address(this), nonce + 3));
        emit IRollup.DisputesAllowed(disputes);
        deploy(parameters());
    }

    function test_revertsForTimesBeyondTenYears() public {
        for (uint256 field = 0; field < 3; ++field) {
            IRollup.Parameters memory p = parameters();
            uint64 longest = 3650 days;
            if (field == 0) p.escapeDelay = longest;
            if (field == 1) p.maxStall = longest;
            if (field == 2) p.sequencerDelay = longest;
            deploy(p);
            if (field == 0) p.escapeDelay = longest + 1;
            if (field == 1) p.maxStall = longest + 1;
            if (field == 2) p.sequencerDelay = longest + 1;
            revertsInvalid(p);
        }
    }

    function test_revertsForWindowsBeyond64Bits() public {
        IRollup.Parameters memory p = parameters();
        p.challengeWindow = type(uint64).max;
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        new Rollup(address(inbox), address(bridge), address(timelock), one(disputes), one(operator), p);
    }

    function test_revertsForContractsOfAnotherRollup() public {
        vm.expectRevert(IRollup.WrongWiring.selector);
        new Rollup(address(inbox), address(bridge), address(timelock), one(disputes), one(operator), parameters());
    }

    /// @dev One of the five links is wrong at a time.
    function test_revertsForEachWrongLink() public {
        for (uint256 link = 0; link < 5; ++link) {
            uint256 nonce = vm.getNonce(address(this));
            address bridgeAt = vm.computeCreateAddress(address(this), nonce + 1);
            address rollupAt = vm.computeCreateAddress(address(this), nonce + 2);
            inbox = new Inbox(link == 0 ? alice : bridgeAt, link == 1 ? alice : rollupAt);
            bridge = new Bridge(
                link == 2 ? alice : address(inbox), link == 3 ? alice : rollupAt, link == 4 ? alice : address(timelock)
            );
            vm.expectRevert(IRollup.WrongWiring.selector);
            new Rollup(address(inbox), address(bridge), address(timelock), one(disputes), one(operator), parameters());
        }
    }

    function test_theContractsFitTheirLimit() public view {
        vm.assertLe(address(rollup).code.length, 24_576, "rollup");
        vm.assertLe(address(bridge).code.length, 24_576, "bridge");
        vm.assertLe(address(inbox).code.length, 24_576, "inbox");
    }

    function revertsInvalid(IRollup.Parameters memory p) private {
        uint256 nonce = vm.getNonce(address(this));
        address bridgeAt = vm.computeCreateAddress(address(this), nonce + 1);
        address rollupAt = vm.computeCreateAddress(address(this), nonce + 2);
        inbox = new Inbox(bridgeAt, rollupAt);
        bridge = new Bridge(address(inbox), rollupAt, address(timelock));
        vm.expectRevert(IRollup.InvalidParameters.selector);
        new Rollup(address(inbox), address(bridge), address(timelock), one(disputes), one(operator), p);
    }
}
