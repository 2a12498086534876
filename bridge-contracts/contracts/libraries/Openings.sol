// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch, Batches} from "./Batches.sol";
import {EvaluationDomain} from "./EvaluationDomain.sol";
import {Kzg} from "./Kzg.sol";
import {ListRoot} from "./ListRoot.sol";

/// @notice A chunk of a batch. Of a batch in blobs the last two fields are empty, of one in calldata the three before them.
struct ChunkProof {
    /// Its 496 bytes.
    bytes chunk;
    /// The versioned hashes of the batch's blobs, in order.
    bytes32[] versionedHashes;
    /// The commitment to the chunk's blob, 128 bytes.
    bytes commitment;
    /// The commitment to the quotient, 128 bytes.
    bytes proof;
    /// The list root of the hashes of the batch's chunks.
    bytes32 listRoot;
    /// The siblings of the chunk's hash.
    bytes32[] path;
}

/// @notice How a chunk begins. Of a batch in blobs the last two fields are empty, of one in calldata the three before them.
struct RootProof {
    /// In blobs, its first two elements without their top bytes, 62 bytes; in calldata, all of it.
    bytes start;
    /// The versioned hashes of the batch's blobs, in order.
    bytes32[] versionedHashes;
    /// The commitment to the chunk's blob, compressed, 48 bytes.
    bytes commitment;
    /// The proofs of the two elements, compressed, 96 bytes.
    bytes proofs;
    /// The list root of the hashes of the batch's chunks.
    bytes32 listRoot;
    /// The siblings of the chunk's hash.
    bytes32[] path;
}

/// @notice A field element of a batch in blobs.
struct ElementProof {
    /// With its top byte.
    bytes32 value;
    /// The versioned hashes of the batch's blobs, in order.
    bytes32[] versionedHashes;
    /// The commitment to the element's blob, compressed, 48 bytes.
    bytes commitment;
    /// Compressed, 48 bytes.
    bytes proof;
}

/// @title Reading what was posted
/// @dev docs/protocol.md, "Blobs" and "Batches". The caller has checked that the batch is the one that L1 stores. Each function
/// returns only what is proven, and reverts otherwise; a revert says nothing about the batch.
library Openings {
    uint256 private constant BLOB_ELEMENTS = Batches.CHUNKS_IN_BLOB * EvaluationDomain.CHUNK_ELEMENTS;

    bytes1 private constant CALLDATA_PREFIX = 0x06;

    /// @notice The batch has only so many chunks.
    error NoSuchChunk(uint256 number, uint256 count);
    /// @notice Neither a chunk nor the beginning of one.
    error WrongChunkLength(uint256 expected, uint256 given);
    /// @notice The batch was posted with other blobs, or as calldata, or with another list of chunks, or in blobs.
    error WrongData(bytes32 dataCommitment);
    /// @notice The batch's list has another chunk there.
    error NotListed(uint256 number);
    /// @notice The element begins with a zero byte.
    error WellFormed(bytes32 value);

    /// @notice The chunk of that number, counted from 0 within the batch: 496 bytes.
    /// @dev A chunk with a malformed element cannot be opened, and need not be.
    function chunk(Batch calldata batch, uint256 number, ChunkProof calldata proof)
        internal
        view
        returns (bytes calldata)
    {
        _checkNumber(batch, number);
        _checkLength(proof.chunk, Batches.CHUNK_BYTES);
        if (proof.versionedHashes.length == 0) {
            _checkListed(batch, number, proof.chunk, proof.listRoot, proof.path);
        } else {
            Kzg.verifyChunk(
                _blobOf(batch, number, proof.versionedHashes),
                number % Batches.CHUNKS_IN_BLOB,
                proof.chunk,
                proof.commitment,
                proof.proof
            );
        }
        return proof.chunk;
    }

    /// @notice The state root that the chunk of that number claims to lead to: its first 32 bytes.
    function claimedRoot(Batch calldata batch, uint256 number, RootProof calldata proof)
        internal
        view
        returns (bytes32)
    {
        _checkNumber(batch, number);
        if (proof.versionedHashes.length == 0) {
            _checkLength(proof.start, Batches.CHUNK_BYTES);
            _checkListed(batch, number, proof.start, proof.listRoot, proof.path);
        } else {
            _checkLength(proof.start, 2 * EvaluationDomain.PAYLOAD_BYTES);
            _checkStart(batch, number, proof);
        }
        return bytes32(proof.start);
    }

    /// @notice Returns if the element of that number is malformed, which proves the batch wrong.
    /// @param number Counted from 0 within the batch, all elements of a blob included. It must belong to a chunk.
    function malformedElement(Batch calldata batch, uint256 number, ElementProof calldata proof) internal view {
        uint256 chunkNumber = number / EvaluationDomain.CHUNK_ELEMENTS;
        _checkNumber(batch, chunkNumber);
        if (proof.value[0] == 0) revert WellFormed(proof.value);
        Kzg.verifyElement(
            _blobOf(batch, chunkNumber, proof.versionedHashes),
            number % BLOB_ELEMENTS,
            uint256(proof.value),
            proof.commitment,
            proof.proof
        );
    }

    /// @dev A root is longer than an element by a byte.
    function _checkStart(Batch calldata batch, uint256 number, RootProof calldata proof) private view {
        bytes32 versionedHash = _blobOf(batch, number, proof.versionedHashes);
        if (proof.proofs.length != 2 * Kzg.COMPRESSED_BYTES) revert Kzg.WrongPointLength(proof.proofs.length);
        uint256 element = (number % Batches.CHUNKS_IN_BLOB) * EvaluationDomain.CHUNK_ELEMENTS;
        for (uint256 i = 0; i < 2; ++i) {
            Kzg.verifyElement(
                versionedHash,
                element + i,
                uint256(bytes32(proof.start[EvaluationDomain.PAYLOAD_BYTES * i:])) >> 8,
                proof.commitment,
                proof.proofs[Kzg.COMPRESSED_BYTES * i:Kzg.COMPRESSED_BYTES * (i + 1)]
            );
        }
    }

    /// @dev The versioned hash of the blob with that chunk. `Rollup` has seen to it that there is one for each chunk.
    function _blobOf(Batch calldata batch, uint256 number, bytes32[] calldata versionedHashes)
        private
        pure
        returns (bytes32)
    {
        if (Batches.blobCommitment(versionedHashes) != batch.dataCommitment) {
            revert WrongData(batch.dataCommitment);
        }
        return versionedHashes[number / Batches.CHUNKS_IN_BLOB];
    }

    function _checkListed(
        Batch calldata batch,
        uint256 number,
        bytes calldata chunk_,
        bytes32 listRoot,
        bytes32[] calldata path
    ) private pure {
        bytes32 commitment = keccak256(abi.encodePacked(CALLDATA_PREFIX, listRoot));
        if (commitment != batch.dataCommitment) revert WrongData(batch.dataCommitment);
        bool listed = ListRoot.contains(listRoot, batch.header.chunkCount, uint32(number), keccak256(chunk_), path);
        if (!listed) revert NotListed(number);
    }

    function _checkNumber(Batch calldata batch, uint256 number) private pure {
        uint256 count = batch.header.chunkCount;
        if (number >= count) revert NoSuchChunk(number, count);
    }

    function _checkLength(bytes calldata bytes_, uint256 length) private pure {
        if (bytes_.length != length) revert WrongChunkLength(length, bytes_.length);
    }
}
