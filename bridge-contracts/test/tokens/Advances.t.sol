// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {Withdrawal} from "../../contracts/libraries/States.sol";
import {Advances} from "../base/Advances.sol";
import {FeeOnTransfer} from "./Fees.t.sol";
import {Hook, HookedToken} from "./Hooked.sol";
import {WeirdToken} from "./Weird.sol";

/// @title Advances in weird tokens
contract WeirdAdvancesTest is Advances {
    uint128 private constant AMOUNT = 1000;

    /// @dev The recipient would get less than it agreed to.
    function test_aFeeOnTransferIsRefused() public {
        WeirdToken weird = new FeeOnTransfer();
        Advance memory made = prepared(weird, bob);
        vm.expectRevert(
            abi.encodeWithSelector(IBridge.WrongReceipt.selector, AMOUNT - 10, AMOUNT - 10 - (AMOUNT - 10) / 10)
        );
        send(made);
        vm.assertEq(bridge.advancedBy(made.withdrawal), address(0));
    }

    /// @dev A recipient that is told of the transfer passes the tokens on at once: it does not have them, so nobody can say that it was paid.
    function test_aRecipientThatKeepsNothingIsRefused() public {
        (HookedToken weird, Hook hook) = hooked();
        Advance memory made = prepared(weird, address(hook));
        hook.setUp(address(weird), 0, abi.encodeCall(weird.transfer, (bob, 1)));
        vm.expectRevert(abi.encodeWithSelector(IBridge.WrongReceipt.selector, AMOUNT - 10, AMOUNT - 11));
        send(made);
        vm.assertEq(weird.balanceOf(bob), 0);
    }

    function test_anAdvanceWithinAnAdvanceIsRefused() public {
        (HookedToken weird, Hook hook) = hooked();
        Advance memory made = prepared(weird, address(hook));
        hook.setUp(
            address(bridge),
            0,
            abi.encodeCall(bridge.advance, (made.withdrawal, made.fee, made.deadline, made.signature))
        );
        send(made);
        vm.assertEq(hook.calls(), 1);
        vm.assertTrue(hook.failure() == bytes4(keccak256("ReentrancyGuardReentrantCall()")));
        vm.assertEq(weird.balanceOf(address(hook)), AMOUNT - 10);
    }

    function hooked() private returns (HookedToken weird, Hook hook) {
        weird = new HookedToken();
        hook = new Hook(weird, address(bridge));
    }

    function prepared(WeirdToken weird, address recipient) private returns (Advance memory) {
        vm.prank(address(timelock));
        uint8 id = bridge.listToken(address(weird));
        weird.mint(pool, AMOUNT);
        vm.prank(pool);
        weird.approve(address(bridge), AMOUNT);
        return consent(Withdrawal(0, signer, recipient, id, AMOUNT), 10);
    }
}
