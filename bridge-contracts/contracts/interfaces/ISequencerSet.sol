// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../libraries/Batches.sol";

/// @title Who may post batches, and what they stake
/// @notice The timelock adds and removes sequencers, and either takes effect after `SEQUENCER_DELAY`, which is longer than a challenge and its
/// answer can take: whoever does not like the change has the time to leave. Each sequencer's bond answers for its batches.
interface ISequencerSet {
    /// @notice A sequencer was added; it may post from then on.
    event SequencerAdded(address indexed sequencer, uint64 activeFrom);
    /// @notice A sequencer was removed or resigned; it may not post from then on.
    event SequencerRemoved(address indexed sequencer, uint64 activeUntil);
    /// @notice A sequencer lets another account post in its name, or no longer.
    event PosterSet(address indexed sequencer, address indexed poster, bool allowed);
    /// @notice A bond grew.
    event BondDeposited(address indexed sequencer, address indexed from, uint256 amount);
    /// @notice A sequencer that had left took its bond back.
    event BondWithdrawn(address indexed sequencer, address indexed to, uint256 amount);
    /// @notice A sequencer was proven wrong and lost its bond.
    event Slashed(address indexed sequencer, address indexed prover, uint256 burnt, uint256 reward);
    /// @notice A prover took its rewards.
    event RewardWithdrawn(address indexed prover, address indexed to, uint256 amount);

    /// @notice Only the timelock may do that.
    error NotGovernance(address caller);
    /// @notice The sequencer is in the set, or on its way into it.
    error AlreadySequencer(address sequencer);
    /// @notice That address is not in the set, or not yet, or no longer, or is about to leave it already.
    error NotSequencer(address sequencer);
    /// @notice The caller posts neither for itself nor with the sequencer's leave (`setPoster`).
    error NotPoster(address sequencer, address caller);
    /// @notice The sequencer's bond is below `BOND`. Anyone may add to it with `depositBond`.
    error BondTooSmall(uint256 bond);
    /// @notice A bond of 2^96 wei or more.
    error BondTooLarge(uint256 bond);
    /// @notice The sequencer left and has not taken its bond back. It can be added again after that.
    error BondNotWithdrawn(address sequencer);
    /// @notice The bond stays until then.
    error BondLocked(uint256 until);
    /// @notice A batch that the sequencer may have posted is not final. Make it final, then try again.
    error BatchPending(uint64 number);
    /// @notice There is nothing to take.
    error NothingToWithdraw();

    /// @notice Adds a sequencer after `SEQUENCER_DELAY`. Only the timelock.
    function addSequencer(address sequencer) external;

    /// @notice Removes a sequencer after `SEQUENCER_DELAY`, or before it is active. Only the timelock.
    function removeSequencer(address sequencer) external;

    /// @notice The caller leaves the set at once.
    function resign() external;

    /// @notice Lets another account post batches in the caller's name, or no longer. The caller's bond answers for them.
    function setPoster(address poster, bool allowed) external;

    /// @notice Adds the ETH sent to a sequencer's bond. Anyone may.
    function depositBond(address sequencer) external payable;

    /// @notice Takes the caller's bond back: `SEQUENCER_DELAY`, a challenge window and a response window after it left, and when each batch
    /// that it may have posted is final or fallen.
    /// @param to Who gets it.
    /// @param oldestPending The oldest batch that is not final; anything if there is none.
    function withdrawBond(address payable to, Batch calldata oldestPending) external;

    /// @notice Takes the caller's rewards for proofs.
    function withdrawReward(address payable to) external;

    /// @notice Whether that address may post now, its bond apart.
    function isSequencer(address sequencer) external view returns (bool);

    /// @notice Whether an account posts in a sequencer's name.
    function isPoster(address sequencer, address poster) external view returns (bool);

    /// @notice A sequencer's bond in wei, and the times (in seconds) between which it may post.
    function sequencer(address account) external view returns (uint96 bond, uint64 activeFrom, uint64 activeUntil);

    /// @notice A prover's rewards not yet taken, in wei.
    function reward(address prover) external view returns (uint256);

    /// @notice What a sequencer must have staked to post, in wei.
    function BOND() external view returns (uint96);

    /// @notice Seconds between the timelock's call and its effect on the set.
    function SEQUENCER_DELAY() external view returns (uint64);

    /// @notice The timelock.
    function governance() external view returns (address);
}
