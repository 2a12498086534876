// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../libraries/Batches.sol";
import {ElementProof, RootProof} from "../libraries/Openings.sol";
import {State} from "../libraries/States.sol";
import {IDataDispute} from "./IDataDispute.sol";

/// @title Disputes that need no execution
/// @notice The header against the data and the state that it claims, and the form of the data.
/// @dev docs/disputes.md, "Header" and "Malformed element".
interface IBatchDisputes is IDataDispute {
    /// @notice The header says what the data and the state say.
    error HeaderIsRight();
    /// @notice That is not the preimage of the state root.
    error WrongState(bytes32 expected, bytes32 given);

    /// @notice Proves that the last chunk claims another root than the header.
    /// @param last The root that it claims.
    function proveLastRoot(uint64 number, Batch calldata batch, Batch calldata parent, RootProof calldata last) external;

    /// @notice Proves that the header's inbox count, block number, timestamp or count of authorised operations is not that of the
    /// state that it claims.
    /// @param before The preimage of the state root before the batch.
    /// @param afterwards The preimage of the state root in its header.
    function proveCounts(
        uint64 number,
        Batch calldata batch,
        Batch calldata parent,
        State calldata before,
        State calldata afterwards
    ) external;

    /// @notice Proves that a field element of a chunk begins with another byte than zero.
    /// @param element Its place in the batch, counted from 0 over the elements of all its blobs.
    function proveMalformedElement(
        uint64 number,
        Batch calldata batch,
        Batch calldata parent,
        uint256 element,
        ElementProof calldata opening
    ) external;
}
