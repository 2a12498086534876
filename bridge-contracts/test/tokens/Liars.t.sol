// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {Weird, WeirdToken} from "./Weird.sol";

/// @title Lies about the bridge's balance
contract Liar is WeirdToken {
    enum Lie {
        None,
        Constant,
        Falling,
        Credit
    }

    Lie private lie;
    address private immutable about;
    uint256 private told = 1_000_000;

    constructor(address about_) {
        about = about_;
    }

    function tell(Lie lie_) external {
        lie = lie_;
    }

    function balanceOf(address account_) public view override returns (uint256) {
        return account_ == about && lie != Lie.None ? told : super.balanceOf(account_);
    }

    /// @dev `Credit` says that the funds arrived, and leaves them with the sender.
    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (lie == Lie.Falling) told -= 1;
        if (lie != Lie.Credit) return super.transferFrom(from, to, amount);
        told += amount;
        return true;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (lie == Lie.Credit) told -= amount;
        if (lie == Lie.Falling) told += 1;
        return super.transfer(to, amount);
    }
}

/// @dev Harmless: whatever it says of itself changes the custody of itself alone.
contract LiarTest is Weird {
    function make() internal override returns (address) {
        return address(new Liar(address(bridge)));
    }

    function test_aConstantBalanceIsRefused() public {
        fund(AMOUNT);
        Liar(weird).tell(Liar.Lie.Constant);
        depositReverts(abi.encodeWithSelector(IBridge.WrongReceipt.selector, AMOUNT, 0));
    }

    function test_aFallingBalanceIsRefused() public {
        fund(AMOUNT);
        Liar(weird).tell(Liar.Lie.Falling);
        depositReverts(abi.encodeWithSignature("Panic(uint256)", 0x11));
    }

    function test_paymentsOfAConstantOrRisingBalanceFailAlone() public {
        deposit(AMOUNT);
        Claim memory made = claimBetween(AMOUNT);
        Liar(weird).tell(Liar.Lie.Constant);
        uint256 snapshot = vm.snapshotState();
        failsAlone(made);
        vm.assertTrue(vm.revertToState(snapshot));
        Liar(weird).tell(Liar.Lie.Falling);
        failsAlone(made);
    }

    function test_whatNeverArrivedIsPaidToNobodyAtOthersCost() public {
        Liar(weird).tell(Liar.Lie.Credit);
        deposit(AMOUNT);
        vm.assertEq(bridge.custody(weird), AMOUNT);
        vm.assertEq(bridge.custody(address(token)), 70);
        failsAlone(claimBetween(AMOUNT));
    }
}

/// @dev Harmless: where no code answers, nothing moves.
contract GoneTest is Weird {
    function make() internal override returns (address) {
        return address(new Liar(address(bridge)));
    }

    function test_depositsAreRefused() public {
        fund(AMOUNT);
        vm.etch(weird, "");
        vm.expectRevert(bytes(""));
        vm.prank(alice);
        inbox.depositToken(weird, alice, AMOUNT, false);
        vm.assertEq(bridge.custody(weird), 0);
    }

    function test_paymentsFailAloneAndArePaidIfItComesBack() public {
        deposit(AMOUNT);
        Claim memory made = claimBetween(AMOUNT);
        bytes memory code = weird.code;
        vm.etch(weird, "");
        failsAlone(made);
        vm.etch(weird, code);
        vm.assertEq(send(made), 1);
        vm.assertEq(WeirdToken(weird).balanceOf(alice), AMOUNT);
    }

    function test_forcedWithdrawalsAreTaken() public {
        vm.etch(weird, "");
        inbox.forceWithdrawal(1, weird, 1, alice);
    }
}
