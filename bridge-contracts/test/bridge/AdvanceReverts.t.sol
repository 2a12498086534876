// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {Withdrawal} from "../../contracts/libraries/States.sol";
import {Advances} from "../base/Advances.sol";
import {Refuser} from "../base/Recipients.sol";

/// @title Advances that are refused, and leave no trace
contract AdvanceRevertsTest is Advances {
    function setUp() public override {
        super.setUp();
        depositEth(signer, 1000);
        depositToken(signer, 1000);
        withdraw(signer, bob, 0, 100);
        withdraw(signer, bob, tokenId, 100);
        vm.deal(pool, 1000);
    }

    function test_revertsAfterTheDeadline() public {
        Advance memory made = consent(withdrawals[0], 1);
        vm.warp(made.deadline + 1);
        reverts(made, abi.encodeWithSelector(IBridge.Expired.selector, made.deadline));
    }

    function testFuzz_revertsForAFeeAboveTheAmount(uint128 fee) public {
        fee = uint128(bound(fee, 101, type(uint128).max));
        Advance memory made = consent(withdrawals[0], fee);
        vm.expectRevert(abi.encodeWithSelector(IBridge.FeeTooHigh.selector, fee, 100));
        vm.prank(pool);
        bridge.advance(made.withdrawal, fee, made.deadline, made.signature);
    }

    function test_revertsIfClaimed() public {
        send(prepare(postFinal(), 0));
        reverts(consent(withdrawals[0], 1), abi.encodeWithSelector(IBridge.AlreadyClaimed.selector, 0));
    }

    /// @dev Whatever else had the index.
    function test_revertsIfAnotherOfTheIndexWasClaimed() public {
        send(prepare(postFinal(), 0));
        Withdrawal memory other = withdrawals[0];
        other.amount = 50;
        reverts(consent(other, 1), abi.encodeWithSelector(IBridge.AlreadyClaimed.selector, 0));
    }

    function test_revertsIfAdvanced() public {
        send(consent(withdrawals[0], 1));
        reverts(consent(withdrawals[0], 2), abi.encodeWithSelector(IBridge.AlreadyAdvanced.selector, 0, pool));
    }

    function test_revertsForWhoWouldPayThemselves() public {
        for (uint256 i = 0; i < 2; ++i) {
            Withdrawal memory own = withdrawals[i];
            own.recipient = pool;
            reverts(consent(own, 1), abi.encodeWithSelector(IBridge.NothingToAdvance.selector, pool));
        }
    }

    function test_revertsForTheBridgeAsRecipient() public {
        for (uint256 i = 0; i < 2; ++i) {
            Withdrawal memory stuck = withdrawals[i];
            stuck.recipient = address(bridge);
            reverts(consent(stuck, 1), abi.encodeWithSelector(IBridge.NothingToAdvance.selector, address(bridge)));
        }
    }

    /// @dev Whatever is changed after it was signed.
    function testFuzz_revertsForAnotherConsent(uint256 field, uint64 change) public {
        Advance memory made = consent(withdrawals[0], 1);
        change = uint64(bound(change, 1, 50));
        field = bound(field, 0, 6);
        address account_ = signer;
        if (field == 0) made.withdrawal.index += uint32(change);
        if (field == 1) account_ = made.withdrawal.account = address(uint160(signer) + change);
        if (field == 2) made.withdrawal.recipient = address(uint160(bob) + change);
        if (field == 3) made.withdrawal.token = tokenId;
        if (field == 4) made.withdrawal.amount += change;
        if (field == 5) made.fee += change;
        if (field == 6) made.deadline += change;
        reverts(made, abi.encodeWithSelector(IBridge.WrongSignature.selector, account_));
    }

    function test_revertsForAnotherKey() public {
        Advance memory made = consent(withdrawals[0], 1);
        made.signature = sign(KEY + 1, made);
        reverts(made, abi.encodeWithSelector(IBridge.WrongSignature.selector, signer));
    }

    function test_revertsForAnotherChain() public {
        Advance memory made = consent(withdrawals[0], 1);
        vm.chainId(block.chainid + 1);
        reverts(made, abi.encodeWithSelector(IBridge.WrongSignature.selector, signer));
    }

    function testFuzz_revertsForAnySignatureOfNobody(bytes calldata signature) public {
        Advance memory made = consent(withdrawals[0], 1);
        made.withdrawal.account = address(0);
        made.signature = signature;
        reverts(made, abi.encodeWithSelector(IBridge.WrongSignature.selector, address(0)));
    }

    function test_revertsForAContractThatHasNoWordForIt() public {
        Advance memory made = consent(withdrawals[0], 1);
        made.withdrawal.account = address(token);
        reverts(made, abi.encodeWithSelector(IBridge.WrongSignature.selector, address(token)));
    }

    function testFuzz_revertsForAnotherValueOfEth(uint256 value) public {
        value = bound(value, 0, 1000);
        vm.assume(value != 99);
        Advance memory made = consent(withdrawals[0], 1);
        reverts(made, value, abi.encodeWithSelector(IBridge.WrongValue.selector, 99, value));
    }

    function testFuzz_revertsForEthWithATokensAdvance(uint256 value) public {
        value = bound(value, 1, 1000);
        reverts(consent(withdrawals[1], 1), value, abi.encodeWithSelector(IBridge.WrongValue.selector, 0, value));
    }

    function testFuzz_revertsForAnUnlistedToken(uint8 id) public {
        id = uint8(bound(id, 2, 255));
        Withdrawal memory other = withdrawals[1];
        other.token = id;
        reverts(consent(other, 1), abi.encodeWithSelector(IBridge.UnknownToken.selector, id));
    }

    function test_revertsWithoutTheTokensOrTheAllowance() public {
        Advance memory made = consent(withdrawals[1], 1);
        bytes4 selector = IERC20Errors.ERC20InsufficientAllowance.selector;
        reverts(made, abi.encodeWithSelector(selector, address(bridge), 0, 99));
        vm.prank(pool);
        token.approve(address(bridge), 99);
        selector = IERC20Errors.ERC20InsufficientBalance.selector;
        reverts(made, abi.encodeWithSelector(selector, pool, 0, 99));
    }

    function test_revertsIfTheRecipientRefuses() public {
        Withdrawal memory refused = withdrawals[0];
        refused.recipient = address(new Refuser());
        reverts(consent(refused, 1), abi.encodeWithSelector(Refuser.Refused.selector));
    }

    function test_revertsIfTheRecipientHasNoReceiver() public {
        Withdrawal memory refused = withdrawals[0];
        refused.recipient = address(token);
        reverts(consent(refused, 1), abi.encodeWithSelector(Errors.FailedCall.selector));
    }

    function reverts(Advance memory made, bytes memory reason) private {
        reverts(made, made.withdrawal.token == 0 ? made.withdrawal.amount - made.fee : 0, reason);
    }

    function reverts(Advance memory made, uint256 value, bytes memory reason) private {
        address advancer = bridge.advancedBy(made.withdrawal);
        vm.expectRevert(reason);
        vm.prank(pool);
        bridge.advance{value: value}(made.withdrawal, made.fee, made.deadline, made.signature);
        vm.assertEq(bridge.advancedBy(made.withdrawal), advancer);
        vm.assertEq(address(bridge).balance, bridge.custody(address(0)));
    }
}
