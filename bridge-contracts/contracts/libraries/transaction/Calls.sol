// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fault, InvalidTransaction} from "./Faults.sol";
import {Words} from "./Words.sol";

/// @notice What a wallet transaction asks for.
enum Kind {
    /// Pay one recipient on L2.
    Transfer,
    /// Take out to an address on L1.
    Withdraw,
    /// Pay 1 to 64 recipients on L2, all or none.
    Payout
}

/// @notice Who gets how much, in the token's smallest unit.
struct Payment {
    address recipient;
    uint128 amount;
}

/// @notice What a wallet transaction calls, beside its data.
struct Call {
    address to;
    /// Wei.
    uint128 value;
    uint64 gasLimit;
}

/// @notice What a call means.
struct Intent {
    Kind kind;
    /// The token's address on L1; zero for ETH.
    address token;
    /// In the order of the call; one unless it is a payout.
    Payment[] payments;
}

/// @title The calls that mean something
/// @dev docs/protocol.md, "Wallet transactions". As `protocol/src/transaction/calls.rs` does it.
library Calls {
    address private constant WITHDRAW_PREDEPLOY = 0x5350000000000000000000000000000000000001;
    address private constant PAYOUT_PREDEPLOY = 0x5350000000000000000000000000000000000002;

    /// `transfer(address recipient, uint256 amount)`, at the token's address on L1.
    bytes4 private constant TRANSFER = 0xa9059cbb;
    /// `withdraw(address recipient)`
    bytes4 private constant WITHDRAW = 0x51cff8d9;
    /// `withdrawToken(address token, uint256 amount, address recipient)`
    bytes4 private constant WITHDRAW_TOKEN = 0x3ccdbb28;
    /// `payout((address recipient, uint256 amount)[] payees)`
    bytes4 private constant PAYOUT = 0x138d37c2;
    /// `payoutToken(address token, (address recipient, uint256 amount)[] payees)`
    bytes4 private constant PAYOUT_TOKEN = 0x80acd632;

    uint256 private constant MEMO_BYTES_MAX = 256;
    uint256 private constant PAYEES_MAX = 64;

    uint256 private constant TRANSFER_ETH_GAS = 21_000;
    uint256 private constant TRANSFER_TOKEN_GAS = 30_000;
    uint256 private constant WITHDRAW_GAS = 60_000;
    uint256 private constant PAYOUT_BASE_GAS = 21_000;
    uint256 private constant PAYOUT_GAS_PER_RECIPIENT = 12_000;

    /// @notice Says what a call means, and checks that its gas limit is enough for that.
    function read(Call memory call, bytes calldata data) internal pure returns (Intent memory intent) {
        uint256 gas;
        if (call.to == WITHDRAW_PREDEPLOY) gas = _readWithdraw(intent, call.value, data);
        else if (call.to == PAYOUT_PREDEPLOY) gas = _readPayout(intent, call.value, data);
        else gas = _readTransfer(intent, call, data);
        if (call.gasLimit < gas) revert InvalidTransaction(Fault.IntrinsicGasTooLow);
    }

    /// @dev Any `to` but a predeploy: a token's `transfer`, or a transfer of ETH. Returns the gas, as the functions below do.
    function _readTransfer(Intent memory intent, Call memory call, bytes calldata data) private pure returns (uint256) {
        intent.kind = Kind.Transfer;
        // The conversion fills up with zeros, and the selector does not end with one.
        if (bytes4(data) != TRANSFER) {
            _checkMemo(data);
            _single(intent, call.to, call.value);
            return TRANSFER_ETH_GAS;
        }
        _requireNoValue(call.value);
        if (call.to == address(0)) revert InvalidTransaction(Fault.TokenIsZero);
        intent.token = call.to;
        (address recipient, bytes calldata rest) = Words.address_(data[4:]);
        uint128 amount;
        (amount, rest) = Words.amount(rest);
        _checkMemo(rest);
        _single(intent, recipient, amount);
        return TRANSFER_TOKEN_GAS;
    }

    /// @dev A call of the withdraw predeploy.
    function _readWithdraw(Intent memory intent, uint128 value, bytes calldata data) private pure returns (uint256) {
        intent.kind = Kind.Withdraw;
        bytes4 selector = bytes4(data);
        if (selector != WITHDRAW && selector != WITHDRAW_TOKEN) revert InvalidTransaction(Fault.UnknownWithdrawCall);
        bytes calldata rest = data[4:];
        uint128 amount = value;
        if (selector == WITHDRAW_TOKEN) {
            _requireNoValue(value);
            (intent.token, rest) = Words.token(rest);
            (amount, rest) = Words.amount(rest);
        }
        address recipient;
        (recipient, rest) = Words.address_(rest);
        Words.end(rest);
        _single(intent, recipient, amount);
        return WITHDRAW_GAS;
    }

    /// @dev A call of the payout predeploy.
    function _readPayout(Intent memory intent, uint128 value, bytes calldata data) private pure returns (uint256) {
        intent.kind = Kind.Payout;
        bytes4 selector = bytes4(data);
        if (selector != PAYOUT && selector != PAYOUT_TOKEN) revert InvalidTransaction(Fault.UnknownPayoutCall);
        bytes calldata rest = data[4:];
        if (selector == PAYOUT) {
            rest = Words.offset(rest, 32);
        } else {
            _requireNoValue(value);
            (intent.token, rest) = Words.token(rest);
            rest = Words.offset(rest, 64);
        }
        uint256 sum = _readPayees(intent, rest);
        if (selector == PAYOUT && sum != value) revert InvalidTransaction(Fault.PayoutSumMismatch);
        return PAYOUT_BASE_GAS + PAYOUT_GAS_PER_RECIPIENT * intent.payments.length;
    }

    /// @dev The array of payees, from its length on. Nothing may follow. Returns the sum of the amounts.
    function _readPayees(Intent memory intent, bytes calldata rest) private pure returns (uint256 sum) {
        uint256 count;
        (count, rest) = Words.word(rest);
        if (count == 0 || count > PAYEES_MAX) revert InvalidTransaction(Fault.PayeeCount);
        Payment[] memory payments = new Payment[](count);
        for (uint256 i = 0; i < count; ++i) {
            Payment memory payment = payments[i];
            (payment.recipient, rest) = Words.address_(rest);
            (payment.amount, rest) = Words.amount(rest);
            unchecked {
                sum += payment.amount;
            }
            if (sum > type(uint128).max) revert InvalidTransaction(Fault.PayoutSumTooLarge);
        }
        Words.end(rest);
        intent.payments = payments;
    }

    function _single(Intent memory intent, address recipient, uint128 amount) private pure {
        intent.payments = new Payment[](1);
        intent.payments[0] = Payment(recipient, amount);
    }

    function _requireNoValue(uint128 value) private pure {
        if (value != 0) revert InvalidTransaction(Fault.ValueWithToken);
    }

    function _checkMemo(bytes calldata memo) private pure {
        if (memo.length > MEMO_BYTES_MAX) revert InvalidTransaction(Fault.MemoTooLong);
    }
}
