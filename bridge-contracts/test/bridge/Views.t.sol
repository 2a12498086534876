// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {System} from "../base/System.sol";

contract ViewsTest is System {
    function test_namesTheContractsItWorksFor() public view {
        vm.assertEq(bridge.inbox(), address(inbox));
        vm.assertEq(bridge.rollup(), address(rollup));
        vm.assertEq(bridge.governance(), address(timelock));
        vm.assertEq(bridge.PAYOUT_GAS(), 300_000);
    }

    function testFuzz_tokenIdRevertsForAnUnlistedToken(address other) public {
        vm.assume(other != address(token) && other != address(0));
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotListed.selector, other));
        bridge.tokenId(other);
    }

    function testFuzz_baseExponentRevertsForAnUnlistedToken(address other) public {
        vm.assume(other != address(token) && other != address(0));
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotListed.selector, other));
        bridge.baseExponent(other);
    }

    function testFuzz_tokenAddressRevertsForANumberNotAssigned(uint8 id) public {
        id = uint8(bound(id, 2, 255));
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnknownToken.selector, id));
        bridge.tokenAddress(id);
    }

    function testFuzz_nothingIsPaidBefore(uint32 index, uint8 id, address other) public view {
        vm.assertFalse(bridge.claimed(index));
        vm.assertFalse(bridge.exited(index, id));
        vm.assertEq(bridge.custody(other), 0);
    }

    function test_refusesEthThatIsNoDeposit() public {
        vm.deal(address(this), 1);
        (bool sent,) = address(bridge).call{value: 1}("");
        vm.assertFalse(sent);
    }
}
