// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../interfaces/IBridge.sol";
import {Amounts} from "./Amounts.sol";
import {Limits} from "./Limits.sol";
import {Reader} from "./Reader.sol";

/// @notice What a chunk's bytes can say. `Transfer`, `TransferNew`, `Withdraw` and `Payout` are authorised by their sender.
enum Kind {
    Transfer,
    TransferNew,
    Withdraw,
    Payout,
    Block,
    Inbox
}

/// @notice One payment of a transfer or a payout.
struct Payee {
    /// The account's index; of a new account, the index that it gets.
    uint256 to;
    bool isNew;
    /// A new account's address.
    address recipient;
    uint256 amount;
}

/// @notice A decoded operation. Which fields mean something depends on the kind.
struct Operation {
    Kind kind;
    /// Index of the sender.
    uint256 from;
    uint256 token;
    /// What leaves the sender, the fee apart.
    uint256 amount;
    /// Transfers and payouts: whom it goes to. The array is longer; `payeeCount` of it are this operation's.
    Payee[] payees;
    uint256 payeeCount;
    /// A withdrawal's recipient where it is not the sender's own address; else zero, and `hasRecipient` is false.
    address recipient;
    bool hasRecipient;
    /// A block's seconds since the one before it, and its base fee.
    uint256 elapsed;
    uint256 baseFee;
    /// An inbox operation's target, `isNew` when the message creates the account.
    bool hasTarget;
    uint256 target;
    bool isNew;
}

/// @notice What an operation's bytes depend on.
struct Scope {
    /// Accounts before the operation, at least 1.
    uint256 accountCount;
    /// The base fee of the block before the operation.
    uint256 baseFee;
    IBridge bridge;
    /// Tokens listed, ETH included.
    uint256 tokenCount;
    /// By token, one more than the base exponent; zero when not yet asked for.
    uint256[] exponents;
    /// The account count that a pair's width was last found for, and that width.
    uint256 pairCount;
    uint256 pairWidth;
}

