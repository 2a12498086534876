// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DataDispute} from "./DataDispute.sol";
import {IBridge} from "./interfaces/IBridge.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {ITransitionDisputes} from "./interfaces/ITransitionDisputes.sol";
import {Batch} from "./libraries/Batches.sol";
import {Chunks, Witness} from "./libraries/Chunks.sol";
import {ChunkProof, RootProof} from "./libraries/Openings.sol";

/// @title TransitionDisputes
/// @notice See `ITransitionDisputes`.
contract TransitionDisputes is DataDispute, ITransitionDisputes {
    address private immutable _inbox;
    address private immutable _bridge;

    /// @param rollup_ The rollup, deployed before with this contract's address.
    /// @param postedData_ What reads batches' data.
    constructor(address rollup_, address postedData_) DataDispute(rollup_, postedData_) {
        _inbox = IRollup(rollup_).inbox();
        _bridge = IRollup(rollup_).bridge();
    }

    /// @inheritdoc ITransitionDisputes
    function prove(
        uint64 number,
        Batch calldata batch,
        Batch calldata parent,
        uint256 chunk,
        ChunkProof calldata opening,
        RootProof calldata before,
        Witness calldata witness
    ) external {
        bytes32 rootBefore = _rootBeforeChunk(number, batch, parent, chunk, before);
        bytes calldata data = _chunk(batch, chunk, opening);
        (bool valid, bytes32 root) = execute(rootBefore, data, batch.header.inboxCount, witness);
        if (valid && root == bytes32(data)) revert ChunkIsRight(chunk);
        _fell(number, batch, parent);
    }

    /// @inheritdoc ITransitionDisputes
    function proveNoBlock(uint64 number, Batch calldata batch, Batch calldata parent, ChunkProof calldata opening)
        external
    {
        if (Chunks.beginsBlock(_chunk(batch, 0, opening))) revert ChunkIsRight(0);
        _fell(number, batch, parent);
    }

    /// @inheritdoc ITransitionDisputes
    function execute(bytes32 rootBefore, bytes calldata chunk, uint64 inboxEnd, Witness calldata witness)
        public
        view
        returns (bool valid, bytes32 root)
    {
        return Chunks.execute(rootBefore, chunk, inboxEnd, witness, IInbox(_inbox), IBridge(_bridge));
    }
}
