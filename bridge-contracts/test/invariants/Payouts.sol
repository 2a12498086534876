// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Account, Withdrawal} from "../../contracts/libraries/States.sol";
import {Tree} from "../base/Tree.sol";
import {Payee} from "./Payees.sol";
import {Pool} from "./Pool.sol";

/// @title The three ways out of custody, each with what must come of it
/// @dev A payment counts when its recipient has it, whatever the bridge says.
abstract contract Payouts is Pool {
    uint256 private constant CLAIMED_AT_ONCE_MAX = 6;

    mapping(uint8 token => uint256) internal paidOut;
    /// Withdrawals up to the highest paid one.
    uint32 internal paidEnd;
    mapping(uint32 account => mapping(uint8 token => bool)) internal left;
    mapping(uint64 message => bool) internal refunded;

    /// @notice Claims some withdrawals of a standing batch, mostly of the newest final one, paid ones among them.
    function claim(uint256 number, uint256 picks) external counted {
        if (headNumber == 0) return;
        uint64 chosen = number % 4 == 0 || finalNumber == 0 ? uint64(bound(number, 1, headNumber)) : finalNumber;
        uint32 count = states[chosen].withdrawalCount;
        if (count > 0) claimAll(chosen, pick(picks, count));
    }

    /// @notice Claims what a final batch holds and was not paid, as a service for users would.
    function claimUnpaid(uint256 first) external counted {
        claimUnpaidFrom(first);
    }

    function exit(uint256 index, uint256 token_, bool byOwner, uint256 to) external counted {
        Account[] storage book = books[finalNumber];
        exitAs(uint32(index % book.length), uint8(token_ % TOKENS), byOwner, actor(to));
    }

    function refund(uint256 index, uint256 change) external counted {
        // Mostly a message that final batches have not consumed, or the last that they have.
        uint256 first = index % 4 == 0 ? 0 : batches[finalNumber].header.inboxCount - 1;
        takeBack(uint64(bound(index, first, messages.length - 1)), change % 4 == 0 ? uint128(change % 3) : 0);
    }

    function claimUnpaidFrom(uint256 first) internal {
        uint32 count = states[finalNumber].withdrawalCount;
        uint256[] memory unpaid = new uint256[](count);
        uint256 length = 0;
        for (uint256 i = count == 0 ? 0 : first % count; i < count && length < CLAIMED_AT_ONCE_MAX; ++i) {
            if (!paid[uint32(i)]) unpaid[length++] = i;
        }
        if (length > 0) claimAll(finalNumber, shortened(unpaid, length));
    }

    function claimAll(uint64 number, uint256[] memory indices) internal {
        Withdrawal[] memory chosen = new Withdrawal[](indices.length);
        for (uint256 i = 0; i < indices.length; ++i) {
            chosen[i] = withdrawals[indices[i]];
        }
        bytes memory input = claimOf(number, chosen, indices);
        if (payee.mode() == Payee.Mode.Reenters) payee.setCall(address(bridge), input);
        bool good = number <= finalNumber || canBeFinal(number);
        uint256[TOKENS] memory due = good ? settle(chosen) : [uint256(0), 0, 0];
        bool any = due[0] + due[1] + due[2] > 0;

        uint256[TOKENS] memory before = holdings();
        if (attempt(bob, address(bridge), 0, input, any) && number > finalNumber) noteFinal(number);
        checkPaid(before, due);
    }

    function exitAs(uint32 index, uint8 id, bool byOwner, address to) internal {
        Account[] storage book = books[finalNumber];
        address owner = book[index].owner;
        address recipient = byOwner ? to : owner;
        uint128 amount = balance(book[index], id);
        bool good = settled() && finalNumber > 0 && amount > 0 && !left[index][id] && takes(recipient, id, false);
        uint256[TOKENS] memory due;
        if (good) due[id] = amount;

        uint256[TOKENS] memory before = holdings();
        bytes memory input = exitOf(index, id, recipient);
        if (payee.mode() == Payee.Mode.Reenters) payee.setCall(address(bridge), input);
        if (attempt(byOwner ? owner : bob, address(bridge), 0, input, good)) {
            left[index][id] = true;
            seen.exits += 1;
        }
        checkPaid(before, due);
    }

    /// @notice Asks for a deposit back, with `change` added to its amount.
    function takeBack(uint64 index, uint128 change) internal {
        Message storage message = messages[index];
        bool good = settled() && index >= batches[finalNumber].header.inboxCount && message.kind == Kind.Deposit
            && change == 0 && !refunded[index] && takes(message.owner, message.token, false);
        uint256[TOKENS] memory due;
        if (good) due[message.token] = message.amount;

        uint256[TOKENS] memory before = holdings();
        bytes memory input = abi.encodeCall(
            inbox.refund, (index, message.owner, message.token, message.amount + change, message.locked)
        );
        if (payee.mode() == Payee.Mode.Reenters) payee.setCall(address(inbox), input);
        if (attempt(bob, address(inbox), 0, input, good)) {
            refunded[index] = true;
            seen.refunds += 1;
        }
        checkPaid(before, due);
    }

    /// @notice Whether the rollup has escaped and nothing is pending.
    function settled() internal view returns (bool) {
        return escaped && headNumber == finalNumber;
    }

    function claimOf(uint64 number, Withdrawal[] memory chosen, uint256[] memory indices)
        internal
        view
        returns (bytes memory)
    {
        bytes32[] memory siblings = Tree.siblings(leavesBefore(states[number].withdrawalCount), indices);
        return abi.encodeCall(bridge.claim, (number, batches[number], states[number], chosen, siblings));
    }

    function exitOf(uint32 index, uint8 id, address recipient) internal view returns (bytes memory) {
        Account[] storage book = books[finalNumber];
        bytes32[] memory leaves = new bytes32[](book.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = this.leaf(book[i]);
        }
        uint8[] memory ids = new uint8[](1);
        ids[0] = id;
        bytes32[] memory siblings = Tree.siblings(leaves, index);
        return
            abi.encodeCall(
                bridge.exit, (batches[finalNumber], states[finalNumber], book[index], siblings, ids, recipient)
            );
    }

    function leavesBefore(uint32 count) internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = this.leaf(withdrawals[i]);
        }
    }

    /// @dev Marks what a good claim pays as paid; the sums are what recipients must have more after it.
    function settle(Withdrawal[] memory chosen) private returns (uint256[TOKENS] memory due) {
        for (uint256 i = 0; i < chosen.length; ++i) {
            Withdrawal memory withdrawal = chosen[i];
            if (paid[withdrawal.index]) {
                seen.repeated += 1;
            } else if (!takes(payeeOf(withdrawal), withdrawal.token, true)) {
                seen.failed += 1;
            } else {
                paid[withdrawal.index] = true;
                seen.paid += 1;
                noteRepaid(withdrawal);
                due[withdrawal.token] += withdrawal.amount;
                if (withdrawal.index >= paidEnd) paidEnd = withdrawal.index + 1;
            }
        }
    }

    function checkPaid(uint256[TOKENS] memory before, uint256[TOKENS] memory due) private {
        uint256[TOKENS] memory now_ = holdings();
        for (uint8 id = 0; id < TOKENS; ++id) {
            vm.assertEq(now_[id] - before[id], due[id], "recipients got something else than they were due");
            paidOut[id] += due[id];
        }
    }

    function holdings() private view returns (uint256[TOKENS] memory sums) {
        for (uint8 id = 0; id < TOKENS; ++id) {
            for (uint256 i = 0; i < actors.length; ++i) {
                sums[id] += held(actors[i], id);
            }
            sums[id] += held(pool, id);
        }
    }

    /// @dev A few of the indices below `count`, ascending, at least one.
    function pick(uint256 picks, uint32 count) private pure returns (uint256[] memory) {
        uint256[] memory picked = new uint256[](CLAIMED_AT_ONCE_MAX);
        uint256 length = 0;
        uint256 from = picks % count;
        for (uint256 i = from; i < count && length < CLAIMED_AT_ONCE_MAX; ++i) {
            if (i == from || picks >> (8 + i % 240) & 1 == 1) picked[length++] = i;
        }
        return shortened(picked, length);
    }

    function shortened(uint256[] memory list, uint256 length) private pure returns (uint256[] memory some) {
        some = new uint256[](length);
        for (uint256 i = 0; i < length; ++i) {
            some[i] = list[i];
        }
    }
}