/// @title Operations as bytes
/// @dev docs/protocol.md, "Operations". Total: whatever the bytes are, there is an operation or the cursor has failed.
library Operations {
    using Reader for Reader.Cursor;

    uint256 private constant TRANSFER = 0x80;
    uint256 private constant TOKEN_FLAG = 1;
    uint256 private constant RECIPIENT_FLAG = 2;
    uint256 private constant TARGET_FLAG = 1;
    uint256 private constant LONG_BLOCK = 15;
    uint256 private constant TOKEN_FOLLOWS = 7;

    /// @notice A scope in which no token was asked for.
    function scope(IBridge bridge) internal view returns (Scope memory scope_) {
        scope_.bridge = bridge;
        scope_.tokenCount = bridge.tokenCount();
        scope_.exponents = new uint256[](scope_.tokenCount);
        scope_.exponents[0] = 1 + Amounts.baseExponent(18);
    }

    /// @notice An operation to decode into, again and again.
    function room() internal pure returns (Operation memory operation) {
        operation.payees = new Payee[](Limits.PAYEES);
    }

    /// @notice Decodes the operation that begins at the cursor. If the cursor has failed then, the bytes are no operation.
    function decode(Operation memory operation, Reader.Cursor memory cursor, Scope memory scope_) internal view {
        uint256 first = cursor.take(1);
        if (first & TRANSFER != 0) return _transfer(operation, first, cursor, scope_);
        uint256 flags = first & 0x0f;
        uint256 kind = first >> 4;
        if (kind == 1) _block(operation, flags, cursor, scope_);
        else if (kind == 2 && flags <= TOKEN_FLAG) _transferNew(operation, flags, cursor, scope_);
        else if (kind == 3 && flags <= (TOKEN_FLAG | RECIPIENT_FLAG)) _withdraw(operation, flags, cursor, scope_);
        else if (kind == 4 && flags <= TARGET_FLAG) _inbox(operation, flags, cursor, scope_);
        else if (kind == 5 && flags <= TOKEN_FLAG) _payout(operation, flags, cursor, scope_);
        else cursor.failed = true;
    }

    /// @notice Whether the sender has signed for it.
    function isAuthorised(Operation memory operation) internal pure returns (bool) {
        return operation.kind != Kind.Block && operation.kind != Kind.Inbox;
    }

    /// @notice Gas of an authorised operation.
    function gas(Operation memory operation) internal pure returns (uint256) {
        if (operation.kind == Kind.Withdraw) return Limits.GAS_WITHDRAW;
        if (operation.kind == Kind.Payout) return Limits.GAS_PAYOUT + Limits.GAS_PAYEE * operation.payeeCount;
        return operation.token == 0 ? Limits.GAS_TRANSFER_ETH : Limits.GAS_TRANSFER_TOKEN;
    }

    function _block(Operation memory operation, uint256 flags, Reader.Cursor memory cursor, Scope memory scope_)
        private
        pure
    {
        operation.kind = Kind.Block;
        operation.elapsed = flags;
        operation.baseFee = scope_.baseFee;
        if (flags < LONG_BLOCK) return;
        operation.elapsed = cursor.take(4);
        operation.baseFee = cursor.take(8);
        // The short form would have said the same.
        if (operation.elapsed < LONG_BLOCK && operation.baseFee == scope_.baseFee) cursor.failed = true;
    }

    function _transfer(Operation memory operation, uint256 first, Reader.Cursor memory cursor, Scope memory scope_)
        private
        view
    {
        uint256 count = scope_.accountCount;
        if (scope_.pairCount != count) (scope_.pairCount, scope_.pairWidth) = (count, _pairWidth(count));
        uint256 width = scope_.pairWidth;
        uint256 pair = ((first & 0x0f) << (8 * width)) | cursor.take(width);
        operation.kind = Kind.Transfer;
        operation.from = pair / count;
        if (operation.from >= count) cursor.failed = true;
        uint256 token = (first >> 4) & 7;
        if (token == TOKEN_FOLLOWS) {
            token = cursor.take(1);
            if (token < TOKEN_FOLLOWS) cursor.failed = true;
        }
        operation.token = token;
        uint256 amount = _amount(token, cursor, scope_);
        operation.amount = amount;
        operation.payeeCount = 1;
        Payee memory payee = operation.payees[0];
        payee.to = pair % count;
        payee.isNew = false;
        payee.amount = amount;
    }

    function _transferNew(Operation memory operation, uint256 flags, Reader.Cursor memory cursor, Scope memory scope_)
        private
        view
    {
        operation.kind = Kind.TransferNew;
        operation.from = _index(cursor, scope_.accountCount);
        Payee memory payee = operation.payees[0];
        payee.to = scope_.accountCount;
        payee.isNew = true;
        payee.recipient = address(uint160(cursor.take(20)));
        operation.token = _token(flags, cursor);
        payee.amount = _amount(operation.token, cursor, scope_);
        operation.amount = payee.amount;
        operation.payeeCount = 1;
    }

    function _withdraw(Operation memory operation, uint256 flags, Reader.Cursor memory cursor, Scope memory scope_)
        private
        view
    {
        operation.kind = Kind.Withdraw;
        operation.from = _index(cursor, scope_.accountCount);
        operation.token = _token(flags, cursor);
        operation.amount = _amount(operation.token, cursor, scope_);
        operation.payeeCount = 0;
        operation.hasRecipient = flags & RECIPIENT_FLAG != 0;
        operation.recipient = operation.hasRecipient ? address(uint160(cursor.take(20))) : address(0);
    }

    function _inbox(Operation memory operation, uint256 flags, Reader.Cursor memory cursor, Scope memory scope_)
        private
        pure
    {
        operation.kind = Kind.Inbox;
        operation.hasTarget = flags & TARGET_FLAG != 0;
        if (!operation.hasTarget) return;
        operation.target = cursor.take(_referenceWidth(scope_.accountCount));
        operation.isNew = operation.target == scope_.accountCount;
        if (operation.target > scope_.accountCount) cursor.failed = true;
    }

    function _payout(Operation memory operation, uint256 flags, Reader.Cursor memory cursor, Scope memory scope_)
        private
        view
    {
        operation.kind = Kind.Payout;
        operation.from = _index(cursor, scope_.accountCount);
        operation.token = _token(flags, cursor);
        uint256 payees = cursor.take(1);
        if (payees == 0 || payees > Limits.PAYEES) {
            cursor.failed = true;
            return;
        }
        operation.payeeCount = payees;
        uint256 accountCount = scope_.accountCount;
        uint256 total = 0;
        for (uint256 i = 0; i < payees && !cursor.failed; ++i) {
            Payee memory payee = operation.payees[i];
            payee.to = cursor.take(_referenceWidth(accountCount));
            payee.isNew = payee.to == accountCount;
            if (payee.to > accountCount) cursor.failed = true;
            if (payee.isNew) {
                payee.recipient = address(uint160(cursor.take(20)));
                accountCount += 1;
            }
            payee.amount = _amount(operation.token, cursor, scope_);
            total += payee.amount;
        }
        operation.amount = total;
    }

    /// @dev A reference that cannot mean "new".
    function _index(Reader.Cursor memory cursor, uint256 accountCount) private pure returns (uint256 index) {
        index = cursor.take(_referenceWidth(accountCount));
        if (index >= accountCount) cursor.failed = true;
    }

    function _token(uint256 flags, Reader.Cursor memory cursor) private pure returns (uint256 token) {
        if (flags & TOKEN_FLAG == 0) return 0;
        token = cursor.take(1);
        if (token == 0) cursor.failed = true;
    }

    function _amount(uint256 token, Reader.Cursor memory cursor, Scope memory scope_) private view returns (uint256) {
        if (token >= scope_.tokenCount) {
            cursor.failed = true;
            return 0;
        }
        uint256 code = cursor.take(2);
        uint256 mantissa = cursor.take(Amounts.mantissaBytes(code));
        (uint256 amount, bool valid) = Amounts.decode(code, mantissa, _baseExponent(token, scope_));
        if (!valid) cursor.failed = true;
        return amount;
    }

    /// @dev L1 never changes a listed token, so it is asked once.
    function _baseExponent(uint256 token, Scope memory scope_) private view returns (uint256) {
        uint256 known = scope_.exponents[token];
        if (known == 0) {
            IBridge bridge = scope_.bridge;
            known = 1 + uint256(bridge.baseExponent(bridge.tokenAddress(uint8(token))));
            scope_.exponents[token] = known;
        }
        return known - 1;
    }

    /// @dev Bytes of a reference: the fewest that hold the account count.
    function _referenceWidth(uint256 accountCount) private pure returns (uint256) {
        if (accountCount < 2 ** 8) return 1;
        if (accountCount < 2 ** 16) return 2;
        return accountCount < 2 ** 24 ? 3 : 4;
    }

    /// @dev Bytes of a pair after the four bits in the first byte.
    function _pairWidth(uint256 accountCount) private pure returns (uint256 width) {
        // There are fewer than 2^64 pairs.
        unchecked {
            uint256 left = accountCount * accountCount - 1 >> 4;
            for (; left != 0; left >>= 8) {
                ++width;
            }
        }
    }
}
