// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {Withdrawal} from "../../contracts/libraries/States.sol";
import {Advances} from "../base/Advances.sol";
import {Caller, Refuser} from "../base/Recipients.sol";

/// @title An account that consents to one hash
contract ContractAccount is IERC1271 {
    bytes32 private agreed;

    function agree(bytes32 hash) external {
        agreed = hash;
    }

    function isValidSignature(bytes32 hash, bytes memory) external view returns (bytes4) {
        return hash == agreed ? this.isValidSignature.selector : bytes4(0);
    }
}

/// @title Advances that pay, and what the claim pays then
contract AdvanceTest is Advances {
    uint128 private constant DEPOSITED = 100 ether;

    function setUp() public override {
        super.setUp();
        depositEth(signer, DEPOSITED);
        depositToken(signer, 1_000_000);
    }

    function testFuzz_paysEthAtOnceAndIsRepaid(uint128 amount, uint128 fee) public {
        amount = uint128(bound(amount, 1, DEPOSITED));
        advanceAndClaim(0, amount, uint128(bound(fee, 0, amount)));
        vm.assertEq(address(bridge).balance, DEPOSITED - amount);
        vm.assertEq(bridge.custody(address(0)), DEPOSITED - amount);
    }

    function testFuzz_paysTokensAtOnceAndIsRepaid(uint128 amount, uint128 fee) public {
        amount = uint128(bound(amount, 1, 1_000_000));
        advanceAndClaim(tokenId, amount, uint128(bound(fee, 0, amount)));
        vm.assertEq(token.balanceOf(address(bridge)), 1_000_000 - amount);
        vm.assertEq(bridge.custody(address(token)), 1_000_000 - amount);
    }

    function test_custodyDoesNotChange() public {
        send(provided(withdrawalOf(0, 10 ether), 1 ether));
        send(provided(withdrawalOf(tokenId, 1000), 10));
        vm.assertEq(bridge.custody(address(0)), DEPOSITED);
        vm.assertEq(address(bridge).balance, DEPOSITED);
        vm.assertEq(bridge.custody(address(token)), 1_000_000);
        vm.assertEq(token.balanceOf(address(bridge)), 1_000_000);
        vm.assertFalse(bridge.claimed(0));
    }

    function test_theLastSecondIsGoodEnough() public {
        Advance memory made = provided(withdrawalOf(0, 5), 1);
        vm.warp(made.deadline);
        send(made);
        vm.assertEq(bob.balance, 4);
    }

    function test_aContractAccountConsents() public {
        ContractAccount account_ = new ContractAccount();
        withdraw(address(account_), bob, 0, 5);
        Advance memory made = provided(withdrawals[0], 1);
        made.signature = "in its own way";
        account_.agree(digestOf(made));
        send(made);
        vm.assertEq(bob.balance, 4);
        vm.assertEq(bridge.advancedBy(made.withdrawal), pool);
    }

    /// @dev One claim of an advanced withdrawal between two that were not: each pays whom it must.
    function test_aClaimPaysAdvancersAndRecipients() public {
        withdrawalOf(0, 10);
        Withdrawal memory advanced = withdrawalOf(0, 100);
        withdrawalOf(0, 1000);
        send(provided(advanced, 7));
        vm.assertEq(bob.balance, 93);

        Claim memory made = prepare(postFinal(), 0, 2);
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalPaid(0, bob, signer, 0, 10);
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalPaid(1, pool, signer, 0, 100);
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalPaid(2, bob, signer, 0, 1000);
        vm.assertEq(send(made), 3);
        vm.assertEq(bob.balance, 93 + 1010);
        vm.assertEq(pool.balance, 100);
    }

    /// @dev Batches fell, and the index means another withdrawal now: that one was not advanced.
    function test_anotherWithdrawalOfTheIndexPaysItsRecipient() public {
        send(provided(withdrawalOf(0, 5), 1));
        withdrawals.pop();
        withdrawalOf(0, 6);
        vm.assertEq(bridge.advancedBy(withdrawals[0]), address(0));
        send(prepare(postFinal(), 0));
        vm.assertEq(bob.balance, 4 + 6);
        vm.assertEq(pool.balance, 0);
    }

    /// @dev Both can be advanced; the one that becomes final is repaid.
    function test_twoWithdrawalsOfOneIndexAreApart() public {
        send(provided(withdrawalOf(0, 5), 1));
        withdrawals.pop();
        Withdrawal memory second = withdrawalOf(0, 60);
        send(provided(second, 2));
        vm.assertEq(bob.balance, 4 + 58);
        send(prepare(postFinal(), 0));
        vm.assertEq(pool.balance, 60);
    }

    /// @dev The withdrawal fell and was made again as it was: it was advanced already.
    function test_theSameWithdrawalMadeAgainIsTheAdvancers() public {
        Withdrawal memory withdrawal = withdrawalOf(0, 5);
        uint64 number = post();
        send(provided(withdrawal, 1));
        revertFrom(number);
        stake(operator);
        send(prepare(postFinal(), 0));
        vm.assertEq(bob.balance, 4);
        vm.assertEq(pool.balance, 5);
    }

    /// @dev An advancer that cannot be paid is in nobody's way, and the claim can be made again.
    function test_anAdvancerThatRefusesStopsNobody() public {
        Refuser refuser = new Refuser();
        Withdrawal memory advanced = withdrawalOf(0, 5);
        withdrawalOf(0, 7);
        Advance memory made = consent(advanced, 1);
        vm.deal(address(refuser), 4);
        vm.prank(address(refuser));
        bridge.advance{value: 4}(made.withdrawal, made.fee, made.deadline, made.signature);

        Claim memory claim = prepare(postFinal(), 0, 1);
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalFailed(0, address(refuser), 0, 5);
        vm.assertEq(send(claim), 1);
        vm.assertFalse(bridge.claimed(0));
        refuser.accept();
        vm.assertEq(send(claim), 1);
        vm.assertEq(address(refuser).balance, 5);
        vm.assertEq(bob.balance, 4 + 7);
    }

    /// @dev The recipient gets control while it is paid. The advance stands by then, and neither a claim nor another advance gets in.
    function test_theRecipientCannotGetInBetween() public {
        Caller caller = new Caller();
        withdraw(signer, address(caller), 0, 5);
        uint64 number = postFinal();
        Claim memory claim = prepare(number, 0);
        Advance memory made = provided(withdrawals[0], 1);
        bytes memory claimCall =
            abi.encodeCall(bridge.claim, (claim.number, claim.batch, claim.state, claim.withdrawals, claim.siblings));
        bytes memory advanceCall =
            abi.encodeCall(bridge.advance, (made.withdrawal, made.fee, made.deadline, made.signature));
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 2; ++i) {
            caller.setUp(address(bridge), i == 0 ? 0 : 4, i == 0 ? claimCall : advanceCall);
            send(made);
            vm.assertTrue(caller.called());
            vm.assertTrue(caller.failure() == bytes4(keccak256("ReentrancyGuardReentrantCall()")));
            vm.assertEq(bridge.advancedBy(made.withdrawal), pool);
            vm.assertTrue(vm.revertToState(snapshot));
        }
    }

    /// @dev The marks of an index are its own: claimed and advanced, in any word.
    function testFuzz_marksAreApart(uint32 index, uint32 other) public {
        vm.assume(index != other);
        Withdrawal memory withdrawal = Withdrawal(index, signer, bob, 0, 5);
        send(provided(withdrawal, 1));
        vm.assertEq(bridge.advancedBy(withdrawal), pool);
        vm.assertFalse(bridge.claimed(index));
        vm.assertFalse(bridge.claimed(other));
        withdrawal.index = other;
        vm.assertEq(bridge.advancedBy(withdrawal), address(0));
    }

    function advanceAndClaim(uint8 id, uint128 amount, uint128 fee) private {
        Advance memory made = provided(withdrawalOf(id, amount), fee);
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalAdvanced(0, pool, signer, bob, id, amount, fee);
        send(made);
        vm.assertEq(held(bob, id), amount - fee);
        vm.assertEq(held(pool, id), 0);
        vm.assertEq(bridge.advancedBy(made.withdrawal), pool);

        Claim memory claim = prepare(postFinal(), 0);
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalPaid(0, pool, signer, id, amount);
        vm.assertEq(send(claim), 1);
        vm.assertEq(held(bob, id), amount - fee);
        vm.assertEq(held(pool, id), amount);
        vm.expectRevert(IBridge.NothingPaid.selector);
        send(claim);
    }

    function withdrawalOf(uint8 id, uint128 amount) private returns (Withdrawal memory) {
        return withdrawals[withdraw(signer, bob, id, amount)];
    }

    function provided(Withdrawal memory withdrawal, uint128 fee) private returns (Advance memory made) {
        made = consent(withdrawal, fee);
        provide(made);
    }

    function held(address holder, uint8 id) private view returns (uint256) {
        return id == 0 ? holder.balance : token.balanceOf(holder);
    }
}
