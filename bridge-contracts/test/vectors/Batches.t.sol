// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch, BatchHeader, Batches} from "../../contracts/libraries/Batches.sol";
import {Vectors} from "./Vectors.sol";

contract BatchVectorsTest is Vectors {
    /// @dev An object has more fields than the stack holds, so it is read twice: what the header says, and what else there is.
    struct Header {
        uint32 auth_count;
        bytes32 auth_root;
        bytes32 block_hash;
        uint64 block_number;
        uint16 chunk_count;
        bytes24 inbox_accumulator;
        uint64 inbox_count;
        bytes32 parent;
        bytes32 state_root;
        uint64 timestamp;
    }

    struct Posted {
        bytes32 data_commitment;
        bytes32 hash;
        bytes header;
        bytes32 header_hash;
        uint64 posted_at;
        address poster;
        uint64 submission_id;
    }

    struct BlobCommitment {
        bytes32 commitment;
        bytes32[] versioned_hashes;
    }

    function setUp() public override {
        super.setUp();
        load("batch");
    }

    function test_headersAndHashes() public view {
        Header[] memory headers = abi.decode(
            objects(
                ".batches",
                "HeaderJson(uint32 auth_count,bytes32 auth_root,bytes32 block_hash,uint64 block_number,uint16 chunk_count,"
                "bytes24 inbox_accumulator,uint64 inbox_count,bytes32 parent,bytes32 state_root,uint64 timestamp)"
            ),
            (Header[])
        );
        Posted[] memory posted = abi.decode(
            objects(
                ".batches",
                "PostedJson(bytes32 data_commitment,bytes32 hash,bytes header,bytes32 header_hash,uint64 posted_at,"
                "address poster,uint64 submission_id)"
            ),
            (Posted[])
        );
        atLeast(posted.length, 2);
        for (uint256 i = 0; i < posted.length; ++i) {
            agrees(headerOf(headers[i]), posted[i]);
        }
    }

    function test_blobCommitments() public view {
        BlobCommitment[] memory commitments = abi.decode(
            objects(".blob_commitments", "BlobCommitmentJson(bytes32 commitment,bytes32[] versioned_hashes)"),
            (BlobCommitment[])
        );
        atLeast(commitments.length, 2);
        for (uint256 i = 0; i < commitments.length; ++i) {
            vm.assertEq(Batches.blobCommitment(commitments[i].versioned_hashes), commitments[i].commitment);
        }
    }

    function agrees(BatchHeader memory header, Posted memory p) private pure {
        vm.assertEq(Batches.encode(header), p.header);
        vm.assertEq(Batches.headerHash(header), p.header_hash, "header hash");
        Batch memory batch = Batch(header, p.data_commitment, p.posted_at, p.submission_id, p.poster);
        vm.assertEq(Batches.hash(batch), p.hash, "hash");
    }

    function headerOf(Header memory p) private pure returns (BatchHeader memory header) {
        header.parent = p.parent;
        header.stateRoot = p.state_root;
        header.authRoot = p.auth_root;
        header.authCount = p.auth_count;
        header.inboxCount = p.inbox_count;
        header.inboxAccumulator = p.inbox_accumulator;
        header.chunkCount = p.chunk_count;
        header.blockNumber = p.block_number;
        header.blockHash = p.block_hash;
        header.timestamp = p.timestamp;
    }
}
