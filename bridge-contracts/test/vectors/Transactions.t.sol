// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Kind} from "../../contracts/libraries/transaction/Calls.sol";
import {Fault, InvalidTransaction} from "../../contracts/libraries/transaction/Faults.sol";
import {Signed, WalletTransactions} from "../../contracts/libraries/transaction/WalletTransactions.sol";
import {Vectors} from "./Vectors.sol";

contract TransactionVectorsTest is Vectors {
    struct Payee {
        uint128 amount;
        address recipient;
    }

    /// Of what the file has, what L1 reads.
    struct Valid {
        address asset;
        uint64 chain_id;
        string intent;
        uint128 max_fee;
        uint64 nonce;
        Payee[] payees;
        bytes raw;
        address sender;
    }

    struct Invalid {
        uint64 chain_id;
        string fault;
        bytes raw;
    }

    /// By the enum `Fault`, which has RLP's faults among the others.
    string[] private faults = [
        "Oversized",
        "TooShort",
        "BlobTransaction",
        "SetCodeTransaction",
        "UnknownType",
        "Rlp/Truncated",
        "Rlp/NonCanonicalLength",
        "Rlp/NonCanonicalByte",
        "Rlp/UnexpectedList",
        "Rlp/ExpectedList",
        "Rlp/TrailingBytes",
        "Rlp/LeadingZero",
        "Rlp/IntegerTooLarge",
        "Rlp/TooFewItems",
        "Rlp/TooManyItems",
        "WrongChain",
        "NonceTooLarge",
        "NonceMax",
        "PriorityFeeTooLarge",
        "FeeTooLarge",
        "GasLimitTooLarge",
        "ContractCreation",
        "ToInvalid",
        "AmountTooLarge",
        "AccessListNotEmpty",
        "Unprotected",
        "LegacyVInvalid",
        "YParityInvalid",
        "ROutOfRange",
        "SOutOfRange",
        "HighS",
        "UnknownWithdrawCall",
        "UnknownPayoutCall",
        "ValueWithToken",
        "CallTooShort",
        "TokenIsZero",
        "AddressHighBytes",
        "OffsetNotCanonical",
        "PayeeCount",
        "PayoutSumTooLarge",
        "CallTrailingBytes",
        "PayoutSumMismatch",
        "MemoTooLong",
        "IntrinsicGasTooLow",
        "NoSender"
    ];

    function setUp() public override {
        load("transactions");
    }

    function test_valid() public view {
        Valid[] memory valid = readValid();
        for (uint256 i = 0; i < valid.length; ++i) {
            Valid memory v = valid[i];
            Signed memory signed = this.decode(v.raw, v.chain_id);
            vm.assertEq(signed.sender, v.sender);
            vm.assertEq(signed.nonce, v.nonce);
            vm.assertEq(uint256(signed.kind), uint256(kind(v.intent)));
            vm.assertEq(signed.token, v.asset);
            vm.assertEq(signed.maxFee, v.max_fee);
            vm.assertEq(signed.payments.length, v.payees.length);
            for (uint256 j = 0; j < v.payees.length; ++j) {
                vm.assertEq(signed.payments[j].recipient, v.payees[j].recipient);
                vm.assertEq(signed.payments[j].amount, v.payees[j].amount);
            }
        }
    }

    function test_invalid() public {
        Invalid[] memory invalid =
            abi.decode(objects(".invalid", "InvalidJson(uint64 chain_id,string error,bytes raw)"), (Invalid[]));
        atLeast(invalid.length, 53);
        for (uint256 i = 0; i < invalid.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(InvalidTransaction.selector, faultOf(invalid[i].fault)));
            this.decode(invalid[i].raw, invalid[i].chain_id);
        }
    }

    /// @dev Whatever is cut off, added or changed: a transaction or the one error, never a panic.
    function testFuzz_anyChangeIsRefusedCleanly(uint256 which, uint256 place, bytes1 change, bytes calldata tail)
        public
        view
    {
        Valid[] memory valid = readValid();
        Valid memory v = valid[which % valid.length];
        place %= v.raw.length;
        requireClean(bytes.concat(v.raw, tail), v.chain_id);
        v.raw[place] ^= change;
        requireClean(v.raw, v.chain_id);
        requireClean(this.prefix(v.raw, place), v.chain_id);
    }

    function testFuzz_anyBytesAreRefusedCleanly(bytes calldata raw, uint64 chainId) public view {
        requireClean(raw, chainId);
        requireClean(bytes.concat(hex"02f8", raw), chainId);
        requireClean(bytes.concat(hex"f8", raw), chainId);
    }

    function prefix(bytes calldata raw, uint256 length) external pure returns (bytes memory) {
        return raw[:length];
    }

    /// @dev External, because the library takes calldata.
    function decode(bytes calldata raw, uint64 chainId) external pure returns (Signed memory) {
        return WalletTransactions.decode(raw, chainId);
    }

    function requireClean(bytes memory raw, uint64 chainId) private view {
        try this.decode(raw, chainId) returns (Signed memory signed) {
            vm.assertTrue(signed.sender != address(0));
            vm.assertTrue(signed.payments.length >= 1 && signed.payments.length <= 64);
        } catch (bytes memory reason) {
            vm.assertEq(reason.length, 36);
            vm.assertEq(bytes32(bytes4(reason)), bytes32(InvalidTransaction.selector));
        }
    }

    function readValid() private view returns (Valid[] memory valid) {
        bytes memory encoded = objects(
            ".valid",
            "ValidJson(address asset,uint64 chain_id,string intent,uint128 max_fee,uint64 nonce,PayeeJson[] payees,bytes raw,address sender)"
            "PayeeJson(uint128 amount,address recipient)"
        );
        valid = abi.decode(encoded, (Valid[]));
        atLeast(valid.length, 15);
    }

    function kind(string memory intent) private pure returns (Kind) {
        bytes32 name = keccak256(bytes(intent));
        if (name == keccak256("transfer")) return Kind.Transfer;
        if (name == keccak256("withdraw")) return Kind.Withdraw;
        vm.assertTrue(name == keccak256("payout"), intent);
        return Kind.Payout;
    }

    function faultOf(string memory name) private view returns (Fault) {
        for (uint256 i = 0; i < faults.length; ++i) {
            if (keccak256(bytes(faults[i])) == keccak256(bytes(name))) return Fault(i);
        }
        revert(name);
    }
}
