// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Demand} from "../../contracts/libraries/Demands.sol";
import {AuthorisationDisputes} from "../../contracts/AuthorisationDisputes.sol";
import {IAuthorisationDisputes} from "../../contracts/interfaces/IAuthorisationDisputes.sol";
import {Authorising} from "../base/Authorising.sol";

/// @dev In any order of anything: the contract holds what it owes, and each bond is paid once, to the one whom the outcome names.
contract ConservationTest is Authorising {
    bytes[] private raws;
    IAuthorisationDisputes.Challenge[] private opened;
    /// What each of them should have been credited.
    mapping(address account => uint256) private earned;
    /// Bonds of open challenges.
    uint256 private staked;
    mapping(bytes32 id => bool) private ended;

    function setUp() public override {
        super.setUp();
        for (uint64 i = 0; i < 4; ++i) {
            raws.push(transfer(i));
        }
    }

    function testFuzz_bondsArePaidOnce(bytes calldata steps) public {
        postAuthorised(raws);
        uint256 length = steps.length < 60 ? steps.length : 60;
        for (uint256 i = 0; i < length; ++i) {
            step(uint8(steps[i]) & 7, uint8(steps[i]) >> 3);
            vm.assertEq(authorisations.balance(challenger), earned[challenger]);
            vm.assertEq(authorisations.balance(answerer), earned[answerer]);
            vm.assertEq(address(authorisations).balance, staked + earned[challenger] + earned[answerer]);
        }
        for (uint256 i = 0; i < opened.length; ++i) {
            bool isOpen = authorisations.record(idOf(opened[i])) == keccak256(abi.encode(opened[i]));
            vm.assertEq(isOpen, !ended[idOf(opened[i])]);
        }
    }

    function step(uint8 kind, uint8 choice) private {
        if (kind == 0) return tryOpen(choice);
        if (kind == 1) return take(choice % 2 == 0 ? challenger : answerer);
        if (kind == 2) return vm.warp(block.timestamp + uint256(choice) * 2 hours);
        if (kind == 3) return tryToFell(choice);
        if (opened.length == 0) return;
        IAuthorisationDisputes.Challenge memory chosen = opened[choice % opened.length];
        if (kind == 4 || kind == 5) return tryAnswer(chosen);
        if (kind == 6) return tryFell(chosen);
        tryRefund(chosen);
    }

    function tryOpen(uint8 choice) private {
        (uint64 number,,,,) = rollup.head();
        uint32 place = choice % uint32(raws.length);
        Demand memory demand = demandOf(place, raws[place]);
        uint256 bond = BOND_FLOOR + choice;
        IAuthorisationDisputes.Challenge memory wanted = expected(number, demand, bond);
        vm.deal(challenger, bond);
        vm.prank(challenger);
        try authorisations.open{value: bond}(number, batches[number], demand) {
            opened.push(wanted);
            staked += bond;
        } catch {}
    }

    function tryAnswer(IAuthorisationDisputes.Challenge memory chosen) private {
        try this.answerThis(chosen) {
            vm.assertTrue(block.timestamp < chosen.deadline);
            end(chosen, answerer);
        } catch {}
    }

    function tryFell(IAuthorisationDisputes.Challenge memory chosen) private {
        (uint64 number,,,,) = rollup.head();
        if (chosen.number > number) return;
        try this.fellThis(chosen) {
            vm.assertTrue(block.timestamp >= chosen.deadline);
            end(chosen, challenger);
            postAgain();
        } catch {}
    }

    function tryRefund(IAuthorisationDisputes.Challenge memory chosen) private {
        try authorisations.refund(chosen) {
            (uint64 number,,,,) = rollup.head();
            vm.assertTrue(number < chosen.number || rollup.batchHash(chosen.number) != chosen.batchHash);
            end(chosen, challenger);
        } catch {}
    }

    /// @dev Another proof against the newest batch, or one batch more.
    function tryToFell(uint8 choice) private {
        (uint64 number,,,,) = rollup.head();
        (uint64 last,) = rollup.finality();
        if (choice % 2 == 0 && number > last) revertFrom(number);
        postAgain();
    }

    function take(address account_) private {
        if (earned[account_] == 0) return;
        vm.prank(account_);
        authorisations.withdraw(payable(bob));
        earned[account_] = 0;
    }

    function end(IAuthorisationDisputes.Challenge memory chosen, address payee) private {
        vm.assertFalse(ended[idOf(chosen)], "paid twice");
        ended[idOf(chosen)] = true;
        staked -= chosen.bond;
        earned[payee] += chosen.bond;
    }

    function postAgain() private {
        (uint96 bond,,) = rollup.sequencer(operator);
        if (bond == 0) stake(operator);
        postAuthorised(raws);
    }

    /// @dev External, so that a failure can be caught.
    function answerThis(IAuthorisationDisputes.Challenge memory chosen) external {
        answer(chosen, raws);
    }

    /// @dev External, so that a failure can be caught.
    function fellThis(IAuthorisationDisputes.Challenge memory chosen) external {
        fell(chosen);
    }
}
