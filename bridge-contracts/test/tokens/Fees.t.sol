// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {Weird, WeirdToken} from "./Weird.sol";

/// @title Each transfer delivers less than was sent
contract FeeOnTransfer is WeirdToken {
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) _burn(to, value / 10);
    }
}

/// @title Each transfer takes more from the sender than was sent
contract FeeOnSender is WeirdToken {
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) _burn(from, value / 10);
    }
}

/// @dev Refused: an account would be credited with more than the bridge received, at the cost of the other depositors.
contract FeeOnTransferTest is Weird {
    function make() internal override returns (address) {
        return address(new FeeOnTransfer());
    }

    function test_depositsAreRefused() public {
        fund(AMOUNT);
        depositReverts(abi.encodeWithSelector(IBridge.WrongReceipt.selector, AMOUNT, AMOUNT - AMOUNT / 10));
    }
}

/// @dev Harmless: deposits arrive whole. A payment would take from other depositors, so it fails, and the funds wait for the fee's end.
contract FeeOnSenderTest is Weird {
    function make() internal override returns (address) {
        return address(new FeeOnSender());
    }

    function test_paymentsFailAlone() public {
        fund(2 * AMOUNT);
        vm.prank(alice);
        inbox.depositToken(weird, alice, AMOUNT, false);
        WeirdToken(weird).mint(address(bridge), AMOUNT);
        failsAlone(claimBetween(100));
    }

    function test_exitsAreRefused() public {
        fund(2 * AMOUNT);
        vm.prank(alice);
        inbox.depositToken(weird, alice, AMOUNT, false);
        uint32 index = open(alice, 0);
        hold(index, weirdId, 100);
        uint64 number = postFinal();
        escapeNow();
        Exit memory made = prepareExit(number, index, weirdId);
        vm.expectRevert(abi.encodeWithSelector(IBridge.WrongPayment.selector, 100, 110));
        send(made);
        vm.assertFalse(bridge.exited(index, weirdId));
    }

    function test_refundsAreRefused() public {
        fund(2 * AMOUNT);
        vm.prank(alice);
        uint64 index = inbox.depositToken(weird, alice, AMOUNT, false);
        WeirdToken(weird).mint(address(bridge), AMOUNT);
        escapeNow();
        vm.expectRevert(abi.encodeWithSelector(IBridge.WrongPayment.selector, AMOUNT, AMOUNT + AMOUNT / 10));
        inbox.refund(index, alice, weirdId, AMOUNT, false);
        vm.assertFalse(inbox.refunded(index));
    }
}
