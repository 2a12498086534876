// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Batch} from "../../contracts/libraries/Batches.sol";
import {Escaping} from "../base/Escaping.sol";

contract FinalizeTest is Escaping {
    function testFuzz_isFinalWhenTheWindowHasPassed(uint32 late, address caller) public {
        depositEth(alice, 1);
        uint64 number = post();
        Batch memory batch = batches[number];
        vm.warp(block.timestamp + CHALLENGE_WINDOW + late);
        vm.expectEmit(address(rollup));
        emit IRollup.BatchFinalized(number, rollup.batchHash(number), batch.header.stateRoot);
        vm.prank(caller);
        rollup.finalize(number, batch);
        isFinal(number, 1);
    }

    function testFuzz_revertsWhileTheWindowIsOpen(uint64 early) public {
        uint64 number = post();
        uint256 end = block.timestamp + CHALLENGE_WINDOW;
        vm.warp(end - bound(early, 1, CHALLENGE_WINDOW));
        reverts(number, abi.encodeWithSelector(IRollup.WindowOpen.selector, end));
        vm.warp(end);
        rollup.finalize(number, batches[number]);
        isFinal(number, 0);
    }

    function test_finalisesAllBeforeAsWell() public {
        for (uint128 i = 1; i <= 5; ++i) {
            depositEth(alice, i);
            post();
        }
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        rollup.finalize(4, batches[4]);
        isFinal(4, 4);
        reverts(3, abi.encodeWithSelector(IRollup.NotPending.selector, 3));
        rollup.finalize(5, batches[5]);
        isFinal(5, 5);
    }

    function test_revertsForAFinalBatch() public {
        uint64 number = postFinal();
        reverts(number, abi.encodeWithSelector(IRollup.NotPending.selector, number));
    }

    function testFuzz_revertsForABatchThatIsNotThere(uint64 number) public {
        post();
        number = uint64(bound(number, 2, type(uint64).max));
        reverts(number, abi.encodeWithSelector(IRollup.NotPending.selector, number));
    }

    function test_revertsForGenesis() public {
        reverts(0, abi.encodeWithSelector(IRollup.NotPending.selector, 0));
    }

    function testFuzz_revertsForAnotherPreimage(uint8 field, uint16 change) public {
        uint64 number = post();
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        Batch memory batch = batches[number];
        change = uint16(bound(change, 1, type(uint16).max));
        alter(batch, field % 14, change);
        vm.expectRevert(abi.encodeWithSelector(IRollup.WrongBatch.selector, number));
        rollup.finalize(number, batch);
    }

    function test_revertsForAFallenBatch() public {
        uint64 number = post();
        Batch memory fallen = batches[number];
        revertFrom(number);
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        reverts(number, abi.encodeWithSelector(IRollup.NotPending.selector, number));

        stake(operator);
        vm.assertEq(post(), number);
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IRollup.WrongBatch.selector, number));
        rollup.finalize(number, fallen);
        rollup.finalize(number, batches[number]);
        isFinal(number, 0);
    }

    /// @dev Same header, same data, same second, same number: the submission id alone tells them apart.
    function test_theSameBatchAgainHasAnotherHash() public {
        uint64 number = post();
        bytes32 first = rollup.batchHash(number);
        revertFrom(number);
        stake(operator);
        vm.assertEq(post(), number);
        vm.assertTrue(rollup.batchHash(number) != first);
        vm.assertEq(batches[number].submissionId, 1);
    }

    function test_finalisesAfterEscape() public {
        uint64 number = post();
        escapeNow();
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        rollup.finalize(number, batches[number]);
        isFinal(number, 0);
    }

    function reverts(uint64 number, bytes memory reason) private {
        (uint64 before,) = rollup.finality();
        vm.expectRevert(reason);
        rollup.finalize(number, batches[number]);
        (uint64 newest,) = rollup.finality();
        vm.assertEq(newest, before);
    }

    function isFinal(uint64 number, uint64 consumed) private view {
        (uint64 newest, uint64 inboxCount) = rollup.finality();
        vm.assertEq(newest, number);
        vm.assertEq(inboxCount, consumed);
    }

    function alter(Batch memory batch, uint8 field, uint16 change) private pure {
        if (field == 0) batch.header.parent ^= bytes32(uint256(change));
        if (field == 1) batch.header.stateRoot ^= bytes32(uint256(change));
        if (field == 2) batch.header.authRoot ^= bytes32(uint256(change));
        if (field == 3) batch.header.authCount ^= change;
        if (field == 4) batch.header.inboxCount ^= change;
        if (field == 5) batch.header.inboxAccumulator ^= bytes24(uint192(change));
        if (field == 6) batch.header.chunkCount ^= change;
        if (field == 7) batch.header.blockNumber ^= change;
        if (field == 8) batch.header.blockHash ^= bytes32(uint256(change));
        if (field == 9) batch.header.timestamp ^= change;
        if (field == 10) batch.dataCommitment ^= bytes32(uint256(change));
        if (field == 11) batch.postedAt ^= change;
        if (field == 12) batch.submissionId ^= change;
        if (field == 13) batch.poster = address(uint160(batch.poster) ^ change);
    }
}
