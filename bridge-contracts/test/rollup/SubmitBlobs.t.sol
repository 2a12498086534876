// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Batch, BatchHeader, Batches} from "../../contracts/libraries/Batches.sol";
import {Submission} from "./Submission.sol";

contract SubmitBlobsTest is Submission {
    /// How many blobs the next transaction carries.
    uint256 private carried = 1;

    function submit(address sequencer, BatchHeader memory header) internal override {
        vm.blobhashes(blobs(carried));
        rollup.submitBlobs(sequencer, header);
    }

    function testFuzz_takesAsManyBlobsAsTheChunksFill(uint16 chunks) public {
        chunks = uint16(bound(chunks, 1, 1536));
        takes(chunks, (uint256(chunks) + 255) / 256);
    }

    function test_takesWholeBlobsAndOneChunkMore() public {
        for (uint16 count = 1; count <= 6; ++count) {
            takes(256 * count, count);
            if (count < 6) takes(256 * count + 1, count + 1);
        }
        takes(1, 1);
    }

    function testFuzz_revertsForFewerOrMoreBlobs(uint16 chunks, uint8 count) public {
        chunks = uint16(bound(chunks, 1, 1536));
        count = uint8(bound(count, 0, 9));
        uint256 expected = (uint256(chunks) + 255) / 256;
        vm.assume(count != expected);
        carried = count;
        BatchHeader memory header = nextHeader();
        header.chunkCount = chunks;
        reverts(header, abi.encodeWithSelector(IRollup.WrongBlobCount.selector, expected));
    }

    function test_revertsForNoChunks() public {
        BatchHeader memory header = nextHeader();
        header.chunkCount = 0;
        reverts(header, abi.encodeWithSelector(IRollup.WrongChunkCount.selector, 0));
    }

    function testFuzz_revertsForMoreThanSixBlobsHold(uint16 chunks) public {
        BatchHeader memory header = nextHeader();
        header.chunkCount = uint16(bound(chunks, 1537, type(uint16).max));
        carried = 7;
        reverts(header, abi.encodeWithSelector(IRollup.WrongChunkCount.selector, header.chunkCount));
    }

    /// @dev Submits, and checks the stored hash and the event.
    function takes(uint16 chunks, uint256 count) private {
        carried = count;
        BatchHeader memory header = nextHeader();
        header.chunkCount = chunks;
        (uint64 parent,, uint64 submission,,) = rollup.head();
        Batch memory batch =
            Batch(header, Batches.blobCommitment(blobs(count)), uint64(block.timestamp), submission, operator);
        vm.expectEmit(address(rollup));
        emit IRollup.BatchSubmitted(parent + 1, Batches.hash(batch), batch, blobs(count), "");
        accepts(header);
        vm.assertEq(rollup.batchHash(parent + 1), Batches.hash(batch));
    }

    function blobs(uint256 count) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            hashes[i] = bytes32((uint256(1) << 248) | (uint256(keccak256(abi.encode(i))) >> 8));
        }
    }
}
