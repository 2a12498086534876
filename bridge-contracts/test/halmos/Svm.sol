// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../base/Test.sol";

/// @title The cheat codes of halmos that the proofs use
/// @dev A value made here is every value at once.
interface Svm {
    function createAddress(string calldata name) external pure returns (address);
    function createBool(string calldata name) external pure returns (bool);
    function createBytes32(string calldata name) external pure returns (bytes32);
    function createUint(uint256 bits, string calldata name) external pure returns (uint256);
    function createUint256(string calldata name) external pure returns (uint256);
    /// Calls of every function of a contract but those that change nothing.
    function createCalldata(string calldata contractName) external pure returns (bytes memory);
    /// Every content of that contract's storage, but of the words that were written before.
    function enableSymbolicStorage(address target) external;
}

/// @title What every proof inherits
/// @dev Not run by forge: the functions are called `check_`, and only halmos knows `svm`.
abstract contract Proof is Test {
    Svm internal constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));

    /// @notice Every content of a bridge's storage in which ETH is listed: up to 256 tokens, any custody, any marks.
    function forgetBridge(address bridge) internal {
        svm.enableSymbolicStorage(bridge);
        // Slot 0 maps tokens to their records, slot 1 is the length of their list. The constructor wrote both.
        bytes32 eth = keccak256(abi.encode(address(0), uint256(0)));
        uint256 fixedBits = uint256(vm.load(bridge, eth)) >> 128 << 128;
        vm.store(bridge, eth, bytes32(fixedBits | svm.createUint(128, "custodyOfEth")));
        uint256 listed = svm.createUint256("listed");
        vm.assume(listed >= 1 && listed <= 256);
        vm.store(bridge, bytes32(uint256(1)), bytes32(listed));
    }

    /// @dev The word of an argument, counted from 0.
    function wordAt(bytes memory input, uint256 argument) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(input, 36), mul(32, argument)))
        }
    }
}
