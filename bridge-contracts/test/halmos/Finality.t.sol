// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Rollup} from "../../contracts/Rollup.sol";
import {Batch} from "../../contracts/libraries/Batches.sol";
import {Deployed} from "./Deployed.sol";

/// @title A batch is final after its window, with no challenge open, and for good
/// @dev `index` is any batch, and so stands for each. Blob submissions are left out, because halmos has no BLOBHASH; they differ from calldata in
/// the commitment alone.
contract Finality is Deployed {
    /// The newest final batch in `check_window`, and the most that become final at once there: a loop's bound.
    uint64 private constant FINAL = 5;
    uint64 private constant BATCHES_MAX = 3;
    /// Where the rollup keeps its finality.
    bytes32 private constant FINALITY_SLOT = bytes32(uint256(5));

    /// @dev Batch 5 is final. Which one is next, and the last that may be challenged, are each of a few numbers, because solvers disagree
    /// about the product in `Math.min` of unknown ones. All else is unknown: hashes, challenges, the batch and the time.
    /// @custom:halmos --loop 32
    function check_window(uint8 choice, Batch calldata batch, uint64 index, bool byStateRoot) external {
        (uint64 number, uint64 last) = chosen(choice);
        uint256 rest = svm.createUint(64, "inboxCount") << 64 | svm.createUint(64, "forks") << 192;
        vm.store(address(rollup), FINALITY_SLOT, bytes32(rest | uint256(last) << 128 | FINAL));
        assert(lastChallenged() == last);
        vm.assume(!challenged(index) || index <= last);
        if (byStateRoot) {
            assert(rollup.finalStateRoot(number, batch) == batch.header.stateRoot);
        } else {
            rollup.finalize(number, batch);
        }
        (uint64 later,) = rollup.finality();
        assert(later == number);
        assert(block.timestamp >= uint256(batch.postedAt) + CHALLENGE_WINDOW);
        assert(index <= FINAL || index > number || !challenged(index));
    }

    /// @dev What `check_window` assumes of a pending batch holds after every call if it did before. For a new batch it is the hash that
    /// does it: the submission id in it is new, so nobody has challenged it.
    function check_challengesAreFound(address caller, uint64 index) external {
        bytes memory input = svm.createCalldata("Rollup");
        vm.assume(bytes4(input) != Rollup.submitBlobs.selector && bytes4(input) != Rollup.submitCalldata.selector);
        vm.assume(!pending(index) || !challenged(index) || index <= lastChallenged());
        // Hashes of two batches differ, for the same reason.
        uint64 named = uint64(wordAt(input, 0));
        vm.assume(named == index || rollup.batchHash(named) != rollup.batchHash(index));
        vm.prank(caller);
        (bool ok,) = address(rollup).call{value: anyValue()}(input);
        assert(!ok || !pending(index) || !challenged(index) || index <= lastChallenged());
    }

    /// @dev The head falls by a revert alone and never below what is final; what is final stays, and grows by the two calls of `check_window`.
    function check_pointers(address caller) external {
        bytes memory input = svm.createCalldata("Rollup");
        bytes4 selector = bytes4(input);
        vm.assume(selector != Rollup.submitBlobs.selector);
        (uint64 head,,,,) = rollup.head();
        (uint64 last,) = rollup.finality();
        vm.assume(last <= head);
        vm.prank(caller);
        (bool ok,) = address(rollup).call{value: anyValue()}(input);
        if (!ok) return;
        (uint64 laterHead,,,,) = rollup.head();
        (uint64 laterLast,) = rollup.finality();
        assert(laterLast <= laterHead);
        assert(laterHead >= head || selector == Rollup.revertFrom.selector);
        assert(laterLast >= last);
        assert(laterLast == last || selector == Rollup.finalize.selector || selector == Rollup.finalStateRoot.selector);
    }

    /// @dev A number above `FINAL`, and one from it to beyond the first: every pair of them that makes a difference.
    function chosen(uint8 choice) private pure returns (uint64, uint64) {
        for (uint64 number = 1; number <= BATCHES_MAX; ++number) {
            for (uint64 last = 0; last <= BATCHES_MAX + 1; ++last) {
                // Compared with each, so that halmos goes on with a number instead of a name.
                if (choice == number * 8 + last) return (FINAL + number, FINAL + last);
            }
        }
        vm.assume(false);
        return (0, 0);
    }

    function pending(uint64 index) private view returns (bool) {
        (uint64 head,,,,) = rollup.head();
        (uint64 last,) = rollup.finality();
        return last < index && index <= head;
    }

    function challenged(uint64 index) private view returns (bool) {
        return rollup.openChallenges(rollup.batchHash(index)) != 0;
    }

    /// @dev It has no getter. The number beside it shows that the slot is right.
    function lastChallenged() private view returns (uint64) {
        uint256 word = uint256(vm.load(address(rollup), FINALITY_SLOT));
        (uint64 number,) = rollup.finality();
        assert(number == uint64(word));
        return uint64(word >> 128);
    }
}
