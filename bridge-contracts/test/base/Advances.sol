// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Withdrawal} from "../../contracts/libraries/States.sol";
import {Claims} from "./Claims.sol";

/// @title Advances of withdrawals
/// @dev What is signed is written out here once more, apart from the library, so that a mistake in one shows.
abstract contract Advances is Claims {
    struct Advance {
        Withdrawal withdrawal;
        uint128 fee;
        uint64 deadline;
        bytes signature;
    }

    uint256 internal constant KEY = 0xa11ce;
    /// The account with `KEY`.
    address internal immutable signer = vm.addr(KEY);
    address internal immutable pool = account("pool");

    /// @notice The advance of that withdrawal for that fee, good for an hour, with the signer's consent.
    function consent(Withdrawal memory withdrawal, uint128 fee) internal view returns (Advance memory made) {
        made = Advance(withdrawal, fee, uint64(block.timestamp) + 1 hours, "");
        made.signature = sign(KEY, made);
    }

    function sign(uint256 key, Advance memory made) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digestOf(made));
        return abi.encodePacked(r, s, v);
    }

    function digestOf(Advance memory made) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Spillway Bridge"),
                keccak256("1"),
                block.chainid,
                address(bridge)
            )
        );
        // A struct of words is encoded as its words.
        bytes memory fields = bytes.concat(abi.encode(made.withdrawal), abi.encode(made.fee, made.deadline));
        bytes32 message = keccak256(
            bytes.concat(
                keccak256(
                    "FastWithdrawal(uint32 index,address account,address recipient,uint8 token,uint128 amount,uint128 fee,uint64 deadline)"
                ),
                fields
            )
        );
        return keccak256(bytes.concat(hex"1901", domain, message));
    }

    /// @notice The pool has what the advance takes, and if it is in the token the bridge may have it.
    function provide(Advance memory made) internal returns (uint128 paid) {
        paid = made.withdrawal.amount - made.fee;
        if (made.withdrawal.token == 0) {
            vm.deal(pool, pool.balance + paid);
            return paid;
        }
        token.mint(pool, paid);
        vm.prank(pool);
        token.approve(address(bridge), paid);
    }

    /// @notice The pool advances, with as much ETH as that takes.
    function send(Advance memory made) internal {
        uint256 value = made.withdrawal.token == 0 ? made.withdrawal.amount - made.fee : 0;
        vm.prank(pool);
        bridge.advance{value: value}(made.withdrawal, made.fee, made.deadline, made.signature);
    }
}
