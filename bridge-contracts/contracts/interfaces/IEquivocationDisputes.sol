// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../libraries/Batches.sol";
import {BlockHeader, SignedHeader} from "../libraries/Blocks.sol";
import {IDispute} from "./IDispute.sol";

/// @title Disputes about what a sequencer has signed
/// @notice A sequencer that signs two headers of one block, or posts another one than it has signed, loses its bond. Batches do not fall by it: they
/// may be right.
/// @dev docs/disputes.md, "Equivocation".
interface IEquivocationDisputes is IDispute {
    /// @notice The headers, or the header and the batch, agree, or are not of one block, one fork and one signer.
    error NoContradiction();
    /// @notice That header is not the one before the last.
    error WrongAncestor(uint256 place);
    /// @notice There is no such standing batch.
    error NotStanding(uint64 number);

    /// @notice Slashes who signed two headers of one number and fork id.
    function proveTwoHeaders(SignedHeader calldata one, SignedHeader calldata other) external;

    /// @notice Slashes the sequencer of a standing batch that signed, for a block of that batch, another one.
    /// @param signed What it signed.
    /// @param later The headers from the batch's last block back to the one after the block that was signed; none if that is the last.
    function proveContradiction(
        uint64 number,
        Batch calldata batch,
        SignedHeader calldata signed,
        BlockHeader[] calldata later
    ) external;
}
