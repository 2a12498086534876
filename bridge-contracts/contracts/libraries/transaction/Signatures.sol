// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fault, InvalidTransaction} from "./Faults.sol";
import {Rlp} from "./Rlp.sol";

/// @notice A signature on secp256k1, its numbers in range.
struct Signature {
    /// 27 or 28, as `ecrecover` takes it.
    uint8 v;
    bytes32 r;
    /// The lower of its two values.
    bytes32 s;
}

/// @title The last three items of a wallet transaction, and whose key made them
/// @dev As `protocol/src/transaction/signature.rs` does it.
library Signatures {
    /// The order of secp256k1's group, n.
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    /// Below this, v does not name a chain (EIP-155).
    uint256 private constant PROTECTED_V_MIN = 35;

    /// @notice Reads `v, r, s` of a legacy transaction: `v = 2 * chainId + 35 + yParity`. Nothing may follow.
    function readLegacy(bytes calldata items, uint64 chainId) internal pure returns (Signature memory signature) {
        uint256 v;
        (v, items) = Rlp.integer(items);
        if (v > type(uint128).max) revert InvalidTransaction(Fault.LegacyVInvalid);
        if (v <= 1 || v == 27 || v == 28) revert InvalidTransaction(Fault.Unprotected);
        if (v < PROTECTED_V_MIN) revert InvalidTransaction(Fault.LegacyVInvalid);
        uint256 code = v - PROTECTED_V_MIN;
        if (code >> 1 != chainId) revert InvalidTransaction(Fault.WrongChain);
        _read(items, code & 1, signature);
    }

    /// @notice Reads `yParity, r, s` of a typed transaction. Nothing may follow.
    function readTyped(bytes calldata items) internal pure returns (Signature memory signature) {
        uint256 parity;
        (parity, items) = Rlp.integer(items);
        if (parity > 1) revert InvalidTransaction(Fault.YParityInvalid);
        _read(items, parity, signature);
    }

    /// @notice Who made the signature.
    function recover(bytes32 signingHash, Signature memory signature) internal pure returns (address sender) {
        // Malleability is ruled out where s was read. Without the gas for the precompile this reverts; it is not zero then.
        sender = ecrecover(signingHash, signature.v, signature.r, signature.s);
        if (sender == address(0)) revert InvalidTransaction(Fault.NoSender);
    }

    function _read(bytes calldata items, uint256 parity, Signature memory signature) private pure {
        uint256 r;
        uint256 s;
        (r, items) = Rlp.integer(items);
        if (r == 0 || r >= ORDER) revert InvalidTransaction(Fault.ROutOfRange);
        (s, items) = Rlp.integer(items);
        if (s == 0 || s >= ORDER) revert InvalidTransaction(Fault.SOutOfRange);
        if (s > ORDER / 2) revert InvalidTransaction(Fault.HighS);
        if (items.length != 0) revert InvalidTransaction(Fault.TooManyItems);
        (signature.v, signature.r, signature.s) = (uint8(27 + parity), bytes32(r), bytes32(s));
    }
}
