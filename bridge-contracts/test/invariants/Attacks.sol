// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch, BatchHeader} from "../../contracts/libraries/Batches.sol";
import {State, Withdrawal} from "../../contracts/libraries/States.sol";
import {Tree} from "../base/Tree.sol";
import {Payouts} from "./Payouts.sol";

/// @title What must never work
abstract contract Attacks is Payouts {
    /// @notice A claim of a withdrawal with one field changed, which is then in no tree.
    function claimTampered(uint256 which, uint256 field) external counted {
        (bool any, uint32 index) = claimable(which);
        if (!any) return;
        Withdrawal[] memory one_ = new Withdrawal[](1);
        uint256[] memory indices = new uint256[](1);
        one_[0] = withdrawals[index];
        indices[0] = index;
        if (field % 4 == 0) one_[0].recipient = thief;
        if (field % 4 == 1) one_[0].amount += 1;
        if (field % 4 == 2) one_[0].token = (one_[0].token + 1) % TOKENS;
        if (field % 4 == 3) one_[0].index += 1;
        refuse(address(bridge), claimOf(finalNumber, one_, indices));
    }

    /// @notice A claim that names one withdrawal twice, with each sibling twice: a proof that would lead to the root.
    function claimTwiceAtOnce(uint256 which) external counted {
        (bool any, uint32 index) = claimable(which);
        if (!any) return;
        Withdrawal[] memory two = new Withdrawal[](2);
        two[0] = two[1] = withdrawals[index];
        bytes32[] memory siblings = Tree.siblings(leavesBefore(states[finalNumber].withdrawalCount), index);
        bytes32[] memory doubled = new bytes32[](2 * siblings.length);
        for (uint256 i = 0; i < doubled.length; ++i) {
            doubled[i] = siblings[i / 2];
        }
        (Batch memory batch, State memory state) = (batches[finalNumber], states[finalNumber]);
        refuse(address(bridge), abi.encodeCall(bridge.claim, (finalNumber, batch, state, two, doubled)));
    }

    /// @notice A claim against a batch that fell.
    function claimFallen(uint256 which) external counted {
        uint32 count = fallenState.withdrawalCount;
        if (count == 0) return;
        // The batch's own check comes first, so any withdrawal and any proof will do.
        Withdrawal[] memory one_ = new Withdrawal[](1);
        one_[0] = Withdrawal(uint32(which % count), thief, thief, 0, 1);
        bytes32[] memory none = new bytes32[](0);
        refuse(address(bridge), abi.encodeCall(bridge.claim, (fallenNumber, fallen, fallenState, one_, none)));
    }

    /// @notice A claim against a state that the thief made up, under the newest final batch.
    function claimInvented(uint256 amount) external counted {
        if (finalNumber == 0) return;
        State memory state = states[finalNumber];
        Withdrawal[] memory one_ = new Withdrawal[](1);
        one_[0] = Withdrawal(0, thief, thief, 0, uint128(bound(amount, 1, 1e24)));
        bytes32[] memory leaves = new bytes32[](1);
        leaves[0] = this.leaf(one_[0]);
        state.withdrawalsRoot = Tree.root(leaves);
        state.withdrawalCount = 1;
        bytes32[] memory none = new bytes32[](0);
        refuse(address(bridge), abi.encodeCall(bridge.claim, (finalNumber, batches[finalNumber], state, one_, none)));
    }

    /// @notice An exit of another's account to the thief.
    function exitOfAnother(uint256 index, uint256 token_) external counted {
        uint32 chosen = uint32(index % books[finalNumber].length);
        refuse(address(bridge), exitOf(chosen, uint8(token_ % TOKENS), thief));
    }

    /// @notice Each entrance that is for one contract alone, by the thief.
    function trespass(uint256 which, uint256 amount) external counted {
        uint128 loot = uint128(bound(amount, 1, 1e24));
        Batch memory empty;
        if (which % 6 == 0) refuse(address(bridge), abi.encodeCall(bridge.pay, (address(0), thief, loot)));
        if (which % 6 == 1) refuse(address(bridge), abi.encodeCall(bridge.refund, (0, thief, loot)));
        if (which % 6 == 2) {
            refuse(address(bridge), abi.encodeCall(bridge.depositToken, (address(token), alice, loot)));
        }
        if (which % 6 == 3) refuse(address(inbox), abi.encodeCall(inbox.close, ()));
        if (which % 6 == 4) refuse(address(rollup), abi.encodeCall(rollup.slash, (operator, thief)));
        if (which % 6 == 5) {
            Batch memory parent = headNumber > 1 ? batches[headNumber - 1] : empty;
            refuse(address(rollup), abi.encodeCall(rollup.revertFrom, (headNumber, batches[headNumber], parent, thief)));
        }
    }

    /// @notice A batch that the sequencer may not post: messages given back, or a chain value that is not the inbox's; any after escape.
    function postInvalid(uint256 how) external counted {
        if (how % 3 == 0 && !escaped) return;
        stakeAgain();
        BatchHeader memory header = nextHeader();
        if (how % 3 == 1) {
            if (batches[headNumber].header.inboxCount == 0) return;
            header = nextHeader(batches[headNumber].header.inboxCount - 1);
        }
        if (how % 3 == 2) header.inboxAccumulator = ~header.inboxAccumulator;
        bytes memory chunks = new bytes(496);
        refuseFrom(operator, address(rollup), abi.encodeCall(rollup.submitCalldata, (operator, header, chunks)));
    }

    function refuse(address target, bytes memory input) private {
        refuseFrom(thief, target, input);
    }

    function refuseFrom(address sender, address target, bytes memory input) private {
        attempt(sender, target, 0, input, false);
        seen.refusals += 1;
    }

    /// @dev A withdrawal that the newest final state holds.
    function claimable(uint256 which) private view returns (bool, uint32) {
        uint32 count = states[finalNumber].withdrawalCount;
        return count == 0 ? (false, 0) : (true, uint32(which % count));
    }
}
