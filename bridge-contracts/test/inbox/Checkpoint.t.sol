// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../../contracts/interfaces/IInbox.sol";
import {Messages} from "../../contracts/libraries/Messages.sol";
import {System} from "../base/System.sol";

contract CheckpointTest is System {
    function test_anEmptyInboxIsAtZero() public view {
        (bytes24 accumulator, uint64 next) = inbox.checkpoint(0);
        vm.assertEq(bytes32(accumulator), bytes32(0));
        vm.assertEq(next, 0);
        vm.assertEq(inbox.count(), 0);
        vm.assertFalse(inbox.closed());
        vm.assertFalse(inbox.refunded(0));
    }

    function test_namesTheContractsItWorksFor() public view {
        vm.assertEq(inbox.bridge(), address(bridge));
        vm.assertEq(inbox.rollup(), address(rollup));
    }

    function testFuzz_everyPlaceHasItsValueAndTheTimeOfTheNext(uint8 messages, uint8 place) public {
        messages = uint8(bound(messages, 1, 40));
        place = uint8(bound(place, 0, messages));
        uint256 start = block.timestamp;
        bytes24 expected = 0;
        for (uint32 i = 0; i < messages; ++i) {
            vm.warp(start + i);
            vm.prank(alice);
            inbox.lock(i);
            if (i < place) expected = Messages.accumulate(expected, Messages.lock(alice, i));
        }

        (bytes24 accumulator, uint64 next) = inbox.checkpoint(place);
        vm.assertEq(bytes32(accumulator), bytes32(expected));
        vm.assertEq(next, place == messages ? 0 : start + place);
    }

    function testFuzz_revertsBeyondTheLastMessage(uint8 messages, uint64 place) public {
        messages = uint8(bound(messages, 0, 20));
        place = uint64(bound(place, uint256(messages) + 1, type(uint64).max));
        for (uint32 i = 0; i < messages; ++i) {
            inbox.lock(i);
        }
        vm.expectRevert(abi.encodeWithSelector(IInbox.UnknownMessage.selector, place - 1));
        inbox.checkpoint(place);
    }
}
