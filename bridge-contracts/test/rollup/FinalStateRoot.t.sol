// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Batch} from "../../contracts/libraries/Batches.sol";
import {Escaping} from "../base/Escaping.sol";

contract FinalStateRootTest is Escaping {
    function test_ofAFinalBatch() public {
        uint64 first = postFinal();
        depositEth(alice, 1);
        withdraw(alice, bob, 0, 1);
        uint64 second = postFinal();
        vm.assertEq(rollup.finalStateRoot(first, batches[first]), batches[first].header.stateRoot);
        vm.assertEq(rollup.finalStateRoot(second, batches[second]), batches[second].header.stateRoot);
        vm.assertTrue(batches[first].header.stateRoot != batches[second].header.stateRoot);
    }

    function test_finalisesIfItCan() public {
        uint64 number = post();
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        bytes32 expected = batches[number].header.stateRoot;
        vm.expectEmit(address(rollup));
        emit IRollup.BatchFinalized(number, rollup.batchHash(number), expected);
        vm.assertEq(rollup.finalStateRoot(number, batches[number]), expected);
        (uint64 newest,) = rollup.finality();
        vm.assertEq(newest, number);
    }

    function test_revertsForAPendingBatch() public {
        uint64 number = post();
        uint256 end = block.timestamp + CHALLENGE_WINDOW;
        vm.warp(end - 1);
        reverts(number, batches[number], abi.encodeWithSelector(IRollup.WindowOpen.selector, end));
    }

    function test_revertsForGenesis() public {
        uint64 number = postFinal();
        reverts(0, batches[number], abi.encodeWithSelector(IRollup.NotFinal.selector, 0));
    }

    function test_revertsForABatchThatIsNotThere() public {
        uint64 number = postFinal();
        reverts(number + 1, batches[number], abi.encodeWithSelector(IRollup.NotPending.selector, number + 1));
    }

    function test_revertsForAnotherPreimage() public {
        uint64 first = postFinal();
        uint64 second = postFinal();
        reverts(first, batches[second], abi.encodeWithSelector(IRollup.WrongBatch.selector, first));
        Batch memory forged = batches[second];
        forged.header.stateRoot = keccak256("forged");
        reverts(second, forged, abi.encodeWithSelector(IRollup.WrongBatch.selector, second));
    }

    function reverts(uint64 number, Batch memory batch, bytes memory reason) private {
        vm.expectRevert(reason);
        rollup.finalStateRoot(number, batch);
    }
}
