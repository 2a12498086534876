// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Escaping} from "../base/Escaping.sol";

/// @title `settlement` and `settledStateRoot`
contract SettlementTest is Escaping {
    function test_notBeforeEscape() public {
        depositEth(alice, 1);
        uint64 number = postFinal();
        settles(false, 1);
        reverts(number, abi.encodeWithSelector(IRollup.NotSettled.selector));
    }

    function test_atOnceWhenNothingIsPending() public {
        depositEth(alice, 1);
        uint64 number = postFinal();
        depositEth(alice, 1);
        escapeNow();
        settles(true, 1);
        vm.assertEq(rollup.settledStateRoot(batches[number]), batches[number].header.stateRoot);
    }

    function test_whenThePendingBatchIsFinal() public {
        depositEth(alice, 1);
        uint64 number = post();
        escapeNow();
        settles(false, 0);
        reverts(number, abi.encodeWithSelector(IRollup.NotSettled.selector));
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        rollup.finalize(number, batches[number]);
        settles(true, 1);
        vm.assertEq(rollup.settledStateRoot(batches[number]), batches[number].header.stateRoot);
    }

    function test_whenThePendingBatchFell() public {
        uint64 first = postFinal();
        depositEth(alice, 1);
        uint64 second = post();
        escapeNow();
        settles(false, 0);
        revertFrom(second);
        settles(true, 0);
        vm.assertEq(rollup.settledStateRoot(batches[first]), batches[first].header.stateRoot);
    }

    function test_revertsWhenNothingWasEverFinal() public {
        escapeNow();
        settles(true, 0);
        reverts(0, abi.encodeWithSelector(IRollup.NotFinal.selector, 0));
    }

    function test_revertsForAnotherBatch() public {
        uint64 first = postFinal();
        uint64 second = postFinal();
        escapeNow();
        reverts(first, abi.encodeWithSelector(IRollup.WrongBatch.selector, second));
    }

    function settles(bool expected, uint64 consumed) private view {
        (bool settled, uint64 count) = rollup.settlement();
        vm.assertEq(settled, expected);
        vm.assertEq(count, consumed);
    }

    function reverts(uint64 number, bytes memory reason) private {
        vm.expectRevert(reason);
        rollup.settledStateRoot(batches[number]);
    }
}
