// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Limits of chunks and operations
/// @dev docs/protocol.md, "Limits" and "Gas and fees".
library Limits {
    /// Accounts that a chunk touches, the fee account included.
    uint256 internal constant CHUNK_ACCOUNTS = 112;
    /// Token entries that a chunk touches.
    uint256 internal constant CHUNK_TOKEN_ENTRIES = 512;
    /// Inbox operations of a chunk.
    uint256 internal constant CHUNK_INBOX_OPERATIONS = 32;
    /// Recipients of a payout.
    uint256 internal constant PAYEES = 64;

    uint256 internal constant GAS_TRANSFER_ETH = 21_000;
    uint256 internal constant GAS_TRANSFER_TOKEN = 30_000;
    uint256 internal constant GAS_WITHDRAW = 60_000;
    uint256 internal constant GAS_PAYOUT = 21_000;
    uint256 internal constant GAS_PAYEE = 12_000;
}
