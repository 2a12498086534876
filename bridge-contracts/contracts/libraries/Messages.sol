// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Encoding and hash chain of inbox messages
/// @dev docs/protocol.md, "Inbox".
library Messages {
    uint8 private constant DEPOSIT = 0;
    uint8 private constant FORCED_WITHDRAWAL = 1;
    uint8 private constant LOCK = 2;
    uint8 private constant UNLOCK = 3;

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
}
