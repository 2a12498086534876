// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Withdrawal} from "./States.sol";

/// @title What an account signs to have a withdrawal advanced
/// @dev docs/protocol.md, "Fast withdrawals". Typed data of EIP-712, so that wallets show what it says. It names every field of the
/// withdrawal: when batches fall, an index may come to mean another withdrawal, and no consent carries over to that.
library FastWithdrawals {
    bytes32 private constant DOMAIN_TYPE_HASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("Spillway Bridge");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant TYPE_HASH = keccak256(
        "FastWithdrawal(uint32 index,address account,address recipient,uint8 token,uint128 amount,uint128 fee,uint64 deadline)"
    );

    /// @notice The hash that is signed, for the contract that calls this on the chain that it is on.
    function digest(Withdrawal calldata withdrawal, uint128 fee, uint64 deadline) internal view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPE_HASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
        bytes32 message = keccak256(
            abi.encode(
                TYPE_HASH,
                withdrawal.index,
                withdrawal.account,
                withdrawal.recipient,
                withdrawal.token,
                withdrawal.amount,
                fee,
                deadline
            )
        );
        return MessageHashUtils.toTypedDataHash(domain, message);
    }
}
