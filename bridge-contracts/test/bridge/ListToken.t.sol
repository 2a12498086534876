// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bridge} from "../../contracts/Bridge.sol";
import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {System} from "../base/System.sol";
import {Token} from "../base/Token.sol";

/// @title A contract that is no token
contract NoToken {
    function name() external pure returns (string memory) {
        return "no decimals";
    }
}

/// @title A token whose decimals do not fit a byte
contract WideDecimals {
    function decimals() external pure returns (uint256) {
        return 256;
    }
}

contract ListTokenTest is System {
    function testFuzz_listsWithTheNextNumber(uint8 decimals) public {
        decimals = uint8(bound(decimals, 0, 38));
        Token other = new Token(decimals);
        uint256 exponent = decimals / 2;
        if (decimals >= 6 && decimals - 6 > exponent) exponent = decimals - 6;

        vm.expectEmit(address(bridge));
        emit IBridge.TokenListed(2, address(other), decimals, uint8(exponent));
        vm.prank(address(timelock));
        vm.assertEq(bridge.listToken(address(other)), 2);

        vm.assertEq(bridge.tokenCount(), 3);
        vm.assertEq(bridge.tokenId(address(other)), 2);
        vm.assertEq(bridge.tokenAddress(2), address(other));
        vm.assertEq(bridge.baseExponent(address(other)), exponent);
        vm.assertEq(bridge.custody(address(other)), 0);
    }

    function test_ethIsTokenZero() public view {
        vm.assertEq(bridge.tokenId(address(0)), 0);
        vm.assertEq(bridge.tokenAddress(0), address(0));
        vm.assertEq(bridge.baseExponent(address(0)), 12);
    }

    function test_aNewBridgeListsEth() public {
        vm.expectEmit();
        emit IBridge.TokenListed(0, address(0), 18, 12);
        new Bridge(address(inbox), address(rollup), address(timelock));
    }

    function test_theTimelockListsAfterItsDelay() public {
        Token other = new Token(18);
        bytes memory call = abi.encodeCall(bridge.listToken, (address(other)));
        vm.prank(operator);
        timelock.schedule(address(bridge), 0, call, 0, 0, 1 days);
        vm.warp(block.timestamp + 1 days - 1);
        vm.expectRevert();
        timelock.execute(address(bridge), 0, call, 0, 0);
        vm.warp(block.timestamp + 1);
        timelock.execute(address(bridge), 0, call, 0, 0);
        vm.assertEq(bridge.tokenId(address(other)), 2);
    }

    function testFuzz_revertsForAnyoneElse(address caller) public {
        vm.assume(caller != address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotGovernance.selector, caller));
        vm.prank(caller);
        bridge.listToken(address(token));
    }

    function test_revertsTheSecondTime() public {
        revertsWith(abi.encodeWithSelector(IBridge.AlreadyListed.selector, address(token)), address(token));
    }

    function test_revertsForEth() public {
        revertsWith(abi.encodeWithSelector(IBridge.AlreadyListed.selector, address(0)), address(0));
    }

    function test_revertsWithoutCode() public {
        revertsWith(abi.encodeWithSelector(IBridge.NotAContract.selector, alice), alice);
    }

    function testFuzz_revertsAbove38Decimals(uint8 decimals) public {
        decimals = uint8(bound(decimals, 39, 255));
        address other = address(new Token(decimals));
        revertsWith(abi.encodeWithSelector(IBridge.TooManyDecimals.selector, decimals), other);
    }

    function test_revertsWithoutDecimals() public {
        revertsWith("", address(new NoToken()));
    }

    function test_revertsForDecimalsThatAreNoByte() public {
        revertsWith("", address(new WideDecimals()));
    }

    function test_255TokensFitAndNoMore() public {
        for (uint256 i = 2; i <= 255; ++i) {
            address other = address(new Token(18));
            vm.prank(address(timelock));
            vm.assertEq(bridge.listToken(other), i);
        }
        vm.assertEq(bridge.tokenCount(), 256);
        revertsWith(abi.encodeWithSelector(IBridge.TooManyTokens.selector), address(new Token(18)));
    }

    function revertsWith(bytes memory reason, address listed) private {
        uint256 before = bridge.tokenCount();
        vm.expectRevert(reason);
        vm.prank(address(timelock));
        bridge.listToken(listed);
        vm.assertEq(bridge.tokenCount(), before);
    }
}
