// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "./interfaces/IBridge.sol";
import {IPostedData} from "./interfaces/IPostedData.sol";
import {Batch} from "./libraries/Batches.sol";
import {Demand, Demands, OperationProof} from "./libraries/Demands.sol";
import {ChunkProof, ElementProof, Openings, RootProof} from "./libraries/Openings.sol";

/// @title PostedData
/// @notice See `IPostedData`.
/// @dev A contract of its own because the code of those that ask, with this in it, would be too long for a contract (EIP-170).
contract PostedData is IPostedData {
    /// @inheritdoc IPostedData
    address public immutable bridge;

    /// @param bridge_ The contract that lists tokens.
    constructor(address bridge_) {
        bridge = bridge_;
    }

    /// @inheritdoc IPostedData
    function requireChunk(Batch calldata batch, uint256 number, ChunkProof calldata proof) external view {
        // It is the caller's own.
        // slither-disable-next-line unused-return
        Openings.chunk(batch, number, proof);
    }

    /// @inheritdoc IPostedData
    function claimedRoot(Batch calldata batch, uint256 number, RootProof calldata proof)
        external
        view
        returns (bytes32)
    {
        return Openings.claimedRoot(batch, number, proof);
    }

    /// @inheritdoc IPostedData
    function requireMalformed(Batch calldata batch, uint256 number, ElementProof calldata proof) external view {
        Openings.malformedElement(batch, number, proof);
    }

    /// @inheritdoc IPostedData
    function demand(
        Batch calldata batch,
        bytes32 rootAtBatch,
        uint256 number,
        ChunkProof calldata opening,
        RootProof calldata before,
        OperationProof calldata operation
    ) external view returns (Demand memory) {
        bytes32 rootBefore = number == 0 ? rootAtBatch : Openings.claimedRoot(batch, number - 1, before);
        bytes calldata chunk = Openings.chunk(batch, number, opening);
        return Demands.find(rootAtBatch, rootBefore, chunk, operation, IBridge(bridge));
    }
}
