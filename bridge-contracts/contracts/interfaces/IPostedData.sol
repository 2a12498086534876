// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../libraries/Batches.sol";
import {Demand, OperationProof} from "../libraries/Demands.sol";
import {ChunkProof, ElementProof, RootProof} from "../libraries/Openings.sol";

/// @title What a batch's data is, in blobs or calldata
/// @notice Returns if what is given is proven by the batch's data commitment, and reverts otherwise; a revert says nothing about the batch. It keeps nothing.
/// @dev docs/disputes.md, "Openings". The caller has seen to it that the batch is one that was posted.
interface IPostedData {
    /// @notice Returns if `proof.chunk` is the batch's chunk of that number, from 0.
    function requireChunk(Batch calldata batch, uint256 number, ChunkProof calldata proof) external view;

    /// @notice The state root that the chunk of that number claims to lead to.
    function claimedRoot(Batch calldata batch, uint256 number, RootProof calldata proof) external view returns (bytes32);

    /// @notice Returns if the element of that number, counted from 0 over all the batch's blobs, is of one of its chunks and malformed.
    function requireMalformed(Batch calldata batch, uint256 number, ElementProof calldata proof) external view;

    /// @notice What an authorised operation of the batch calls for.
    /// @param rootAtBatch The state root before the batch.
    /// @param number The place in the batch of the chunk that holds it, from 0.
    /// @param opening That chunk.
    /// @param before The root that the chunk before it claims; anything for the first one.
    /// @param operation Which operation it is, and whose.
    function demand(
        Batch calldata batch,
        bytes32 rootAtBatch,
        uint256 number,
        ChunkProof calldata opening,
        RootProof calldata before,
        OperationProof calldata operation
    ) external view returns (Demand memory);

    /// @notice The contract that lists tokens.
    function bridge() external view returns (address);
}
