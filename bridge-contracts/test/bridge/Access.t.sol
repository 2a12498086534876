// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {System} from "../base/System.sol";

/// @title What only the inbox, or the bridge itself, may call
contract AccessTest is System {
    function setUp() public override {
        super.setUp();
        depositEth(alice, 5);
        depositToken(alice, 7);
    }

    function testFuzz_depositEthIsForTheInbox(address caller) public {
        vm.assume(caller != address(inbox));
        vm.deal(caller, 1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotInbox.selector, caller));
        vm.prank(caller);
        bridge.depositEth{value: 1}();
    }

    function testFuzz_depositTokenIsForTheInbox(address caller) public {
        vm.assume(caller != address(inbox));
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotInbox.selector, caller));
        vm.prank(caller);
        bridge.depositToken(address(token), caller, 1);
    }

    function testFuzz_refundIsForTheInbox(address caller) public {
        vm.assume(caller != address(inbox));
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotInbox.selector, caller));
        vm.prank(caller);
        bridge.refund(0, caller, 5);
    }

    function testFuzz_payIsForTheBridge(address caller) public {
        vm.assume(caller != address(bridge));
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotBridge.selector, caller));
        vm.prank(caller);
        bridge.pay(address(0), caller, 5);
    }

    function test_theInboxDepositsAndRefunds() public {
        vm.deal(address(inbox), 3);
        vm.startPrank(address(inbox));
        bridge.depositEth{value: 3}();
        vm.assertEq(bridge.custody(address(0)), 8);
        bridge.refund(tokenId, bob, 7);
        vm.stopPrank();
        vm.assertEq(token.balanceOf(bob), 7);
        vm.assertEq(bridge.custody(address(token)), 0);
    }

    function test_neverPaysMoreThanCustody() public {
        token.mint(address(bridge), 100);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        vm.prank(address(inbox));
        bridge.refund(tokenId, bob, 8);
    }

    function test_refundOfAnUnassignedNumberReverts() public {
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnknownToken.selector, 2));
        vm.prank(address(inbox));
        bridge.refund(2, bob, 1);
    }
}
