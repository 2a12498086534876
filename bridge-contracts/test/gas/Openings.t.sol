// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../../contracts/libraries/Batches.sol";
import {ChunkProof, RootProof} from "../../contracts/libraries/Openings.sol";
import {Cases} from "../openings/Cases.sol";
import {Opener} from "../openings/Opener.sol";
import {Transaction} from "./Transaction.sol";

/// @title What it costs to read what was posted
/// @dev By execution, which is what a dispute pays for it among other things, and as a transaction of its own.
contract OpeningsGasTest is Cases {
    function test_chunkInBlobs() public {
        ChunkCase memory c = chunkCase("full: chunk 128");
        Batch memory batch = inBlobs(c.versioned_hashes, c.chunk_count);
        measure("chunk in blobs", abi.encodeCall(Opener.chunk, (batch, c.number, proofOf(c))));
    }

    function test_chunkInSixBlobs() public {
        ChunkCase memory c = chunkCase("six blobs: chunk 1535");
        Batch memory batch = inBlobs(c.versioned_hashes, c.chunk_count);
        measure("chunk in 6 blobs", abi.encodeCall(Opener.chunk, (batch, c.number, proofOf(c))));
    }

    function test_chunkInCalldata() public {
        (Batch memory batch, bytes memory chunk, bytes32 listRoot, bytes32[] memory path) = inCalldata(60, 41);
        ChunkProof memory proof = ChunkProof(chunk, new bytes32[](0), "", "", listRoot, path);
        measure("chunk in calldata", abi.encodeCall(Opener.chunk, (batch, 41, proof)));
    }

    function test_rootInBlobs() public {
        RootCase memory c = rootCases()[1];
        Batch memory batch = inBlobs(c.versioned_hashes, c.chunk_count);
        measure("root in blobs", abi.encodeCall(Opener.claimedRoot, (batch, c.number, proofOf(c))));
    }

    function test_rootInCalldata() public {
        (Batch memory batch, bytes memory chunk, bytes32 listRoot, bytes32[] memory path) = inCalldata(60, 41);
        RootProof memory proof = RootProof(chunk, new bytes32[](0), "", "", listRoot, path);
        measure("root in calldata", abi.encodeCall(Opener.claimedRoot, (batch, 41, proof)));
    }

    function test_malformedElement() public {
        ElementCase memory c = elementCase(true);
        Batch memory batch = inBlobs(c.versioned_hashes, c.chunk_count);
        measure("malformed element", abi.encodeCall(Opener.malformedElement, (batch, c.number, proofOf(c))));
    }

    function measure(string memory name, bytes memory data) private {
        (bool success,) = address(opener).call(data);
        vm.assertTrue(success, name);
        uint256 execution = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue("Openings", string.concat(name, ": execution"), execution);
        vm.snapshotValue("Openings", string.concat(name, ": transaction"), Transaction.gasOf(data, execution));
    }
}
