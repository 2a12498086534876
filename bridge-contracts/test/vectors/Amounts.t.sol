// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Amounts} from "../../contracts/libraries/Amounts.sol";
import {Token} from "../base/Token.sol";
import {Vectors} from "./Vectors.sol";

contract AmountVectorsTest is Vectors {
    struct BaseExponent {
        uint8 base_exponent;
        uint8 decimals;
    }

    function test_baseExponents() public {
        load("amounts");
        BaseExponent[] memory exponents = abi.decode(
            objects(".base_exponents", "BaseExponentJson(uint8 base_exponent,uint8 decimals)"), (BaseExponent[])
        );
        vm.assertEq(exponents.length, uint256(Amounts.MAX_DECIMALS) + 1);
        for (uint256 i = 0; i < exponents.length; ++i) {
            vm.assertEq(Amounts.baseExponent(exponents[i].decimals), exponents[i].base_exponent);
            address listed = address(new Token(exponents[i].decimals));
            vm.prank(address(timelock));
            bridge.listToken(listed);
            vm.assertEq(bridge.baseExponent(listed), exponents[i].base_exponent);
        }
    }
}
