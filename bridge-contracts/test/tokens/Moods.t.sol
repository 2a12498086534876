// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {Weird, WeirdToken} from "./Weird.sol";

/// @title A token with a list of those who may not move it
contract Blocklist is WeirdToken {
    error Blocked(address account_);

    mapping(address account_ => bool) public blocked;

    function set(address account_, bool blocked_) external {
        blocked[account_] = blocked_;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (blocked[from]) revert Blocked(from);
        if (blocked[to]) revert Blocked(to);
        super._update(from, to, value);
    }
}

/// @title A token whose decimals an upgrade changes
contract UpgradableDecimals is WeirdToken {
    uint8 private current = 6;

    function upgrade(uint8 decimals_) external {
        current = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return current;
    }
}

/// @title Refuses to transfer nothing
contract NoZero is WeirdToken {
    error Nothing();

    function _update(address from, address to, uint256 value) internal override {
        if (value == 0) revert Nothing();
        super._update(from, to, value);
    }
}

/// @title Any token
contract Plain is WeirdToken {}

/// @dev Harmless: a payment to one that is blocked waits, and no other waits for it.
contract BlocklistTest is Weird {
    function make() internal override returns (address) {
        return address(new Blocklist());
    }

    function test_aBlockedRecipientIsPaidOnceUnblocked() public {
        deposit(AMOUNT);
        Claim memory made = claimBetween(AMOUNT);
        Blocklist(weird).set(alice, true);
        failsAlone(made);
        Blocklist(weird).set(alice, false);
        vm.assertEq(send(made), 1);
        vm.assertEq(IERC20(weird).balanceOf(alice), AMOUNT);
    }

    function test_aBlockedDepositorIsRefused() public {
        fund(AMOUNT);
        Blocklist(weird).set(alice, true);
        depositReverts(abi.encodeWithSelector(Blocklist.Blocked.selector, alice));
    }

    /// @dev The worst a token can do: its own funds are stuck, and only they.
    function test_aBlockedBridgeLosesThatTokenAlone() public {
        deposit(AMOUNT);
        Claim memory made = claimBetween(AMOUNT);
        Blocklist(weird).set(address(bridge), true);
        failsAlone(made);
    }

    function test_aBlockedOwnerExitsToAnotherRecipient() public {
        deposit(AMOUNT);
        uint32 index = open(alice, 0);
        hold(index, weirdId, AMOUNT);
        uint64 number = postFinal();
        escapeNow();
        Blocklist(weird).set(alice, true);
        Exit memory made = prepareExit(number, index, weirdId);
        vm.expectRevert(abi.encodeWithSelector(Blocklist.Blocked.selector, alice));
        send(made);
        made.recipient = account("unblocked");
        vm.prank(alice);
        send(made);
        vm.assertEq(IERC20(weird).balanceOf(made.recipient), AMOUNT);
    }
}

/// @dev Harmless: decimals are read once, and amounts are in the smallest unit ever after.
contract UpgradableDecimalsTest is Weird {
    function make() internal override returns (address) {
        return address(new UpgradableDecimals());
    }

    function testFuzz_aChangeMeansNothing(uint8 decimals) public {
        deposit(AMOUNT);
        uint8 exponent = bridge.baseExponent(weird);
        UpgradableDecimals(weird).upgrade(decimals);
        vm.assertEq(bridge.baseExponent(weird), exponent);
        deposit(AMOUNT);
        vm.assertEq(bridge.custody(weird), 2 * AMOUNT);
        paysAll(claimBetween(2 * AMOUNT));
    }
}

/// @dev Harmless: no amount of zero is ever moved.
contract NoZeroTest is Weird {
    function make() internal override returns (address) {
        return address(new NoZero());
    }

    function test_depositsAndPays() public {
        deposit(AMOUNT);
        paysAll(claimBetween(AMOUNT));
    }
}

/// @dev Harmless: custody stops at 2^128 - 1, whatever the supply.
contract HugeSupplyTest is Weird {
    function make() internal override returns (address) {
        return address(new Plain());
    }

    function testFuzz_custodyStaysBelow128Bits(uint128 first) public {
        first = uint128(bound(first, 1, type(uint128).max - 1));
        fund(type(uint256).max);
        vm.startPrank(alice);
        inbox.depositToken(weird, alice, first, false);
        inbox.depositToken(weird, alice, type(uint128).max - first, false);
        vm.assertEq(bridge.custody(weird), type(uint128).max);
        vm.expectRevert(abi.encodeWithSelector(IBridge.CustodyFull.selector, weird));
        inbox.depositToken(weird, alice, 1, false);
        vm.stopPrank();
    }

    function test_allOfItLeaves() public {
        deposit(type(uint128).max);
        paysAll(claimBetween(type(uint128).max));
        vm.assertEq(bridge.custody(weird), 0);
    }

    /// @dev What was not deposited makes no custody, and no room for payments.
    function test_giftsChangeNothing() public {
        deposit(AMOUNT);
        WeirdToken(weird).mint(address(bridge), type(uint200).max);
        vm.assertEq(bridge.custody(weird), AMOUNT);
        failsAlone(claimBetween(AMOUNT + 1));
    }
}
