// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {Claims} from "../base/Claims.sol";
import {Burner, Caller, Heavy, Meter, Refuser, ReturnBomb} from "../base/Recipients.sol";

/// @title Claims in which a payment fails
contract ClaimFailuresTest is Claims {
    function setUp() public override {
        super.setUp();
        depositEth(alice, 1000);
        depositToken(alice, 1000);
    }

    function test_aRefusalInTheMiddleStopsNobody() public {
        Refuser refuser = new Refuser();
        Claim memory made = among(address(refuser));
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalPaid(0, bob, alice, 0, 1);
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalFailed(1, address(refuser), 0, 10);
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalPaid(2, bob, alice, tokenId, 100);
        vm.assertEq(send(made), 2);

        vm.assertTrue(bridge.claimed(0));
        vm.assertFalse(bridge.claimed(1));
        vm.assertTrue(bridge.claimed(2));
        vm.assertEq(bridge.custody(address(0)), 999);
        vm.assertEq(bridge.custody(address(token)), 900);

        refuser.accept();
        vm.assertEq(send(made), 1);
        vm.assertEq(address(refuser).balance, 10);
        vm.assertTrue(bridge.claimed(1));
        vm.assertEq(bridge.custody(address(0)), 989);
    }

    function test_revertsWhenTheOnlyPaymentFails() public {
        withdraw(alice, address(new Refuser()), 0, 5);
        Claim memory made = prepare(postFinal(), 0);
        vm.expectRevert(IBridge.NothingPaid.selector);
        send(made);
    }

    function test_aRecipientThatBurnsItsGasStopsNobody() public {
        vm.assertEq(send(among(address(new Burner()))), 2);
        vm.assertFalse(bridge.claimed(1));
    }

    function test_aReturnBombStopsNobodyAndCostsNoMoreThanItsGas() public {
        Claim memory made = among(address(new ReturnBomb()));
        uint256 before = gasleft();
        vm.assertEq(send(made), 2);
        vm.assertLe(before - gasleft(), bridge.PAYOUT_GAS() + 250_000, "the bomb's data was copied");
        vm.assertFalse(bridge.claimed(1));
    }

    function test_aHeavyRecipientIsPaid() public {
        Heavy heavy = new Heavy();
        vm.assertEq(send(among(address(heavy))), 3);
        vm.assertEq(address(heavy).balance, 10);
    }

    function test_theBridgeItselfIsNoRecipient() public {
        withdraw(alice, address(bridge), 0, 5);
        withdraw(alice, address(bridge), tokenId, 5);
        withdraw(alice, bob, 0, 5);
        vm.assertEq(send(prepare(postFinal(), 0, 2)), 1);
        vm.assertEq(bridge.custody(address(token)), 1000);
        vm.assertEq(bridge.custody(address(0)), 995);
    }

    /// @dev Whoever claims for another cannot make the payment fail by giving it too little gas: either all reverts, or it is paid.
    function testFuzz_littleGasRevertsAllOrPays(uint256 gas) public {
        Heavy heavy = new Heavy();
        withdraw(alice, address(heavy), 0, 5);
        withdraw(alice, bob, 0, 7);
        Claim memory made = prepare(postFinal(), 0, 1);
        gas = bound(gas, 50_000, 1_000_000);
        (bool done,) = address(this).call{gas: gas}(abi.encodeCall(this.sendClaim, (made)));
        vm.assertEq(bridge.claimed(0), done, "the heavy recipient was left out");
        vm.assertEq(bridge.claimed(1), done, "the other recipient was left out");
        vm.assertEq(address(heavy).balance, done ? 5 : 0);
    }

    function test_revertsWithTooLittleGas() public {
        withdraw(alice, bob, 0, 5);
        Claim memory made = prepare(postFinal(), 0);
        vm.expectPartialRevert(IBridge.TooLittleGas.selector);
        this.sendClaim{gas: 330_000}(made);
        vm.assertFalse(bridge.claimed(0));
        this.sendClaim{gas: 450_000}(made);
        vm.assertTrue(bridge.claimed(0));
    }

    /// @dev With the least gas that a claim goes through with, a payment gets as much as with plenty.
    function test_aPaymentGetsItsGasOrNothingIsPaid() public {
        Meter meter = new Meter();
        withdraw(alice, address(meter), 0, 5);
        Claim memory made = prepare(postFinal(), 0);
        uint256 got = meteredWith(meter, made, 5_000_000);
        uint256 low = 300_000;
        uint256 high = 1_000_000;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            if (meteredWith(meter, made, middle) == 0) low = middle;
            else high = middle;
        }
        vm.assertGe(meteredWith(meter, made, high), got, "the payment got less");
        vm.assertGe(got, bridge.PAYOUT_GAS() - 30_000, "the payment got little");
    }

    function test_aClaimWithinAClaimIsRefused() public {
        Caller caller = new Caller();
        Claim memory made = among(address(caller));
        caller.setUp(
            address(bridge),
            0,
            abi.encodeCall(bridge.claim, (made.number, made.batch, made.state, made.withdrawals, made.siblings))
        );
        vm.assertEq(send(made), 3);
        wasRefused(caller);
        vm.assertEq(bridge.custody(address(0)), 989);
    }

    function test_aTokenDepositWithinAClaimIsRefused() public {
        Caller caller = new Caller();
        Claim memory made = among(address(caller));
        caller.setUp(address(inbox), 0, abi.encodeCall(inbox.depositToken, (address(token), address(caller), 1, false)));
        vm.assertEq(send(made), 3);
        wasRefused(caller);
        vm.assertEq(inbox.count(), 2);
    }

    function test_whatIsPaidMayBeDepositedAtOnce() public {
        Caller caller = new Caller();
        Claim memory made = among(address(caller));
        caller.setUp(address(inbox), 10, abi.encodeCall(inbox.depositEth, (address(caller), true)));
        vm.assertEq(send(made), 3);
        vm.assertTrue(caller.succeeded());
        vm.assertEq(inbox.count(), 3);
        vm.assertEq(bridge.custody(address(0)), 999);
        vm.assertEq(address(bridge).balance, 999);
    }

    function test_payingOneselfWithinAClaimIsRefused() public {
        Caller caller = new Caller();
        Claim memory made = among(address(caller));
        caller.setUp(address(bridge), 0, abi.encodeCall(bridge.pay, (address(0), address(caller), 5)));
        vm.assertEq(send(made), 3);
        vm.assertTrue(caller.failure() == IBridge.NotBridge.selector);
        vm.assertEq(address(caller).balance, 10);
    }

    function sendClaim(Claim memory made) external returns (uint256) {
        return send(made);
    }

    /// @dev What the recipient gets of a claim with so much gas; nothing if the claim reverts.
    function meteredWith(Meter meter, Claim memory made, uint256 gas) private returns (uint256 got) {
        uint256 snapshot = vm.snapshotState();
        (bool done,) = address(this).call{gas: gas}(abi.encodeCall(this.sendClaim, (made)));
        vm.assertEq(bridge.claimed(0), done);
        got = meter.gas();
        vm.assertTrue(vm.revertToState(snapshot));
    }

    /// @dev 1 wei to bob, 10 wei to the given recipient, 100 of the token to bob.
    function among(address recipient) private returns (Claim memory) {
        withdraw(alice, bob, 0, 1);
        withdraw(alice, recipient, 0, 10);
        withdraw(alice, bob, tokenId, 100);
        return prepare(postFinal(), 0, 2);
    }

    function wasRefused(Caller caller) private view {
        vm.assertTrue(caller.called());
        vm.assertTrue(caller.failure() == bytes4(keccak256("ReentrancyGuardReentrantCall()")));
    }
}
