// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {IBridge} from "./interfaces/IBridge.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {Messages} from "./libraries/Messages.sol";

/// @title Inbox
/// @notice See `IInbox`.
contract Inbox is IInbox {
    using BitMaps for BitMaps.BitMap;

    /// @dev All that an append changes besides its own word, in one word.
    struct Tail {
        bytes24 accumulator;
        uint56 count;
        bool closed;
    }

    /// @dev A message's word.
    struct Entry {
        bytes24 accumulator;
        uint64 timestamp;
    }

    /// @inheritdoc IInbox
    address public immutable bridge;
    /// @inheritdoc IInbox
    address public immutable rollup;

    Tail private _tail;
    mapping(uint64 index => Entry) private _entries;
    BitMaps.BitMap private _refunded;

    /// @param bridge_ Where the bridge is, or is going to be.
    /// @param rollup_ Where the rollup is, or is going to be. Its constructor checks that the three contracts agree.
    constructor(address bridge_, address rollup_) {
        bridge = bridge_;
        rollup = rollup_;
    }

    /// @inheritdoc IInbox
    function depositEth(address to, bool lock_) external payable returns (uint64) {
        _checkReceiver(to, lock_);
        uint128 amount = _amount(msg.value);

        uint64 index = _append(to, Messages.deposit(to, 0, amount, lock_));
        IBridge(bridge).depositEth{value: msg.value}();
        return index;
    }

    /// @inheritdoc IInbox
    function depositToken(address token, address to, uint256 amount, bool lock_) external returns (uint64) {
        _checkReceiver(to, lock_);
        uint128 amount_ = _amount(amount);

        // The token may call back. A message that it appends comes before this one and stands for itself.
        uint8 id = IBridge(bridge).depositToken(token, msg.sender, amount_);
        return _append(to, Messages.deposit(to, id, amount_, lock_));
    }

    /// @inheritdoc IInbox
    function forceWithdrawal(uint32 account, address token, uint256 amount, address recipient)
        external
        returns (uint64)
    {
        if (recipient == address(0)) revert ZeroReceiver();
        uint8 id = IBridge(bridge).tokenId(token);
        return _append(msg.sender, Messages.forcedWithdrawal(msg.sender, account, id, _amount(amount), recipient));
    }

    /// @inheritdoc IInbox
    function lock(uint32 account) external returns (uint64) {
        return _append(msg.sender, Messages.lock(msg.sender, account));
    }

    /// @inheritdoc IInbox
    function unlock(uint32 account) external returns (uint64) {
        return _append(msg.sender, Messages.unlock(msg.sender, account));
    }

    /// @inheritdoc IInbox
    function refund(uint64 index, address to, uint8 token, uint128 amount, bool locked) external {
        (bool settled, uint64 consumed) = IRollup(rollup).settlement();
        if (!settled) revert NotSettled();
        if (index < consumed) revert DepositConsumed(index, consumed);
        if (index >= _tail.count) revert UnknownMessage(index);
        if (_refunded.get(index)) revert AlreadyRefunded(index);
        bytes24 accumulator = Messages.accumulate(_accumulatorAfter(index), Messages.deposit(to, token, amount, locked));
        if (accumulator != _entries[index].accumulator) revert WrongMessage(index);

        _refunded.set(index);
        emit DepositRefunded(index, to, token, amount);
        IBridge(bridge).refund(token, to, amount);
    }

    /// @inheritdoc IInbox
    function close() external {
        if (msg.sender != rollup) revert NotRollup(msg.sender);
        _tail.closed = true;
        emit Closed(_tail.count);
    }

    /// @inheritdoc IInbox
    function checkpoint(uint64 consumed) external view returns (bytes24, uint64) {
        return (_accumulatorAfter(consumed), _entries[consumed].timestamp);
    }

    /// @inheritdoc IInbox
    function count() external view returns (uint64) {
        return _tail.count;
    }

    /// @inheritdoc IInbox
    function closed() external view returns (bool) {
        return _tail.closed;
    }

    /// @inheritdoc IInbox
    function refunded(uint64 index) external view returns (bool) {
        return _refunded.get(index);
    }

    function _append(address account, bytes memory message) private returns (uint64 index) {
        Tail memory tail = _tail;
        if (tail.closed) revert InboxClosed();

        index = tail.count;
        tail.accumulator = Messages.accumulate(tail.accumulator, message);
        tail.count += 1;
        _tail = tail;
        _entries[index] = Entry(tail.accumulator, uint64(block.timestamp));

        emit MessageSent(index, account, msg.sender, tail.accumulator, message);
    }

    function _accumulatorAfter(uint64 messages) private view returns (bytes24) {
        if (messages == 0) return 0;
        Entry memory entry = _entries[messages - 1];
        // An appended message has a timestamp: zero is an empty word, not a moment that can be missed.
        // slither-disable-next-line incorrect-equality
        if (entry.timestamp == 0) revert UnknownMessage(messages - 1);
        return entry.accumulator;
    }

    function _checkReceiver(address to, bool lock_) private view {
        if (to == address(0)) revert ZeroReceiver();
        if (lock_ && to != msg.sender) revert LockOfAnother(to, msg.sender);
    }

    function _amount(uint256 amount) private pure returns (uint128) {
        if (amount == 0) revert ZeroAmount();
        if (amount > type(uint128).max) revert AmountTooLarge(amount);
        return uint128(amount);
    }
}
