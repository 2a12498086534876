// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../../contracts/libraries/Batches.sol";
import {ChunkProof, Openings, RootProof} from "../../contracts/libraries/Openings.sol";
import {Cases} from "./Cases.sol";
import {Opener} from "./Opener.sol";

/// @title Opening a chunk of a batch in calldata, and its root
/// @dev A case takes milliseconds.
/// forge-config: default.fuzz.runs = 128
contract ListedTest is Cases {
    uint16 private constant COUNT = 5;

    function test_everyChunkOpens() public view {
        for (uint16 count = 1; count <= 60; count += count < 9 ? 1 : 17) {
            for (uint256 number = 0; number < count; number += 1 + count / 7) {
                (Batch memory batch, ChunkProof memory proof) = posted(count, number);
                vm.assertEq(opener.chunk(batch, number, proof), proof.chunk);
                vm.assertEq(opener.claimedRoot(batch, number, rootOf(proof)), bytes32(proof.chunk));
            }
        }
    }

    function testFuzz_anotherByte(uint256 number, uint256 position, uint8 by) public view {
        (Batch memory batch, ChunkProof memory proof) = posted(COUNT, number % COUNT);
        proof.chunk = flipped(proof.chunk, position % 496, by == 0 ? 1 : by);
        refused(batch, number % COUNT, proof, Openings.NotListed.selector);
    }

    function testFuzz_anotherSibling(uint256 number, uint256 level, uint256 by) public view {
        (Batch memory batch, ChunkProof memory proof) = posted(COUNT, number % COUNT);
        proof.path[level % proof.path.length] ^= bytes32(by == 0 ? 1 : by);
        refused(batch, number % COUNT, proof, Openings.NotListed.selector);
    }

    function test_anotherNumber() public view {
        (Batch memory batch, ChunkProof memory proof) = posted(COUNT, 2);
        for (uint256 number = 0; number < COUNT; ++number) {
            if (number != 2) refused(batch, number, proof, Openings.NotListed.selector);
        }
        refused(batch, COUNT, proof, Openings.NoSuchChunk.selector);
        refused(batch, (uint256(1) << 32) + 2, proof, Openings.NoSuchChunk.selector);
    }

    function test_anotherList() public view {
        (Batch memory batch, ChunkProof memory proof) = posted(COUNT, 2);
        (, ChunkProof memory other) = posted(COUNT + 1, 2);
        refused(batch, 2, other, Openings.WrongData.selector);
        proof.listRoot ^= bytes32(uint256(1));
        refused(batch, 2, proof, Openings.WrongData.selector);
    }

    function test_pathOfAnotherLength() public view {
        (Batch memory batch, ChunkProof memory proof) = posted(COUNT, 2);
        proof.path = new bytes32[](proof.path.length + 1);
        refused(batch, 2, proof, Openings.NotListed.selector);
        proof.path = new bytes32[](0);
        refused(batch, 2, proof, Openings.NotListed.selector);
    }

    function test_chunkOfAnotherLength() public view {
        (Batch memory batch, ChunkProof memory proof) = posted(COUNT, 2);
        proof.chunk = slice(proof.chunk, 0, 62);
        refused(batch, 2, proof, Openings.WrongChunkLength.selector);
        (bool success, bytes memory answer) =
            address(opener).staticcall(abi.encodeCall(Opener.claimedRoot, (batch, 2, rootOf(proof))));
        failed(success, answer, Openings.WrongChunkLength.selector, "root");
    }

    /// @dev The proof says how the batch was posted, and the commitment knows better.
    function test_theOtherForm() public view {
        ChunkCase memory blob = chunkCase("full: chunk 1");
        (Batch memory batch, ChunkProof memory proof) = posted(COUNT, 1);
        refused(batch, 1, proofOf(blob), Openings.WrongData.selector);
        refused(inBlobs(blob.versioned_hashes, 256), 1, proof, Openings.WrongData.selector);
    }

    function refused(Batch memory batch, uint256 number, ChunkProof memory proof, bytes4 selector) private view {
        (bool success, bytes memory answer) =
            address(opener).staticcall(abi.encodeCall(Opener.chunk, (batch, number, proof)));
        failed(success, answer, selector, "chunk");
        (success, answer) =
            address(opener).staticcall(abi.encodeCall(Opener.claimedRoot, (batch, number, rootOf(proof))));
        // In blobs a root's proof is made of other things than a chunk's.
        if (proof.versionedHashes.length == 0) failed(success, answer, selector, "root");
        else vm.assertFalse(success, "root");
    }

    function posted(uint16 count, uint256 number) private view returns (Batch memory batch, ChunkProof memory proof) {
        (batch, proof.chunk, proof.listRoot, proof.path) = inCalldata(count, number);
    }

    function rootOf(ChunkProof memory proof) private pure returns (RootProof memory) {
        return RootProof(proof.chunk, proof.versionedHashes, "", "", proof.listRoot, proof.path);
    }
}
