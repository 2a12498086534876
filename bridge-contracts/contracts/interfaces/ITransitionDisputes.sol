// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../libraries/Batches.sol";
import {Witness} from "../libraries/Chunks.sol";
import {ChunkProof, RootProof} from "../libraries/Openings.sol";
import {IDataDispute} from "./IDataDispute.sol";

/// @title Disputes about what a chunk does
/// @notice The chunk is executed again, on a witness of the accounts that it touches.
/// @dev docs/disputes.md, "Transition". A witness that is wrong or lacks an item reverts: it never proves anything.
interface ITransitionDisputes is IDataDispute {
    /// @notice The chunk leads to the root that it claims.
    error ChunkIsRight(uint256 chunk);

    /// @notice Proves that a chunk holds something invalid, or leads to another root than it claims.
    /// @param chunk The chunk's place in the batch, from 0.
    /// @param opening The chunk.
    /// @param before The root that the chunk before it claims; anything for the first one.
    /// @param witness The state before the chunk, as far as it is touched.
    function prove(
        uint64 number,
        Batch calldata batch,
        Batch calldata parent,
        uint256 chunk,
        ChunkProof calldata opening,
        RootProof calldata before,
        Witness calldata witness
    ) external;

    /// @notice Proves that a batch does not begin with a block.
    /// @param opening The batch's first chunk.
    function proveNoBlock(uint64 number, Batch calldata batch, Batch calldata parent, ChunkProof calldata opening)
        external;

    /// @notice Executes a chunk, and proves nothing: to try a witness before it is sent.
    /// @param rootBefore The state root before it.
    /// @param chunk Its 496 bytes.
    /// @param inboxEnd The inbox count in its batch's header.
    /// @return valid Whether all its operations are valid.
    /// @return root The state root that it leads to; zero if it is invalid.
    function execute(bytes32 rootBefore, bytes calldata chunk, uint64 inboxEnd, Witness calldata witness)
        external
        view
        returns (bool valid, bytes32 root);
}
