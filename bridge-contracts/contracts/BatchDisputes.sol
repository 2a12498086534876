// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DataDispute} from "./DataDispute.sol";
import {IBatchDisputes} from "./interfaces/IBatchDisputes.sol";
import {IPostedData} from "./interfaces/IPostedData.sol";
import {Batch, BatchHeader} from "./libraries/Batches.sol";
import {ElementProof, RootProof} from "./libraries/Openings.sol";
import {State, States} from "./libraries/States.sol";

/// @title BatchDisputes
/// @notice See `IBatchDisputes`.
contract BatchDisputes is DataDispute, IBatchDisputes {
    /// @param rollup_ The rollup, deployed before with this contract's address.
    /// @param postedData_ What reads batches' data.
    constructor(address rollup_, address postedData_) DataDispute(rollup_, postedData_) {}

    /// @inheritdoc IBatchDisputes
    function proveLastRoot(uint64 number, Batch calldata batch, Batch calldata parent, RootProof calldata last)
        external
    {
        uint256 chunk = uint256(batch.header.chunkCount) - 1;
        bytes32 claimed = IPostedData(postedData).claimedRoot(batch, chunk, last);
        if (claimed == batch.header.stateRoot) revert HeaderIsRight();
        _fell(number, batch, parent);
    }

    /// @inheritdoc IBatchDisputes
    function proveCounts(
        uint64 number,
        Batch calldata batch,
        Batch calldata parent,
        State calldata before,
        State calldata afterwards
    ) external {
        _checkRoot(_rootBefore(number, parent), before);
        _checkRoot(batch.header.stateRoot, afterwards);
        if (_counts(batch.header, before, afterwards)) revert HeaderIsRight();
        _fell(number, batch, parent);
    }

    /// @inheritdoc IBatchDisputes
    function proveMalformedElement(
        uint64 number,
        Batch calldata batch,
        Batch calldata parent,
        uint256 element,
        ElementProof calldata opening
    ) external {
        IPostedData(postedData).requireMalformed(batch, element, opening);
        _fell(number, batch, parent);
    }

    /// @dev Whether the header counts what the state after the batch counts.
    function _counts(BatchHeader calldata header, State calldata before, State calldata afterwards)
        private
        pure
        returns (bool)
    {
        // The state after a wrong transition may count fewer than the one before it.
        bool authorised = uint256(before.authorisedCount) + header.authCount == afterwards.authorisedCount;
        return authorised && header.inboxCount == afterwards.inboxCount && header.blockNumber == afterwards.blockNumber
            && header.timestamp == afterwards.timestamp;
    }

    function _checkRoot(bytes32 root, State calldata state) private pure {
        bytes32 given = States.root(state);
        if (given != root) revert WrongState(root, given);
    }
}
