// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What the dispute contracts have in common
/// @notice Anyone may prove a sequencer wrong, in one transaction, and gets the reward (`ISequencerSet.reward`). What reverts proves nothing, and
/// neither does a call with too little gas.
/// @dev docs/disputes.md.
interface IDispute {
    /// @notice The rollup lists another address. It lists dispute contracts before they are deployed, at its own deployment.
    error NotListed();

    /// @notice The contract that keeps the batches.
    function rollup() external view returns (address);
}
