// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Batch, BatchHeader, Batches} from "../../contracts/libraries/Batches.sol";
import {ListRoot} from "../../contracts/libraries/ListRoot.sol";
import {Submission} from "./Submission.sol";

contract SubmitCalldataTest is Submission {
    function submit(address sequencer, BatchHeader memory header) internal override {
        rollup.submitCalldata(sequencer, header, new bytes(496));
    }

    function testFuzz_takes1To60Chunks(uint16 chunks, bytes32 seed) public {
        takes(uint16(bound(chunks, 1, 60)), seed);
    }

    function test_takes60Chunks() public {
        takes(60, "seed");
    }

    function test_revertsForNoChunks() public {
        BatchHeader memory header = nextHeader();
        header.chunkCount = 0;
        revertsWith(header, "", abi.encodeWithSelector(IRollup.WrongChunkCount.selector, 0));
    }

    function testFuzz_revertsForMoreThan60Chunks(uint16 chunks) public {
        BatchHeader memory header = nextHeader();
        header.chunkCount = uint16(bound(chunks, 61, type(uint16).max));
        bytes memory reason = abi.encodeWithSelector(IRollup.WrongChunkCount.selector, header.chunkCount);
        revertsWith(header, new bytes(61 * 496), reason);
    }

    function testFuzz_revertsForAnotherLength(uint16 chunks, uint256 length) public {
        BatchHeader memory header = nextHeader();
        header.chunkCount = uint16(bound(chunks, 1, 60));
        uint256 expected = uint256(header.chunkCount) * 496;
        length = bound(length, 0, 62 * 496);
        vm.assume(length != expected);
        bytes memory reason = abi.encodeWithSelector(IRollup.WrongCalldataLength.selector, expected, length);
        revertsWith(header, new bytes(length), reason);
    }

    function test_blobsOfTheTransactionMeanNothing() public {
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = keccak256("blob");
        vm.blobhashes(hashes);
        takes(2, "seed");
    }

    /// @dev Submits chunks made of a seed, and checks the stored hash and the event.
    function takes(uint16 count, bytes32 seed) private {
        bytes memory chunks = new bytes(uint256(count) * 496);
        for (uint256 i = 0; i < chunks.length; i += 31) {
            chunks[i] = bytes1(keccak256(abi.encode(seed, i)));
        }
        BatchHeader memory header = nextHeader();
        header.chunkCount = count;
        bytes32 commitment = keccak256(abi.encodePacked(bytes1(0x06), ListRoot.root(hashesOf(chunks))));
        Batch memory batch = Batch(header, commitment, uint64(block.timestamp), 0, operator);

        vm.expectEmit(address(rollup));
        emit IRollup.BatchSubmitted(1, Batches.hash(batch), batch, new bytes32[](0), chunks);
        vm.prank(operator);
        rollup.submitCalldata(operator, header, chunks);
        vm.assertEq(rollup.batchHash(1), Batches.hash(batch));
    }

    function revertsWith(BatchHeader memory header, bytes memory chunks, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(operator);
        rollup.submitCalldata(operator, header, chunks);
        vm.assertEq(rollup.batchHash(1), bytes32(0));
    }

    function hashesOf(bytes memory chunks) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](chunks.length / 496);
        for (uint256 i = 0; i < hashes.length; ++i) {
            bytes32 hash;
            assembly ("memory-safe") {
                hash := keccak256(add(add(chunks, 32), mul(i, 496)), 496)
            }
            hashes[i] = hash;
        }
    }
}
