// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Payment} from "../../contracts/libraries/transaction/Calls.sol";
import {Test} from "./Test.sol";

/// @title A wallet: signs transactions of type 2
/// @dev Its encoder has nothing in common with the reader that it tests.
abstract contract Wallet is Test {
    struct Draft {
        uint64 chainId;
        uint64 nonce;
        uint128 maxFee;
        uint64 gasLimit;
        address to;
        uint128 value;
        bytes data;
    }

    address internal constant WITHDRAW_PREDEPLOY = 0x5350000000000000000000000000000000000001;
    address internal constant PAYOUT_PREDEPLOY = 0x5350000000000000000000000000000000000002;

    /// @notice The raw transaction.
    function sign(uint256 key, Draft memory draft) internal pure returns (bytes memory) {
        bytes memory items = itemsOf(draft);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(bytes.concat(hex"02", listOf(items))));
        bytes memory signature = bytes.concat(integer(v - 27), integer(uint256(r)), integer(uint256(s)));
        return bytes.concat(hex"02", listOf(bytes.concat(items, signature)));
    }

    function transferCall(address recipient, uint128 amount) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("transfer(address,uint256)", recipient, amount);
    }

    function payoutCall(Payment[] memory payments) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("payout((address,uint256)[])", payments);
    }

    function payoutTokenCall(address token, Payment[] memory payments) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("payoutToken(address,(address,uint256)[])", token, payments);
    }

    function itemsOf(Draft memory draft) private pure returns (bytes memory) {
        // The priority fee is as high as it can be: it counts for nothing but length.
        bytes memory fees = bytes.concat(integer(draft.maxFee), integer(draft.maxFee), integer(draft.gasLimit));
        bytes memory call = bytes.concat(hex"94", bytes20(draft.to), integer(draft.value), item(draft.data));
        return bytes.concat(integer(draft.chainId), integer(draft.nonce), fees, call, hex"c0");
    }

    function integer(uint256 value) private pure returns (bytes memory) {
        bytes memory word = abi.encode(value);
        uint256 zeros = 0;
        while (zeros < 32 && word[zeros] == 0) ++zeros;
        bytes memory significant = new bytes(32 - zeros);
        for (uint256 i = 0; i < significant.length; ++i) {
            significant[i] = word[zeros + i];
        }
        return item(significant);
    }

    function item(bytes memory payload) private pure returns (bytes memory) {
        if (payload.length == 1 && uint8(payload[0]) < 0x80) return payload;
        return bytes.concat(header(0x80, payload.length), payload);
    }

    function listOf(bytes memory items) private pure returns (bytes memory) {
        return bytes.concat(header(0xc0, items.length), items);
    }

    function header(uint8 base, uint256 length) private pure returns (bytes memory) {
        if (length < 56) return abi.encodePacked(uint8(base + length));
        if (length < 256) return abi.encodePacked(base + 56, uint8(length));
        return abi.encodePacked(base + 57, uint16(length));
    }
}
