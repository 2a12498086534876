// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../../contracts/libraries/Batches.sol";
import {State, Withdrawal} from "../../contracts/libraries/States.sol";
import {AnyRollup, AnyToken, OpenBridge} from "./StandIns.sol";
import {Proof} from "./Svm.sol";

/// @title A withdrawal is paid once
/// @dev From every content of the bridge's storage, under every final root, whatever the withdrawals at an index are.
contract ClaimOnce is Proof {
    OpenBridge internal bridge;
    address internal token;

    function setUp() external {
        bridge = new OpenBridge(account("inbox"), address(new AnyRollup()), account("governance"));
        token = address(new AnyToken());
        forgetBridge(address(bridge));
        vm.deal(address(bridge), type(uint128).max);
    }

    function check_paidOnce(Withdrawal calldata first, Withdrawal calldata second) external {
        bool paid = bridge.payOnce(first);
        bool paidAgain = bridge.payOnce(second);
        assert(!paid || bridge.claimed(first.index));
        assert(!(paid && paidAgain && first.index == second.index));
    }

    function check_markStays(Withdrawal calldata withdrawal, uint32 index) external {
        bool before = bridge.claimed(index);
        bool paid = bridge.payOnce(withdrawal);
        assert(bridge.claimed(index) == (before || (paid && index == withdrawal.index)));
        assert(!(paid && before && index == withdrawal.index));
    }

    /// @dev Two claims of one index, under two final states that may disagree about all else. The shape of the tree is a loop's bound:
    /// one leaf here, three below.
    function check_claimedOnce(
        Batch calldata batch,
        State memory state,
        Withdrawal memory withdrawal,
        Batch calldata laterBatch,
        State memory laterState,
        Withdrawal memory laterWithdrawal
    ) external {
        (state.withdrawalCount, laterState.withdrawalCount) = (1, 1);
        (withdrawal.index, laterWithdrawal.index) = (0, 0);
        bytes32[] memory none = new bytes32[](0);
        bridge.claim(1, batch, state, only(withdrawal), none);
        try bridge.claim(2, laterBatch, laterState, only(laterWithdrawal), none) {
            assert(false);
        } catch {}
    }

    /// @dev The first leaf, which was claimed before, and the third in one claim; then the third again.
    function check_claimedOnceOfThree(
        Batch calldata batch,
        State memory state,
        Withdrawal memory first,
        Withdrawal memory third,
        bytes32 second,
        bytes32 pair
    ) external {
        vm.assume(bridge.claimed(0));
        (state.withdrawalCount, first.index, third.index) = (3, 0, 2);
        bytes32[] memory siblings = new bytes32[](1);
        siblings[0] = second;
        Withdrawal[] memory list = new Withdrawal[](2);
        (list[0], list[1]) = (first, third);
        assert(bridge.claim(1, batch, state, list, siblings) == 1);
        assert(bridge.claimed(2));

        siblings[0] = pair;
        try bridge.claim(1, batch, state, only(third), siblings) {
            assert(false);
        } catch {}
    }

    function only(Withdrawal memory withdrawal) private pure returns (Withdrawal[] memory list) {
        list = new Withdrawal[](1);
        list[0] = withdrawal;
    }
}
