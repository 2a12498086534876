// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The queue of messages from L1 to the rollup
/// @notice Everyone may append; the rollup consumes in order and cannot skip. Deposits bring funds into the rollup's custody
/// (`IBridge`); the other messages act on the sender's own account. Bytes of the messages: docs/protocol.md, "Inbox".
/// @dev One storage word a message: the first 192 bits of the hash chain after it, and the timestamp of its L1 block.
interface IInbox {
    /// @notice A message was appended.
    /// @param index Its place, from 0.
    /// @param account Whom it concerns: the receiver of a deposit, the sender of the others.
    /// @param sender Who sent it.
    /// @param accumulator The hash chain after it.
    /// @param message Its bytes.
    event MessageSent(
        uint64 indexed index, address indexed account, address indexed sender, bytes24 accumulator, bytes message
    );
    /// @notice A deposit that the rollup never consumed was paid back to its receiver.
    event DepositRefunded(uint64 indexed index, address indexed to, uint8 token, uint128 amount);
    /// @notice The rollup is in escape mode: nothing can be appended any more.
    event Closed(uint64 count);

    /// @notice The rollup is in escape mode and takes no messages. Claims, exits and refunds go on.
    error InboxClosed();
    /// @notice Only the rollup contract may do that.
    error NotRollup(address caller);
    /// @notice A deposit or forced withdrawal of nothing.
    error ZeroAmount();
    /// @notice An amount of 2^128 or more.
    error AmountTooLarge(uint256 amount);
    /// @notice The zero address as receiver: nobody could move the funds.
    error ZeroReceiver();
    /// @notice Only the receiver itself may deposit with the lock, or anyone could lock anyone's account.
    error LockOfAnother(address to, address sender);
    /// @notice The inbox has fewer messages.
    error UnknownMessage(uint64 index);
    /// @notice What was given is not the message at that index.
    error WrongMessage(uint64 index);
    /// @notice Batches are not settled: the rollup is not in escape mode, or a batch is neither final nor fallen yet.
    error NotSettled();
    /// @notice The rollup consumed that deposit: its account holds it.
    error DepositConsumed(uint64 index, uint64 consumed);
    /// @notice That deposit was refunded before.
    error AlreadyRefunded(uint64 index);

    /// @notice Deposits the ETH sent.
    /// @param to The L2 account. It is made if there is none.
    /// @param lock Also locks the account; only for the sender's own.
    /// @return index The message's place.
    function depositEth(address to, bool lock) external payable returns (uint64 index);

    /// @notice Deposits an ERC-20 token. The bridge (not the inbox) needs the allowance.
    /// @param token A listed token.
    /// @param to The L2 account. It is made if there is none.
    /// @param amount In the token's smallest unit, 1 to 2^128 - 1.
    /// @param lock Also locks the account; only for the sender's own.
    /// @return index The message's place.
    function depositToken(address token, address to, uint256 amount, bool lock) external returns (uint64 index);

    /// @notice Takes funds out of the sender's L2 account without the sequencer's help: a withdrawal of at most `amount`, without
    /// a fee, whether the account is locked or not. Has no effect if the account at that index is not the sender's.
    /// @param account The index of the sender's account.
    /// @param token A listed token, or the zero address for ETH.
    /// @param amount At most so much, 1 to 2^128 - 1; what the account holds if that is less.
    /// @param recipient Who is paid on L1.
    /// @return index The message's place.
    function forceWithdrawal(uint32 account, address token, uint256 amount, address recipient)
        external
        returns (uint64 index);

    /// @notice Locks the sender's L2 account, once the rollup consumes the message: then no signed operation moves its funds until it is
    /// unlocked here.
    /// Has no effect if the account at that index is not the sender's.
    function lock(uint32 account) external returns (uint64 index);

    /// @notice Ends the lock of the sender's L2 account. Has no effect if the account at that index is not the sender's.
    function unlock(uint32 account) external returns (uint64 index);

    /// @notice Pays a deposit that the rollup never consumed back to its receiver, once the rollup has escaped and every batch is
    /// final or fallen. Anyone may call it. Reverts if the receiver cannot be paid; it can be tried again.
    /// @param index The message's place.
    /// @param to The receiver in the message.
    /// @param token The token in the message.
    /// @param amount The amount in the message.
    /// @param locked The lock flag in the message.
    function refund(uint64 index, address to, uint8 token, uint128 amount, bool locked) external;

    /// @notice Closes the inbox for good. Only the rollup, when it escapes.
    function close() external;

    /// @notice What a batch that consumes `consumed` messages is checked against.
    /// @return accumulator The hash chain after so many messages.
    /// @return nextTimestamp When the next message was appended, in seconds; 0 if there is none.
    function checkpoint(uint64 consumed) external view returns (bytes24 accumulator, uint64 nextTimestamp);

    /// @notice Messages so far.
    function count() external view returns (uint64);

    /// @notice Whether the inbox is closed.
    function closed() external view returns (bool);

    /// @notice Whether the deposit at that index was refunded.
    function refunded(uint64 index) external view returns (bool);

    /// @notice The contract that holds the funds.
    function bridge() external view returns (address);

    /// @notice The contract that keeps the batches.
    function rollup() external view returns (address);
}
