// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {Weird, WeirdToken} from "./Weird.sol";

/// @title Balances grow and shrink without transfers
contract Rebasing is WeirdToken {
    uint256 private percent = 100;
    bool private onTransfer;

    function rebase(uint256 percent_, bool onTransfer_) external {
        (percent, onTransfer) = (percent_, onTransfer_);
    }

    function balanceOf(address account_) public view override returns (uint256) {
        return super.balanceOf(account_) * percent / 100;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value * 100 / percent);
        if (onTransfer) percent += 5;
    }
}

/// @dev Harmless: what it grows by belongs to nobody, what it shrinks by is missed by those who come last; custody of others is apart.
contract RebasingTest is Weird {
    function make() internal override returns (address) {
        return address(new Rebasing());
    }

    function test_growthStaysInTheBridge() public {
        deposit(AMOUNT);
        Rebasing(weird).rebase(200, false);
        paysAll(claimBetween(AMOUNT));
        vm.assertEq(bridge.custody(weird), 0);
        vm.assertEq(Rebasing(weird).balanceOf(address(bridge)), AMOUNT);
    }

    function test_whatItCanStillPayIsPaid() public {
        deposit(AMOUNT);
        Rebasing(weird).rebase(50, false);
        paysAll(claimBetween(AMOUNT / 2));
        vm.assertEq(bridge.custody(weird), AMOUNT / 2);
    }

    function test_whatItCannotPayFailsAloneAndIsPaidOnceItGrows() public {
        deposit(AMOUNT);
        Rebasing(weird).rebase(50, false);
        Claim memory made = claimBetween(AMOUNT);
        failsAlone(made);
        Rebasing(weird).rebase(100, false);
        vm.assertEq(send(made), 1);
        vm.assertEq(Rebasing(weird).balanceOf(alice), AMOUNT);
    }

    /// @dev Refused: the bridge cannot tell the receipt from the growth.
    function test_depositsThatRebaseAreRefused() public {
        deposit(AMOUNT);
        fund(AMOUNT);
        Rebasing(weird).rebase(100, true);
        depositReverts(abi.encodeWithSelector(IBridge.WrongReceipt.selector, AMOUNT, AMOUNT + 2 * AMOUNT * 5 / 100));
    }

    function test_paymentsThatRebaseFailAlone() public {
        deposit(AMOUNT);
        Claim memory made = claimBetween(AMOUNT / 2);
        Rebasing(weird).rebase(100, true);
        failsAlone(made);
    }
}
