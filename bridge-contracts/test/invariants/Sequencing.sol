// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../../contracts/libraries/Batches.sol";
import {State} from "../../contracts/libraries/States.sol";
import {Users} from "./Users.sol";

/// @title Batches: honest, wrong, felled, challenged, final; and the switch to escape mode
/// @dev The trust model's honest party is here too: a wrong batch falls before its window ends.
abstract contract Sequencing is Users {
    uint64 private constant REVERT_GRACE = 1 days;
    /// Calls in a run before it may escape, so that there is something to leave.
    uint256 private constant CALLS_BEFORE_ESCAPE = 250;
    uint256 private constant OPEN_CHALLENGES_MAX = 2;

    address internal immutable thief = account("thief");
    address internal immutable prover = account("prover");

    /// What the rollup should say of itself.
    uint64 internal headNumber;
    uint64 internal finalNumber;
    bool internal escaped;
    uint256 internal bond = BOND;
    uint256 internal rewards;
    uint64 private graceUntil;
    uint64 private deployedAt;
    /// The oldest standing batch that is wrong, or built on one that is; or zero.
    uint64 internal wrongFrom;
    /// The last batch that fell, as it was.
    Batch internal fallen;
    State internal fallenState;
    uint64 internal fallenNumber;
    /// Hashes of challenged batches, once a challenge.
    bytes32[] internal challenges;

    function setUp() public virtual override {
        super.setUp();
        deployedAt = uint64(block.timestamp);
    }

    function postHonest(uint256 count) external counted {
        if (escaped) return;
        postAndKeep(count);
        seen.posts += 1;
    }

    /// @notice Posts a state that gives the thief what is not its own.
    function postWrong(uint256 how, uint256 amount, uint256 count) external counted {
        if (escaped || wrongFrom != 0) return;
        uint8 id = uint8(how % TOKENS);
        uint128 loot = uint128(bound(amount, 1, uint256(bridge.custody(tokenAt(id))) + 1));
        if (how / TOKENS % 3 == 0) {
            setBalance(accountOf(thief), id, loot);
        } else if (how / TOKENS % 3 == 1) {
            withdraw(accounts[0].owner, thief, id, loot);
        } else {
            accounts[how % accounts.length].owner = thief;
        }
        wrongFrom = headNumber + 1;
        postAndKeep(count);
        seen.wrongPosts += 1;
    }

    function revertWrong() external counted {
        if (wrongFrom != 0) fell(wrongFrom);
    }

    /// @notice Fells any pending batch: one can be wrong in ways that no balance shows.
    function revertAny(uint256 number) external counted {
        if (headNumber > finalNumber) fell(uint64(bound(number, finalNumber + 1, headNumber)));
    }

    function finalize(uint256 number) external counted {
        // One more than is pending on either side: those must revert.
        uint64 chosen = uint64(bound(number, finalNumber, uint256(headNumber) + 1));
        if (number % 2 == 0) while (chosen > finalNumber + 1 && !canBeFinal(chosen)) --chosen;
        bytes memory input = abi.encodeCall(rollup.finalize, (chosen, batches[chosen]));
        if (attempt(alice, address(rollup), 0, input, canBeFinal(chosen))) noteFinal(chosen);
    }

    function openChallenge(uint256 number) external counted {
        if (headNumber == finalNumber || challenges.length >= OPEN_CHALLENGES_MAX) return;
        uint64 chosen = uint64(bound(number, finalNumber + 1, headNumber));
        bytes memory input = abi.encodeCall(rollup.openChallenge, (chosen, batches[chosen]));
        bool open = block.timestamp < batches[chosen].postedAt + CHALLENGE_WINDOW;
        if (!attempt(disputes, address(rollup), 0, input, open)) return;
        challenges.push(rollup.batchHash(chosen));
        seen.challenges += 1;
    }

    function closeChallenge(uint256 which) external counted {
        if (challenges.length > 0) close(which % challenges.length);
    }

    /// @notice Slashes the sequencer for something that fells no batch.
    function slash() external counted {
        vm.prank(disputes);
        rollup.slash(operator, prover);
        noteSlash();
    }

    function withdrawReward() external counted {
        bytes memory input = abi.encodeCall(rollup.withdrawReward, (payable(prover)));
        if (attempt(prover, address(rollup), 0, input, rewards > 0)) rewards = 0;
    }

    function passTime(uint256 time) external counted {
        wait(bound(time, 12 hours, 4 days));
    }

    function escape() external counted {
        bool may = mayEscape();
        if (may && seen.calls < CALLS_BEFORE_ESCAPE) return;
        if (!attempt(bob, address(rollup), 0, abi.encodeCall(rollup.escape, ()), may)) return;
        escaped = true;
        seen.escapes += 1;
    }

    function escapeStalled() external counted {
        bool may = mayEscapeStalled();
        if (may && seen.calls < CALLS_BEFORE_ESCAPE) return;
        Batch storage oldest = batches[headNumber == finalNumber ? 0 : finalNumber + 1];
        if (!attempt(bob, address(rollup), 0, abi.encodeCall(rollup.escapeStalled, (oldest)), may)) return;
        escaped = true;
        seen.stalls += 1;
    }

    /// @notice Posts the newest state. Consumes as many of the waiting messages as `count` says, and all that have waited too long.
    function postAndKeep(uint256 count) internal {
        stakeAgain();
        consumeTo(uint64(bound(count, overdue(), messages.length)));
        headNumber = post(nextHeader(consumed));
        keepBook(headNumber);
    }

    /// @notice Makes the bond whole after a slash.
    function stakeAgain() internal {
        if (bond >= BOND) return;
        stake(operator);
        bond += BOND;
    }

    /// @notice Lets time pass, but not the window of a wrong batch.
    function wait(uint256 time) internal {
        uint256 then = block.timestamp + time;
        if (wrongFrom != 0 && then >= batches[wrongFrom].postedAt + CHALLENGE_WINDOW) fell(wrongFrom);
        vm.warp(then);
    }

    function fell(uint64 number) internal {
        fallen = batches[number];
        fallenState = states[number];
        fallenNumber = number;
        vm.prank(disputes);
        rollup.revertFrom(number, batches[number], batches[number - 1], prover);
        headNumber = number - 1;
        if (wrongFrom >= number) wrongFrom = 0;
        graceUntil = uint64(block.timestamp) + REVERT_GRACE;
        restoreBook(headNumber);
        noteSlash();
        seen.reverts += 1;
    }

    function close(uint256 which) internal {
        vm.prank(disputes);
        rollup.closeChallenge(challenges[which]);
        challenges[which] = challenges[challenges.length - 1];
        challenges.pop();
    }

    function noteFinal(uint64 number) internal {
        finalNumber = number;
        seen.finals += 1;
    }

    /// @notice Whether a batch is pending, and it and those before it can be final now.
    function canBeFinal(uint64 number) internal view returns (bool) {
        if (number <= finalNumber || number > headNumber) return false;
        if (block.timestamp < batches[number].postedAt + CHALLENGE_WINDOW) return false;
        for (uint64 i = finalNumber + 1; i <= number; ++i) {
            if (challenged(i)) return false;
        }
        return true;
    }

    function mayEscape() internal view returns (bool) {
        if (escaped) return false;
        uint64 used = batches[headNumber].header.inboxCount;
        if (used == messages.length) return false;
        uint64 quietSince = headNumber == 0 ? deployedAt : batches[headNumber].postedAt;
        uint64 sentAt = messages[used].sentAt;
        bool ignored = block.timestamp >= sentAt + ESCAPE_DELAY;
        bool quiet = block.timestamp >= quietSince + ESCAPE_DELAY && block.timestamp >= sentAt + FORCE_INCLUSION_WINDOW;
        bool grace = block.timestamp < graceUntil
            && block.timestamp < sentAt + ESCAPE_DELAY + CHALLENGE_WINDOW + RESPONSE_WINDOW + 2 days;
        return (quiet || ignored) && !grace;
    }

    function mayEscapeStalled() internal view returns (bool) {
        if (escaped) return false;
        uint64 used = batches[finalNumber].header.inboxCount;
        if (used == messages.length || block.timestamp < messages[used].sentAt + MAX_STALL) return false;
        return headNumber == finalNumber || !canBeFinal(finalNumber + 1);
    }

    /// @dev Messages that a batch posted now must have consumed.
    function overdue() private view returns (uint64 count) {
        count = consumed;
        while (count < messages.length && messages[count].sentAt + FORCE_INCLUSION_WINDOW < block.timestamp) ++count;
    }

    function challenged(uint64 number) private view returns (bool) {
        bytes32 hash = rollup.batchHash(number);
        for (uint256 i = 0; i < challenges.length; ++i) {
            if (challenges[i] == hash) return true;
        }
        return false;
    }

    /// @dev Half is burnt, half is the prover's.
    function noteSlash() private {
        rewards += bond / 2;
        bond = 0;
    }
}
