// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EvaluationDomain} from "../../contracts/libraries/EvaluationDomain.sol";
import {TrustedSetup} from "../../contracts/libraries/TrustedSetup.sol";
import {Cases} from "./Cases.sol";

/// @title The constants are those that were checked
contract TrustedSetupTest is Cases {
    function test_points() public view {
        vm.assertEq(TrustedSetup.POWERS, vm.parseJsonBytes(json, ".setup[0].powers"));
        vm.assertEq(TrustedSetup.POWER_16, vm.parseJsonBytes(json, ".setup[0].power_16"));
        vm.assertEq(TrustedSetup.NEGATED_GENERATOR, vm.parseJsonBytes(json, ".setup[0].negated_generator"));
    }

    /// @dev All points of a chunk have the same power of 16, and no point of another chunk has it.
    function test_cosets() public pure {
        for (uint256 chunk = 0; chunk < 256; ++chunk) {
            uint256 shift = EvaluationDomain.shift(chunk);
            for (uint256 i = 0; i < 16; ++i) {
                vm.assertEq(sixteenth(EvaluationDomain.point(16 * chunk + i)), shift);
            }
            if (chunk > 0) vm.assertTrue(shift != EvaluationDomain.shift(chunk - 1));
        }
    }

    function sixteenth(uint256 point) private pure returns (uint256 power) {
        power = point;
        for (uint256 i = 0; i < 4; ++i) {
            power = mulmod(power, power, EvaluationDomain.MODULUS);
        }
    }
}
