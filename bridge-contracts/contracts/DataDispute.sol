// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Dispute} from "./Dispute.sol";
import {IDataDispute} from "./interfaces/IDataDispute.sol";
import {IPostedData} from "./interfaces/IPostedData.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {Batch} from "./libraries/Batches.sol";
import {ChunkProof, RootProof} from "./libraries/Openings.sol";

/// @title DataDispute
/// @notice See `IDataDispute`.
abstract contract DataDispute is Dispute, IDataDispute {
    /// @inheritdoc IDataDispute
    address public immutable postedData;

    /// @param rollup_ The rollup, deployed before with this contract's address.
    /// @param postedData_ What reads batches' data.
    constructor(address rollup_, address postedData_) Dispute(rollup_) {
        postedData = postedData_;
    }

    /// @dev A chunk of the batch, which is proven to be there.
    function _chunk(Batch calldata batch, uint256 number, ChunkProof calldata proof)
        internal
        view
        returns (bytes calldata)
    {
        IPostedData(postedData).requireChunk(batch, number, proof);
        return proof.chunk;
    }

    /// @dev The state root before a chunk of the batch.
    function _rootBeforeChunk(
        uint64 number,
        Batch calldata batch,
        Batch calldata parent,
        uint256 chunk,
        RootProof calldata before
    ) internal view returns (bytes32) {
        if (chunk == 0) return _rootBefore(number, parent);
        return IPostedData(postedData).claimedRoot(batch, chunk - 1, before);
    }

    /// @dev The state root before a batch, given that `parent` is the one before it: `_fell` checks that, in the same call.
    function _rootBefore(uint64 number, Batch calldata parent) internal view returns (bytes32) {
        return number == 1 ? IRollup(rollup).GENESIS_STATE_ROOT() : parent.header.stateRoot;
    }

    /// @dev The batch is proven wrong. Reverts unless it is pending, and `parent` the one before it.
    function _fell(uint64 number, Batch calldata batch, Batch calldata parent) internal {
        IRollup(rollup).revertFrom(number, batch, parent, msg.sender);
    }
}
