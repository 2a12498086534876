// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {System} from "../base/System.sol";

/// @title Golden vectors, as `protocol/` writes them
/// @dev docs/protocol.md, "The vectors". The fields of an object are in alphabetical order, in the file as in the types given here.
abstract contract Vectors is System {
    string internal json;

    function load(string memory name) internal {
        json = vm.readFile(string.concat("../protocol/vectors/", name, ".json"));
    }

    /// @notice The array at `key`, ABI-encoded as an array of structs of that EIP-712 type.
    /// @dev Types are named unlike any struct, because forge would hold one of the same name against the type, wherever it is.
    function objects(string memory key, string memory types) internal view returns (bytes memory) {
        return vm.parseJsonTypeArray(json, key, types);
    }

    /// @notice A file that lost its vectors is no file that agrees.
    function atLeast(uint256 count, uint256 expected) internal pure {
        vm.assertGe(count, expected, "vectors are missing");
    }
}
