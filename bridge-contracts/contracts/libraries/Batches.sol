// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ListRoot} from "./ListRoot.sol";

/// @notice What a batch claims. The fields are in the order of the 182 bytes of docs/protocol.md, "Batches".
struct BatchHeader {
    /// The header hash of the batch before it; zero for the first.
    bytes32 parent;
    /// The state root after the batch.
    bytes32 stateRoot;
    /// List root of the hashes of the raw transactions, in order of the authorised operations.
    bytes32 authRoot;
    /// Authorised operations of the batch.
    uint32 authCount;
    /// Inbox messages consumed up to the batch's end.
    uint64 inboxCount;
    /// The inbox's hash chain after them.
    bytes24 inboxAccumulator;
    /// Chunks of the batch.
    uint16 chunkCount;
    /// The last block's number.
    uint64 blockNumber;
    /// The last block's hash.
    bytes32 blockHash;
    /// The last block's timestamp, in seconds.
    uint64 timestamp;
}

/// @notice A batch as it was submitted: the preimage of the hash that L1 stores.
struct Batch {
    BatchHeader header;
    /// The commitment to its blobs or its calldata.
    bytes32 dataCommitment;
    /// Timestamp of the L1 block that holds it, in seconds.
    uint64 postedAt;
    /// Counts submissions from 0, fallen ones included.
    uint64 submissionId;
    /// The sequencer whose bond answers for it.
    address poster;
}

/// @title Hash and data commitments of a batch
/// @dev docs/protocol.md, "Batches".
library Batches {
    /// Bytes of a chunk.
    uint256 internal constant CHUNK_BYTES = 496;
    /// Chunks that fill a blob.
    uint256 internal constant CHUNKS_IN_BLOB = 256;
    /// Blobs of a batch, at most.
    uint256 internal constant MAX_BLOBS = 6;
    /// Chunks of a batch posted as calldata, at most.
    uint256 internal constant MAX_CALLDATA_CHUNKS = 60;

    bytes1 private constant BLOBS_PREFIX = 0x05;
    bytes1 private constant CALLDATA_PREFIX = 0x06;

    /// @notice The hash of a submitted batch, which L1 keeps.
    function hash(Batch memory batch) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                headerHash(batch.header), batch.dataCommitment, batch.postedAt, batch.submissionId, batch.poster
            )
        );
    }

    /// @notice The hash of a header, by which the next batch names its parent. It does not depend on how, when and by whom a batch is
    /// posted: so several can be under way at once, and survive a reorg of L1 as they are.
    function headerHash(BatchHeader memory header) internal pure returns (bytes32) {
        return keccak256(encode(header));
    }

    /// @notice The 182 bytes of a header.
    function encode(BatchHeader memory header) internal pure returns (bytes memory) {
        return abi.encodePacked(
            header.parent,
            header.stateRoot,
            header.authRoot,
            header.authCount,
            header.inboxCount,
            header.inboxAccumulator,
            header.chunkCount,
            header.blockNumber,
            header.blockHash,
            header.timestamp
        );
    }

    /// @notice The commitment to blobs, by their versioned hashes in order.
    function blobCommitment(bytes32[] memory versionedHashes) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(BLOBS_PREFIX, versionedHashes));
    }

    /// @notice The commitment to whole chunks in calldata.
    function calldataCommitment(bytes calldata chunks) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](chunks.length / CHUNK_BYTES);
        for (uint256 i = 0; i < hashes.length; ++i) {
            hashes[i] = keccak256(chunks[i * CHUNK_BYTES:(i + 1) * CHUNK_BYTES]);
        }
        return keccak256(abi.encodePacked(CALLDATA_PREFIX, ListRoot.root(hashes)));
    }
}
