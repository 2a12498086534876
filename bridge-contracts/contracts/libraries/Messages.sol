// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice A deposit, as its message says it.
struct Deposit {
    address to;
    uint256 token;
    uint256 amount;
    /// Whether it locks the account.
    bool locked;
}

/// @notice A message of an account's owner: a forced withdrawal, a lock or an unlock.
struct ForcedMessage {
    uint256 kind;
    address sender;
    /// Index of the account.
    uint256 account;
    /// Of a forced withdrawal.
    uint256 token;
    uint256 amount;
    address recipient;
}

/// @title Encoding and hash chain of inbox messages
/// @dev docs/protocol.md, "Inbox".
library Messages {
    uint8 private constant DEPOSIT = 0;
    uint8 private constant FORCED_WITHDRAWAL = 1;
    uint8 private constant LOCK = 2;
    uint8 private constant UNLOCK = 3;

    /// @notice The bytes are no message.
    error MalformedMessage();

    /// @notice A deposit, 39 bytes.
    function deposit(address to, uint8 token, uint128 amount, bool locked) internal pure returns (bytes memory) {
        return abi.encodePacked(DEPOSIT, to, token, amount, locked);
    }

    /// @notice A forced withdrawal, 62 bytes.
    function forcedWithdrawal(address sender, uint32 account, uint8 token, uint128 amount, address recipient)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(FORCED_WITHDRAWAL, sender, account, token, amount, recipient);
    }

    /// @notice A lock of an account, 25 bytes.
    function lock(address sender, uint32 account) internal pure returns (bytes memory) {
        return abi.encodePacked(LOCK, sender, account);
    }

    /// @notice The end of a lock, 25 bytes.
    function unlock(address sender, uint32 account) internal pure returns (bytes memory) {
        return abi.encodePacked(UNLOCK, sender, account);
    }

    /// @notice The chain's value after one more message.
    function accumulate(bytes24 accumulator, bytes memory message) internal pure returns (bytes24) {
        return bytes24(keccak256(abi.encodePacked(accumulator, message)));
    }

    /// @notice Whether a message is a deposit.
    function isDeposit(bytes calldata message) internal pure returns (bool) {
        return message.length != 0 && uint8(message[0]) == DEPOSIT;
    }

    /// @notice Reads a deposit.
    function readDeposit(bytes calldata message) internal pure returns (Deposit memory) {
        if (message.length != 39) revert MalformedMessage();
        return Deposit({
            to: address(bytes20(message[1:21])),
            token: uint8(message[21]),
            amount: uint128(bytes16(message[22:38])),
            locked: message[38] != 0
        });
    }

    /// @notice Reads a message that is no deposit.
    function readForced(bytes calldata message) internal pure returns (ForcedMessage memory read) {
        if (message.length != 25 && message.length != 62) revert MalformedMessage();
        read.kind = uint8(message[0]);
        read.sender = address(bytes20(message[1:21]));
        read.account = uint32(bytes4(message[21:25]));
        if (read.kind > UNLOCK || withdraws(read) != (message.length == 62)) revert MalformedMessage();
        if (!withdraws(read)) return read;
        read.token = uint8(message[25]);
        read.amount = uint128(bytes16(message[26:42]));
        read.recipient = address(bytes20(message[42:62]));
    }

    /// @notice Whether it is a forced withdrawal.
    function withdraws(ForcedMessage memory message) internal pure returns (bool) {
        return message.kind == FORCED_WITHDRAWAL;
    }

    /// @notice Whether it is a lock, given that it is no withdrawal.
    function locks(ForcedMessage memory message) internal pure returns (bool) {
        return message.kind == LOCK;
    }
}
