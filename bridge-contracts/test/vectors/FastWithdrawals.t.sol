// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {FastWithdrawals} from "../../contracts/libraries/FastWithdrawals.sol";
import {Withdrawal} from "../../contracts/libraries/States.sol";
import {Vectors} from "./Vectors.sol";

/// @title The digest of whatever contract it is at
contract Digester {
    function digest(Withdrawal calldata withdrawal, uint128 fee, uint64 deadline) external view returns (bytes32) {
        return FastWithdrawals.digest(withdrawal, fee, deadline);
    }
}

contract FastWithdrawalVectorsTest is Vectors {
    struct Consent {
        address account;
        uint128 amount;
        address bridge;
        uint64 deadline;
        uint128 fee;
        uint32 index;
        uint64 l1_chain_id;
        address recipient;
        bytes32 signing_hash;
        uint8 token;
    }

    function test_digests() public {
        load("fast_withdrawals");
        Consent[] memory consents = abi.decode(
            objects(
                ".consents",
                "ConsentJson(address account,uint128 amount,address bridge,uint64 deadline,uint128 fee,uint32 index,uint64 l1_chain_id,address recipient,bytes32 signing_hash,uint8 token)"
            ),
            (Consent[])
        );
        atLeast(consents.length, 11);
        bytes memory code = address(new Digester()).code;
        for (uint256 i = 0; i < consents.length; ++i) {
            Consent memory c = consents[i];
            vm.chainId(c.l1_chain_id);
            vm.etch(c.bridge, code);
            Withdrawal memory withdrawal = Withdrawal(c.index, c.account, c.recipient, c.token, c.amount);
            vm.assertEq(Digester(c.bridge).digest(withdrawal, c.fee, c.deadline), c.signing_hash);
        }
    }
}
