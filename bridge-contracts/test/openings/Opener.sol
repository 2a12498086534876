// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch, Batches} from "../../contracts/libraries/Batches.sol";
import {ChunkProof, ElementProof, Openings, RootProof} from "../../contracts/libraries/Openings.sol";

/// @title The library behind external functions
contract Opener {
    function chunk(Batch calldata batch, uint256 number, ChunkProof calldata proof)
        external
        view
        returns (bytes memory)
    {
        return Openings.chunk(batch, number, proof);
    }

    function claimedRoot(Batch calldata batch, uint256 number, RootProof calldata proof)
        external
        view
        returns (bytes32)
    {
        return Openings.claimedRoot(batch, number, proof);
    }

    function malformedElement(Batch calldata batch, uint256 number, ElementProof calldata proof) external view {
        Openings.malformedElement(batch, number, proof);
    }

    function calldataCommitment(bytes calldata chunks) external pure returns (bytes32) {
        return Batches.calldataCommitment(chunks);
    }
}
