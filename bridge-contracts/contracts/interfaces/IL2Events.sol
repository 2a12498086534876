// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What the rollup's nodes log on L2, beside ERC-20's `Transfer`
/// @notice There is no contract behind these events: a node derives them from the blocks, by docs/rpc.md, "Logs". The interface is
/// for whoever decodes them.
/// @dev A token is its address on L1, and zero for ETH. Amounts are in its smallest unit.
interface IL2Events {
    /// @notice Funds left L2 and can be claimed on L1, once the batch is final. By 0x5350000000000000000000000000000000000001,
    /// after the token's `Transfer` to the zero address.
    /// @param index The index under which `IBridge` pays it.
    /// @param account The account that the funds left.
    /// @param recipient Whom L1 pays.
    event Withdrawal(
        uint32 indexed index, address indexed account, address indexed recipient, address token, uint128 amount
    );

    /// @notice A payout paid one of its recipients: one event for each, in their order. By
    /// 0x5350000000000000000000000000000000000002, each after its token's `Transfer`.
    event Payout(address indexed account, address indexed recipient, address indexed token, uint128 amount);

    /// @notice A transfer came with a memo. By 0x5350000000000000000000000000000000000004, after the token's `Transfer`.
    /// @param memoHash The hash of the memo, by which a payment with a known reference is found.
    /// @param memo At most 256 bytes, as they were signed.
    event Memo(
        address indexed from, address indexed to, bytes32 indexed memoHash, address token, uint128 amount, bytes memo
    );

    /// @notice A deposit was credited. By 0x5350000000000000000000000000000000000003, as the two below, after the token's
    /// `Transfer` from the zero address.
    /// @param message The message's index in L1's `IInbox`.
    /// @param lock Whether the account was locked by it.
    event Deposit(uint64 indexed message, address indexed to, address indexed token, uint128 amount, bool lock);

    /// @notice A forced withdrawal was consumed. `Withdrawal` comes before it if it took anything.
    /// @param sender Who asked on L1.
    /// @param recipient Whom L1 pays.
    /// @param account The index of the account that was named.
    /// @param requested What was asked for.
    /// @param amount What was taken: zero if the account is not the sender's, or had nothing.
    event ForcedWithdrawal(
        uint64 indexed message,
        address indexed sender,
        address indexed recipient,
        uint32 account,
        address token,
        uint128 requested,
        uint128 amount
    );

    /// @notice A lock, or the end of one, was consumed.
    /// @param sender Who asked on L1.
    /// @param account The index of the account that was named.
    /// @param locked Which of the two it was.
    /// @param effective Whether the account is the sender's; nothing happened otherwise.
    event Lock(uint64 indexed message, address indexed sender, uint32 account, bool locked, bool effective);
}
