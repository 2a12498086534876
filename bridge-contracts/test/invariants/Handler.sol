// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Attacks} from "./Attacks.sol";
import {Payee} from "./Payees.sol";

/// @title All that can happen, and what must hold after it
/// @dev The books are the handler's own: it asks the contracts only for what it compares with them.
contract Handler is Attacks {
    uint128 private constant FIRST_DEPOSIT = 1_000_000;

    /// @dev Every run begins in the middle: funds on L2, withdrawals that are final and not claimed, messages that wait.
    function setUp() public virtual override {
        super.setUp();
        everyoneDeposits();
        postAndKeep(messages.length);
        for (uint32 i = 0; i < accounts.length; ++i) {
            for (uint8 id = 0; id < TOKENS; ++id) {
                withdrawSigned(i, id, FIRST_DEPOSIT / (i + 2), actor(i + id));
            }
        }
        postAndKeep(0);
        wait(CHALLENGE_WINDOW);
        rollup.finalize(headNumber, batches[headNumber]);
        noteFinal(headNumber);
        everyoneDeposits();
    }

    /// @notice Custody is, to the last unit, what the rollup owes: deposits that it has not consumed, balances on L2 and withdrawals not paid.
    /// Under the newest standing state that is honest, and under the newest final one.
    function checkCustody() external view {
        uint64 newest = wrongFrom == 0 ? headNumber : wrongFrom - 1;
        for (uint8 id = 0; id < TOKENS; ++id) {
            uint256 custody = bridge.custody(tokenAt(id));
            vm.assertEq(custody, owed(newest, id), "custody and what the newest state owes");
            vm.assertEq(custody, owed(finalNumber, id), "custody and what the final state owes");
            vm.assertEq(held(address(bridge), id), custody + donated[id], "what the bridge holds and its custody");
            vm.assertEq(deposited[id], custody + paidOut[id], "deposits, and custody and payments");
            vm.assertEq(held(thief, id), 0, "the thief has something");
            vm.assertEq(held(pool, id), repaid[id], "what the pool has and the amounts that it is due");
        }
    }

    /// @notice Each withdrawal is marked if it was paid, and only final ones were.
    function checkClaims() external view {
        vm.assertLe(paidEnd, states[finalNumber].withdrawalCount, "a withdrawal was paid that is not final");
        for (uint32 i = 0; i < withdrawals.length; ++i) {
            vm.assertEq(bridge.claimed(i), paid[i], "claimed and paid");
        }
    }

    /// @notice The head is the newest standing batch and the inbox pointer what it consumed; the same of the final one.
    function checkPointers() external view {
        (uint64 number, uint64 inboxCount,,, bool escaped_) = rollup.head();
        vm.assertEq(number, headNumber, "the head");
        vm.assertEq(inboxCount, batches[headNumber].header.inboxCount, "the head's inbox pointer");
        vm.assertEq(escaped_, escaped, "escape mode");
        vm.assertEq(inbox.closed(), escaped, "the inbox closes on escape");
        (number, inboxCount) = rollup.finality();
        vm.assertEq(number, finalNumber, "the final batch");
        vm.assertEq(inboxCount, batches[finalNumber].header.inboxCount, "the final inbox pointer");
        vm.assertEq(inbox.count(), messages.length, "messages");
    }

    /// @notice What is final was open to challenge for the whole window, and is not wrong.
    function checkFinality() external view {
        vm.assertLe(finalNumber, headNumber, "a fallen batch is final");
        vm.assertTrue(wrongFrom == 0 || wrongFrom > finalNumber, "a wrong batch is final");
        if (finalNumber == 0) return;
        vm.assertLe(
            batches[finalNumber].postedAt + CHALLENGE_WINDOW, block.timestamp, "the window of a final batch is open"
        );
    }

    /// @notice The rollup holds the bond and the rewards, and nothing else.
    function checkBonds() external view {
        (uint96 staked,,) = rollup.sequencer(operator);
        vm.assertEq(staked, bond, "the bond");
        vm.assertEq(rollup.reward(prover), rewards, "the rewards");
        vm.assertEq(address(rollup).balance, bond + rewards, "what the rollup holds");
    }

    /// @notice Ends the run as the trust model promises: everyone leaves with what is theirs, and nothing remains.
    function windDown() external {
        makePeace();
        wait(CHALLENGE_WINDOW);
        if (headNumber > finalNumber) {
            rollup.finalize(headNumber, batches[headNumber]);
            noteFinal(headNumber);
        }
        if (!escaped) {
            rollup.escape();
            escaped = true;
        }
        everyoneLeaves();
        checkRepaid();
        for (uint8 id = 0; id < TOKENS; ++id) {
            vm.assertEq(bridge.custody(tokenAt(id)), 0, "custody after all have left");
            vm.assertEq(held(address(bridge), id), donated[id], "what the bridge holds after all have left");
        }
    }

    /// @notice That a long run was more than early returns.
    function checkDepth() external view {
        if (seen.calls < 500) return;
        vm.assertTrue(seen.posts > 0, "no batch in the whole run");
        vm.assertTrue(seen.paid + seen.failed > 0, "no withdrawal paid in the whole run");
        vm.assertTrue(seen.refusals > 0, "no attack in the whole run");
    }

    function counts() external view returns (Seen memory) {
        return seen;
    }

    /// @dev Of a token: what the state after a batch owes, and what was sent and it has not consumed.
    function owed(uint64 number, uint8 id) private view returns (uint256 sum) {
        sum = supply(number, id);
        for (uint32 i = 0; i < books[number].length; ++i) {
            if (left[i][id]) sum -= balance(books[number][i], id);
        }
        for (uint32 i = 0; i < states[number].withdrawalCount; ++i) {
            if (withdrawals[i].token == id && !paid[i]) sum += withdrawals[i].amount;
        }
        for (uint64 i = batches[number].header.inboxCount; i < messages.length; ++i) {
            if (messages[i].kind == Kind.Deposit && messages[i].token == id && !refunded[i]) sum += messages[i].amount;
        }
    }

    function everyoneDeposits() private {
        for (uint256 i = 0; i < actors.length; ++i) {
            for (uint8 id = 0; id < TOKENS; ++id) {
                send(actors[i], actors[i], id, FIRST_DEPOSIT, false);
            }
        }
    }

    /// @dev Challenges are answered, what is wrong falls, everyone takes payments; and a message waits, so that escape is possible.
    function makePeace() private {
        while (challenges.length > 0) close(0);
        if (wrongFrom != 0) fell(wrongFrom);
        payee.setMode(Payee.Mode.Takes);
        for (uint256 i = 0; i < actors.length; ++i) {
            blocking.setBlocked(actors[i], false);
        }
        if (!escaped) send(alice, alice, 0, 1, false);
    }

    function everyoneLeaves() private {
        uint32 count = states[finalNumber].withdrawalCount;
        for (uint32 i = 0; i < count; ++i) {
            claimUnpaidFrom(i);
        }
        for (uint32 i = 0; i < books[finalNumber].length; ++i) {
            for (uint8 id = 0; id < TOKENS; ++id) {
                exitAs(i, id, false, address(0));
            }
        }
        for (uint64 i = 0; i < messages.length; ++i) {
            takeBack(i, 0);
        }
    }
}
