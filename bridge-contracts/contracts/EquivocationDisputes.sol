// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Dispute} from "./Dispute.sol";
import {IEquivocationDisputes} from "./interfaces/IEquivocationDisputes.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {Batch, Batches} from "./libraries/Batches.sol";
import {BlockHeader, Blocks, SignedHeader} from "./libraries/Blocks.sol";

/// @title EquivocationDisputes
/// @notice See `IEquivocationDisputes`.
contract EquivocationDisputes is Dispute, IEquivocationDisputes {
    uint64 private immutable _chainId;

    /// @param rollup_ The rollup, deployed before with this contract's address.
    constructor(address rollup_) Dispute(rollup_) {
        _chainId = IRollup(rollup_).L2_CHAIN_ID();
    }

    /// @inheritdoc IEquivocationDisputes
    function proveTwoHeaders(SignedHeader calldata one, SignedHeader calldata other) external {
        bool samePlace = one.header.number == other.header.number && one.forkId == other.forkId;
        bool sameContent = Blocks.hash(one.header) == Blocks.hash(other.header) && one.txRoot == other.txRoot;
        if (!samePlace || sameContent) revert NoContradiction();
        address signer = Blocks.signer(one, _chainId);
        if (Blocks.signer(other, _chainId) != signer) revert NoContradiction();
        IRollup(rollup).slash(signer, msg.sender);
    }

    /// @inheritdoc IEquivocationDisputes
    function proveContradiction(
        uint64 number,
        Batch calldata batch,
        SignedHeader calldata signed,
        BlockHeader[] calldata later
    ) external {
        _checkStands(number, batch);
        if (signed.forkId != IRollup(rollup).forkOf(batch.submissionId)) revert NoContradiction();
        (uint64 blockNumber, bytes32 posted) = (batch.header.blockNumber, batch.header.blockHash);
        for (uint256 i = 0; i < later.length; ++i) {
            if (Blocks.hash(later[i]) != posted) revert WrongAncestor(i);
            (blockNumber, posted) = (later[i].number - 1, later[i].parent);
        }
        bool contradicts = signed.header.number == blockNumber && Blocks.hash(signed.header) != posted;
        if (!contradicts || Blocks.signer(signed, _chainId) != batch.poster) revert NoContradiction();
        IRollup(rollup).slash(batch.poster, msg.sender);
    }

    function _checkStands(uint64 number, Batch calldata batch) private view {
        // Only the newest batch's number matters.
        // slither-disable-next-line unused-return
        (uint64 newest,,,,) = IRollup(rollup).head();
        if (number > newest || IRollup(rollup).batchHash(number) != Batches.hash(batch)) revert NotStanding(number);
    }
}
