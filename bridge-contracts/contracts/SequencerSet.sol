// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ISequencerSet} from "./interfaces/ISequencerSet.sol";
import {Batch} from "./libraries/Batches.sol";

/// @title SequencerSet
/// @notice See `ISequencerSet`.
abstract contract SequencerSet is ISequencerSet {
    /// @dev What a submission reads of its sequencer, in one word.
    struct Sequencer {
        uint96 bond;
        uint64 activeFrom;
        uint64 activeUntil;
    }

    uint64 private constant FOREVER = type(uint64).max;
    address payable private constant BURN = payable(address(0));

    /// @inheritdoc ISequencerSet
    address public immutable governance;
    /// @inheritdoc ISequencerSet
    uint96 public immutable BOND;
    /// @inheritdoc ISequencerSet
    uint64 public immutable SEQUENCER_DELAY;
    /// @dev How long a bond stays after its sequencer left: until one that was added at that time has posted, and what it posted
    /// was held against what the first had signed.
    uint64 private immutable _unbonding;

    mapping(address account => Sequencer) private _sequencers;
    mapping(address sequencer => mapping(address poster => bool)) private _posters;
    /// @inheritdoc ISequencerSet
    mapping(address prover => uint256) public reward;

    modifier onlyGovernance() {
        if (msg.sender != governance) revert NotGovernance(msg.sender);
        _;
    }

    constructor(address governance_, uint96 bond, uint64 delay, uint64 unbonding, address[] memory first) {
        governance = governance_;
        BOND = bond;
        SEQUENCER_DELAY = delay;
        _unbonding = unbonding;
        for (uint256 i = 0; i < first.length; ++i) {
            _addSequencer(first[i], uint64(block.timestamp));
        }
    }

    /// @inheritdoc ISequencerSet
    function addSequencer(address account) external onlyGovernance {
        _addSequencer(account, uint64(block.timestamp) + SEQUENCER_DELAY);
    }

    /// @inheritdoc ISequencerSet
    function removeSequencer(address account) external onlyGovernance {
        // One that is still on its way never gets there.
        uint64 arrival = _sequencers[account].activeFrom;
        _end(account, arrival > block.timestamp ? arrival : uint64(block.timestamp) + SEQUENCER_DELAY);
    }

    /// @inheritdoc ISequencerSet
    function resign() external {
        _end(msg.sender, uint64(block.timestamp));
    }

    /// @inheritdoc ISequencerSet
    function setPoster(address poster, bool allowed) external {
        _posters[msg.sender][poster] = allowed;
        emit PosterSet(msg.sender, poster, allowed);
    }

    /// @inheritdoc ISequencerSet
    function depositBond(address account) external payable {
        Sequencer storage record = _sequencers[account];
        if (record.activeUntil <= block.timestamp) revert NotSequencer(account);
        uint256 bond = record.bond + msg.value;
        if (bond > type(uint96).max) revert BondTooLarge(bond);

        record.bond = uint96(bond);
        emit BondDeposited(account, msg.sender, msg.value);
    }

    /// @inheritdoc ISequencerSet
    function withdrawBond(address payable to, Batch calldata oldestPending) external {
        Sequencer storage record = _sequencers[msg.sender];
        uint96 amount = record.bond;
        uint256 activeUntil = record.activeUntil;
        if (amount == 0) revert NothingToWithdraw();
        if (activeUntil == FOREVER || block.timestamp < activeUntil + _unbonding) {
            revert BondLocked(activeUntil == FOREVER ? FOREVER : activeUntil + _unbonding);
        }
        (uint64 number, uint64 postedAt) = _oldestPending(oldestPending);
        // Batches are in order of time, so all that come later were posted after the sequencer left as well.
        if (number != 0 && postedAt <= activeUntil) revert BatchPending(number);

        record.bond = 0;
        emit BondWithdrawn(msg.sender, to, amount);
        Address.sendValue(to, amount);
    }

    /// @inheritdoc ISequencerSet
    function withdrawReward(address payable to) external {
        uint256 amount = reward[msg.sender];
        if (amount == 0) revert NothingToWithdraw();

        reward[msg.sender] = 0;
        emit RewardWithdrawn(msg.sender, to, amount);
        Address.sendValue(to, amount);
    }

    /// @inheritdoc ISequencerSet
    function isSequencer(address account) external view returns (bool) {
        return _isActive(_sequencers[account]);
    }

    /// @inheritdoc ISequencerSet
    function isPoster(address account, address poster) public view returns (bool) {
        return poster == account || _posters[account][poster];
    }

    /// @inheritdoc ISequencerSet
    function sequencer(address account) external view returns (uint96, uint64, uint64) {
        Sequencer memory record = _sequencers[account];
        return (record.bond, record.activeFrom, record.activeUntil);
    }

    /// @dev The number of the oldest batch that is not final and when it was posted, or zeros if all are final.
    /// Reverts if `batch` is not that batch.
    function _oldestPending(Batch calldata batch) internal view virtual returns (uint64 number, uint64 postedAt);

    /// @dev Reverts unless the caller may post for this sequencer now, with a whole bond.
    function _checkPoster(address account) internal view {
        Sequencer memory record = _sequencers[account];
        if (!_isActive(record)) revert NotSequencer(account);
        if (!isPoster(account, msg.sender)) revert NotPoster(account, msg.sender);
        if (record.bond < BOND) revert BondTooSmall(record.bond);
    }

    /// @dev Takes the whole bond: half is burnt, so that proving oneself wrong costs something as well; the rest is the prover's.
    function _slash(address account, address prover) internal {
        Sequencer storage record = _sequencers[account];
        uint256 bond = record.bond;
        uint256 prize = bond / 2;

        record.bond = 0;
        reward[prover] += prize;
        emit Slashed(account, prover, bond - prize, prize);
        Address.sendValue(BURN, bond - prize);
    }

    function _addSequencer(address account, uint64 activeFrom) private {
        Sequencer storage record = _sequencers[account];
        if (record.activeUntil > block.timestamp) revert AlreadySequencer(account);
        // Or governance could hold the bond of one that has left by adding it again and again.
        if (record.bond != 0) revert BondNotWithdrawn(account);
        record.activeFrom = activeFrom;
        record.activeUntil = FOREVER;
        emit SequencerAdded(account, activeFrom);
    }

    /// @dev A removal never puts off an earlier end.
    function _end(address account, uint64 activeUntil) private {
        Sequencer storage record = _sequencers[account];
        if (record.activeUntil <= activeUntil) revert NotSequencer(account);
        record.activeUntil = activeUntil;
        emit SequencerRemoved(account, activeUntil);
    }

    function _isActive(Sequencer memory record) private view returns (bool) {
        return record.activeFrom <= block.timestamp && block.timestamp < record.activeUntil;
    }
}
