// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Withdrawal} from "../../contracts/libraries/States.sol";
import {Token} from "../base/Token.sol";
import {Sequencing} from "./Sequencing.sol";

/// @title A pool that advances withdrawals, of batches that fall as well
/// @dev It has nothing but what an advance takes and what claims pay it. So what it holds is the sum of its repayments.
abstract contract Pool is Sequencing {
    /// Withdrawals that were claimed.
    mapping(uint32 index => bool) internal paid;
    /// Of each token, the amounts of advanced withdrawals that were claimed.
    mapping(uint8 token => uint256) internal repaid;
    mapping(bytes32 leaf => bool) private advanced;

    /// @notice Advances a withdrawal of the newest state, whatever has become of it.
    function advance(uint256 which, uint256 fee) external counted {
        (bool any, Withdrawal memory withdrawal) = consenting(which);
        if (!any) return;
        Advance memory made = consent(withdrawal, uint128(bound(fee, 0, withdrawal.amount)));
        bytes32 leaf_ = this.leaf(withdrawal);
        bool good = !paid[withdrawal.index] && !advanced[leaf_] && takes(withdrawal.recipient, withdrawal.token, false);
        uint256 before = held(withdrawal.recipient, withdrawal.token);
        if (!attemptAdvance(made, good)) return;
        advanced[leaf_] = true;
        seen.advances += 1;
        uint256 received = held(withdrawal.recipient, withdrawal.token) - before;
        vm.assertEq(received, withdrawal.amount - made.fee, "the recipient of an advance got something else");
        vm.assertEq(bridge.advancedBy(withdrawal), pool);
    }

    /// @notice An advance for another fee than its account has signed, or of another's withdrawal.
    function advanceUnsigned(uint256 which, uint256 field) external counted {
        if (withdrawals.length == 0) return;
        Withdrawal memory withdrawal = withdrawals[which % withdrawals.length];
        if (withdrawal.account == address(payee)) return;
        Advance memory made = consent(withdrawal, withdrawal.amount / 2);
        if (withdrawal.account == signer) {
            if (field % 2 == 0) made.fee += 1;
            else made.withdrawal.recipient = thief;
        }
        if (made.fee <= withdrawal.amount) attemptAdvance(made, false);
        seen.refusals += 1;
    }

    /// @notice Whom a claim has to pay.
    function payeeOf(Withdrawal memory withdrawal) internal view returns (address) {
        return advanced[this.leaf(withdrawal)] ? pool : withdrawal.recipient;
    }

    /// @notice A claim has paid that withdrawal.
    function noteRepaid(Withdrawal memory withdrawal) internal {
        if (advanced[this.leaf(withdrawal)]) repaid[withdrawal.token] += withdrawal.amount;
    }

    /// @notice Every advance of a withdrawal that became final was repaid, once all are claimed.
    function checkRepaid() internal view {
        uint256[TOKENS] memory due;
        for (uint32 i = 0; i < states[finalNumber].withdrawalCount; ++i) {
            if (advanced[this.leaf(withdrawals[i])]) due[withdrawals[i].token] += withdrawals[i].amount;
        }
        for (uint8 id = 0; id < TOKENS; ++id) {
            vm.assertEq(repaid[id], due[id], "an advance was not repaid");
        }
    }

    /// @dev Gives the pool what it takes, and takes that away again if the advance must fail.
    function attemptAdvance(Advance memory made, bool good) private returns (bool ok) {
        uint8 id = made.withdrawal.token;
        uint128 cost = made.withdrawal.amount - made.fee;
        uint256 snapshot = vm.snapshotState();
        if (id == 0) {
            vm.deal(pool, pool.balance + cost);
        } else {
            Token(tokenAt(id)).mint(pool, cost);
            vm.prank(pool);
            Token(tokenAt(id)).approve(address(bridge), cost);
        }
        bytes memory input = abi.encodeCall(bridge.advance, (made.withdrawal, made.fee, made.deadline, made.signature));
        payee.setCall(address(bridge), input);
        ok = attempt(pool, address(bridge), id == 0 ? cost : 0, input, good);
        if (!ok) vm.assertTrue(vm.revertToState(snapshot));
    }

    /// @dev A withdrawal, from that place on, whose account can consent; mostly one that can still be advanced.
    function consenting(uint256 which) private view returns (bool, Withdrawal memory withdrawal) {
        uint256 count = withdrawals.length;
        for (uint256 i = 0; i < 2 * count; ++i) {
            withdrawal = withdrawals[(which % count + i) % count];
            if (withdrawal.account != signer && withdrawal.account != address(payee)) continue;
            bool isOpen = !paid[withdrawal.index] && !advanced[this.leaf(withdrawal)];
            if (isOpen || i >= count || which % 8 == 0) return (true, withdrawal);
        }
        return (false, withdrawal);
    }
}
