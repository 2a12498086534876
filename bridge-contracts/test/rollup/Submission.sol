// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../../contracts/interfaces/IInbox.sol";
import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {ISequencerSet} from "../../contracts/interfaces/ISequencerSet.sol";
import {BatchHeader, Batches} from "../../contracts/libraries/Batches.sol";
import {Escaping} from "../base/Escaping.sol";

/// @title What is checked of every submission, in blobs or in calldata
abstract contract Submission is Escaping {
    /// @notice Submits a header of one chunk. Its first external call is the submission.
    function submit(address sequencer, BatchHeader memory header) internal virtual;

    function testFuzz_revertsForAnotherParent(bytes32 parent) public {
        vm.assume(parent != 0);
        BatchHeader memory header = nextHeader();
        header.parent = parent;
        reverts(header, abi.encodeWithSelector(IRollup.WrongParent.selector, bytes32(0), parent));
        header.parent = 0;
        accepts(header);
        bytes32 first = Batches.headerHash(header);
        header = nextHeader();
        header.parent = 0;
        reverts(header, abi.encodeWithSelector(IRollup.WrongParent.selector, first, bytes32(0)));
        header.parent = rollup.batchHash(1);
        reverts(header, abi.encodeWithSelector(IRollup.WrongParent.selector, first, header.parent));
        header.parent = first;
        accepts(header);
    }

    function testFuzz_theTimestampMayLeadBy60Seconds(uint64 lead) public {
        BatchHeader memory header = nextHeader();
        lead = uint64(bound(lead, 61, type(uint64).max - block.timestamp));
        header.timestamp = uint64(block.timestamp) + lead;
        reverts(header, abi.encodeWithSelector(IRollup.TimestampAhead.selector, header.timestamp));
        header.timestamp = uint64(block.timestamp) + 60;
        accepts(header);
    }

    function test_revertsWhenTheInboxCountFalls() public {
        depositEth(alice, 1);
        depositEth(alice, 1);
        accepts(nextHeader());
        reverts(nextHeader(1), abi.encodeWithSelector(IRollup.InboxCountFalls.selector, 2, 1));
        accepts(nextHeader());
    }

    function testFuzz_revertsForAnotherAccumulator(bytes24 accumulator) public {
        depositEth(alice, 1);
        BatchHeader memory header = nextHeader();
        bytes24 right = header.inboxAccumulator;
        vm.assume(accumulator != right);
        header.inboxAccumulator = accumulator;
        reverts(header, abi.encodeWithSelector(IRollup.WrongAccumulator.selector, right, accumulator));
    }

    function testFuzz_revertsForMessagesThatAreNotThere(uint64 count) public {
        depositEth(alice, 1);
        BatchHeader memory header = nextHeader();
        header.inboxCount = uint64(bound(count, 2, type(uint64).max));
        reverts(header, abi.encodeWithSelector(IInbox.UnknownMessage.selector, header.inboxCount - 1));
    }

    function test_aMessageMayWaitForTheWindowAndNoLonger() public {
        uint64 sent = uint64(block.timestamp);
        depositEth(alice, 1);
        vm.warp(sent + FORCE_INCLUSION_WINDOW + 1);
        BatchHeader memory header = nextHeader(0);
        reverts(header, abi.encodeWithSelector(IRollup.MessageIgnored.selector, 0, sent));
        // The batch's clock decides, not that of L1.
        header.timestamp = sent + FORCE_INCLUSION_WINDOW;
        accepts(header);
        accepts(nextHeader(1));
    }

    function test_1024MessagesAreEnough() public {
        uint64 sent = uint64(block.timestamp);
        for (uint32 i = 0; i < 1026; ++i) {
            inbox.lock(i);
        }
        vm.warp(sent + FORCE_INCLUSION_WINDOW + 1);
        reverts(nextHeader(1023), abi.encodeWithSelector(IRollup.MessageIgnored.selector, 1023, sent));
        accepts(nextHeader(1024));
        reverts(nextHeader(1025), abi.encodeWithSelector(IRollup.MessageIgnored.selector, 1025, sent));
        accepts(nextHeader(1026));
    }

    function test_revertsForAStranger() public {
        BatchHeader memory header = nextHeader();
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.NotSequencer.selector, alice));
        vm.prank(alice);
        submit(alice, header);
    }

    function testFuzz_revertsForAPosterWithoutLeave(address caller) public {
        vm.assume(caller != operator);
        BatchHeader memory header = nextHeader();
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.NotPoster.selector, operator, caller));
        vm.prank(caller);
        submit(operator, header);
    }

    function test_aPosterPostsInTheSequencersName() public {
        vm.prank(operator);
        rollup.setPoster(alice, true);
        BatchHeader memory header = nextHeader();
        vm.prank(alice);
        submit(operator, header);
        (uint64 number,,,,) = rollup.head();
        vm.assertEq(number, 1);
    }

    function test_revertsBelowTheBond() public {
        vm.prank(disputes);
        rollup.slash(operator, bob);
        reverts(nextHeader(), abi.encodeWithSelector(ISequencerSet.BondTooSmall.selector, 0));
        vm.deal(address(this), BOND);
        rollup.depositBond{value: BOND - 1}(operator);
        reverts(nextHeader(), abi.encodeWithSelector(ISequencerSet.BondTooSmall.selector, BOND - 1));
        rollup.depositBond{value: 1}(operator);
        accepts(nextHeader());
    }

    function test_revertsOnceEscaped() public {
        escapeNow();
        reverts(nextHeader(), abi.encodeWithSelector(IRollup.InEscapeMode.selector));
    }

    function reverts(BatchHeader memory header, bytes memory reason) internal {
        (uint64 before,,,,) = rollup.head();
        vm.expectRevert(reason);
        vm.prank(operator);
        submit(operator, header);
        (uint64 number,,,,) = rollup.head();
        vm.assertEq(number, before);
    }

    function accepts(BatchHeader memory header) internal {
        (uint64 before,, uint64 submissions,,) = rollup.head();
        vm.prank(operator);
        submit(operator, header);
        (uint64 number, uint64 inboxCount, uint64 submissionsAfter, uint64 postedAt, bool escaped) = rollup.head();
        vm.assertEq(number, before + 1);
        vm.assertEq(inboxCount, header.inboxCount);
        vm.assertEq(submissionsAfter, submissions + 1);
        vm.assertEq(postedAt, block.timestamp);
        vm.assertFalse(escaped);
        vm.assertEq(rollup.headHeaderHash(), Batches.headerHash(header));
    }
}
