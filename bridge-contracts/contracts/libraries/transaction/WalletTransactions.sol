// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Call, Calls, Intent, Kind, Payment} from "./Calls.sol";
import {Fault, InvalidTransaction} from "./Faults.sol";
import {Rlp} from "./Rlp.sol";
import {Signature, Signatures} from "./Signatures.sol";

/// @notice What somebody signed.
struct Signed {
    address sender;
    uint64 nonce;
    Kind kind;
    /// The token's address on L1; zero for ETH.
    address token;
    /// The most that the sender pays, in wei a unit of gas: the max fee, or the gas price of types 0 and 1.
    uint128 maxFee;
    /// In the order of the transaction; one unless it is a payout.
    Payment[] payments;
}

/// @title What a wallet signs, from the bytes of a signed Ethereum transaction
/// @dev docs/protocol.md, "Wallet transactions". Read in the order of the bytes, and the first thing wrong decides: `InvalidTransaction`, and
/// nothing else, whatever the bytes. `protocol/src/transaction/` reads the same way, and must: what the sequencer admits, an answer
/// to a challenge must get through here.
library WalletTransactions {
    uint256 private constant BYTES_MAX = 8192;
    /// First bytes from here on are RLP, of a legacy transaction; those below are a type (EIP-2718).
    uint8 private constant RLP_FIRST_BYTE_MIN = 0x80;
    /// With replay protection (EIP-155).
    uint8 private constant LEGACY = 0;
    /// EIP-2930, with an empty access list.
    uint8 private constant ACCESS_LIST = 1;
    /// EIP-1559, with an empty access list.
    uint8 private constant DYNAMIC_FEE = 2;
    uint8 private constant BLOB = 3;
    uint8 private constant SET_CODE = 4;

    /// @notice Reads a signed transaction of the chain with this id.
    function decode(bytes calldata raw, uint64 chainId) internal pure returns (Signed memory signed) {
        (uint8 form, bytes calldata list) = _openEnvelope(raw);
        (Call memory call, bytes calldata rest) = _readFields(form, list, chainId, signed);
        bytes calldata data;
        (data, rest) = Rlp.string_(rest);
        if (form != LEGACY) rest = _checkAccessList(rest);
        Signature memory signature = form == LEGACY ? Signatures.readLegacy(rest, chainId) : Signatures.readTyped(rest);
        _interpret(call, data, signed);
        list = list[:list.length - rest.length];
        signed.sender = Signatures.recover(_signingHash(form, list, chainId), signature);
    }

    /// @notice What an authorised operation and the transaction that authorises it have in common.
    function digest(address sender, uint64 nonce, Kind kind, address token, Payment[] memory payments)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(sender, nonce, kind, token, payments));
    }

    /// @dev The type, and the items of the list.
    function _openEnvelope(bytes calldata raw) private pure returns (uint8 form, bytes calldata list) {
        if (raw.length > BYTES_MAX) revert InvalidTransaction(Fault.Oversized);
        if (raw.length == 0) revert InvalidTransaction(Fault.TooShort);
        form = uint8(raw[0]);
        if (form >= RLP_FIRST_BYTE_MIN) {
            form = LEGACY;
        } else {
            _checkType(form);
            raw = raw[1:];
            if (raw.length == 0) revert InvalidTransaction(Fault.TooShort);
        }
        bytes calldata trailing;
        (list, trailing) = Rlp.list(raw);
        if (trailing.length != 0) revert InvalidTransaction(Fault.TrailingBytes);
    }

    function _checkType(uint8 form) private pure {
        if (form == ACCESS_LIST || form == DYNAMIC_FEE) return;
        if (form == BLOB) revert InvalidTransaction(Fault.BlobTransaction);
        if (form == SET_CODE) revert InvalidTransaction(Fault.SetCodeTransaction);
        revert InvalidTransaction(Fault.UnknownType);
    }

    /// @dev Up to the value.
    function _readFields(uint8 form, bytes calldata items, uint64 chainId, Signed memory signed)
        private
        pure
        returns (Call memory call, bytes calldata rest)
    {
        uint256 value;
        rest = items;
        if (form != LEGACY) {
            (value, rest) = Rlp.integer(rest);
            if (value != chainId) revert InvalidTransaction(Fault.WrongChain);
        }
        (value, rest) = Rlp.integer(rest);
        if (value > type(uint64).max) revert InvalidTransaction(Fault.NonceTooLarge);
        if (value == type(uint64).max) revert InvalidTransaction(Fault.NonceMax);
        signed.nonce = uint64(value);
        if (form == DYNAMIC_FEE) {
            // The sequencer orders by arrival: a priority fee buys nothing and is not charged.
            (value, rest) = Rlp.integer(rest);
            if (value > type(uint128).max) revert InvalidTransaction(Fault.PriorityFeeTooLarge);
        }
        (value, rest) = Rlp.integer(rest);
        if (value > type(uint128).max) revert InvalidTransaction(Fault.FeeTooLarge);
        signed.maxFee = uint128(value);
        (value, rest) = Rlp.integer(rest);
        if (value > type(uint64).max) revert InvalidTransaction(Fault.GasLimitTooLarge);
        call.gasLimit = uint64(value);
        (call.to, rest) = _readTo(rest);
        (value, rest) = Rlp.integer(rest);
        if (value > type(uint128).max) revert InvalidTransaction(Fault.AmountTooLarge);
        call.value = uint128(value);
    }

    function _readTo(bytes calldata items) private pure returns (address to, bytes calldata rest) {
        bytes calldata payload;
        (payload, rest) = Rlp.string_(items);
        if (payload.length == 0) revert InvalidTransaction(Fault.ContractCreation);
        if (payload.length != 20) revert InvalidTransaction(Fault.ToInvalid);
        to = address(bytes20(payload));
    }

    function _checkAccessList(bytes calldata items) private pure returns (bytes calldata rest) {
        bytes calldata entries;
        (entries, rest) = Rlp.list(items);
        if (entries.length != 0) revert InvalidTransaction(Fault.AccessListNotEmpty);
    }

    function _interpret(Call memory call, bytes calldata data, Signed memory signed) private pure {
        Intent memory intent = Calls.read(call, data);
        (signed.kind, signed.token, signed.payments) = (intent.kind, intent.token, intent.payments);
    }

    /// @dev What the sender signed: the items before the signature, under a header of their length.
    function _signingHash(uint8 form, bytes calldata items, uint64 chainId) private pure returns (bytes32) {
        if (form != LEGACY) return keccak256(bytes.concat(bytes1(form), Rlp.listHeader(items.length), items));
        // EIP-155: in the place of v, r, s stand the chain id, zero and zero.
        bytes memory tail = bytes.concat(Rlp.encode(chainId), hex"8080");
        return keccak256(bytes.concat(Rlp.listHeader(items.length + tail.length), items, tail));
    }
}
